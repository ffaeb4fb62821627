-- Question: how do runs develop: inputs, listeners, lists?
-- Grain:    one row per run that passed its checks
-- Units:    events, listeners, cold, lists, short, rows, tracks_listed as counts; new_to_listener: share 0-1 of the rows of list
--           balanced by artists never played. Other numbers of a run are in runs.metrics, by name
-- Order:    as_of, created_at, run
with listed as (
    select run, count(*) as rows, count(distinct track_id) as tracks_listed
    from history
    group by run
)
select
    r.run,
    r.as_of,
    r.metrics['events']::bigint as events,
    r.metrics['listeners']::bigint as listeners,
    r.metrics['cold listeners']::bigint as cold,
    r.metrics['lists']::bigint as lists,
    r.metrics['lists shorter than asked for']::bigint as short,
    l.rows,
    l.tracks_listed,
    round(r.metrics['rows by artists the listener never played, balanced'], 4) as new_to_listener
from runs r
left join listed l on r.run = l.run
where r.status = 'passed'
order by r.as_of, r.created_at, r.run;
