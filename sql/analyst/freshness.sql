-- Question: how old is what the lists rest on?
-- Grain:    one row per run
-- Units:    as_of, created_at, newest_event in UTC; days_behind: days from the newest event up to as_of to as_of
-- Order:    as_of downwards, created_at downwards, run
select
    r.run,
    r.status,
    r.as_of,
    r.created_at,
    max(e.occurred_at) as newest_event,
    round(date_diff('second', max(e.occurred_at), r.as_of) / 86400, 2) as days_behind,
    count(e.occurred_at) as events
from runs r
left join input_events e on e.occurred_at <= r.as_of
group by r.run, r.status, r.as_of, r.created_at
order by r.as_of desc, r.created_at desc, r.run;
