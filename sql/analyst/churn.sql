-- Question: how much did the lists change since the run before? (Nothing when there is only one run.)
-- Grain:    one row per list
-- Units:    kept, entered, left_list in rows; churn: share 0-1 of the newer rows that were not in the list before
-- Order:    list
with newest as (
    select run, row_number() over (order by as_of desc, created_at desc, run desc) as age
    from runs
    where status = 'passed'
),
pairs as (
    select h.user_id, h.list, h.track_id, bool_or(n.age = 1) as now, bool_or(n.age = 2) as before
    from history h
    join newest n on h.run = n.run
    where n.age <= 2 and (select count(*) from newest) > 1
    group by h.user_id, h.list, h.track_id
)
select
    list,
    count(*) filter (now and before) as kept,
    count(*) filter (now and not before) as entered,
    count(*) filter (before and not now) as left_list,
    round(count(*) filter (now and not before) / nullif(count(*) filter (now), 0), 4) as churn
from pairs
group by list
order by list;
