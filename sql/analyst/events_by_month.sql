-- Question: how much is listened to, and how many listeners are active?
-- Grain:    one row per month of the dated events ingested (UTC)
-- Units:    events; listeners: with an event in it; new_listeners: with their first event in it; plays, skips, likes in events
-- Order:    month
with firsts as (
    select user_id, min(occurred_at) as first_at from input_events group by user_id
)
select
    strftime(date_trunc('month', e.occurred_at), '%Y-%m') as month,
    count(*) as events,
    count(distinct e.user_id) as listeners,
    count(distinct e.user_id) filter (date_trunc('month', e.occurred_at) = date_trunc('month', f.first_at)) as new_listeners,
    count(*) filter (e.type = 'play') as plays,
    count(*) filter (e.type = 'skip') as skips,
    count(*) filter (e.type in ('like', 'save')) as likes
from input_events e
join firsts f on e.user_id = f.user_id
where e.occurred_at is not null
group by month
order by month;
