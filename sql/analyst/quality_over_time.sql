-- Question: do the lists get better or worse? (Nothing before a run is judged by the next one.)
-- Grain:    one row per judged run, list and metric, over all listeners
-- Units:    value as the metric, low and high: its 95 % interval; change: value minus that of the run judged before
-- Order:    list, metric, judged_at, run
select
    list,
    metric,
    run,
    judged_at,
    listeners,
    round(value, 4) as value,
    round(low, 4) as low,
    round(high, 4) as high,
    round(value - lag(value) over (partition by list, metric order by judged_at, run), 4) as change
from quality
where "group" = 'all'
order by list, metric, judged_at, run;
