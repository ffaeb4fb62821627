-- Question: which tracks are in many more listeners' lists than in the run before? (Nothing when there is only one run.)
-- Grain:    one row per track, the 50 greatest gains
-- Units:    before, now, gain in listeners
-- Order:    gain downwards, track_id
with newest as (
    select run, row_number() over (order by as_of desc, created_at desc, run desc) as age
    from runs
    where status = 'passed'
),
counted as (
    select h.track_id, n.age, count(distinct h.user_id) as listeners
    from history h
    join newest n on h.run = n.run
    where n.age <= 2 and (select count(*) from newest) > 1
    group by h.track_id, n.age
),
compared as (
    select
        track_id,
        coalesce(sum(listeners) filter (age = 2), 0)::bigint as before,
        coalesce(sum(listeners) filter (age = 1), 0)::bigint as now
    from counted
    group by track_id
)
select c.track_id, t.title, t.artist, c.before, c.now, c.now - c.before as gain
from compared c
left join tracks t on c.track_id = t.id
where c.now > c.before
order by gain desc, c.track_id
limit 50;
