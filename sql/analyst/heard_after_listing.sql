-- Question: was what we recommended played afterwards? (Nothing when there is only one run, or nothing came since.)
-- Grain:    one row per earlier run and list
-- Units:    rows; heard: rows whose listener played, liked or saved the track after that run's moment and before this run's;
--           heard_share 0-1; rank_heard: mean rank of these
-- Order:    as_of, run, list
with this as (
    select max(as_of) as moment from runs where status = 'passed'
),
heard as (
    select h.run, h.user_id, h.list, h.rank
    from history h
    join runs r on h.run = r.run and r.status = 'passed'
    cross join this
    where exists (
        select 1
        from input_events e
        where e.user_id = h.user_id and e.track_id = h.track_id and e.type in ('play', 'like', 'save')
            and e.occurred_at >= r.as_of and e.occurred_at < this.moment
    )
)
select
    r.run,
    r.as_of,
    h.list,
    count(*) as rows,
    count(d.rank) as heard,
    round(count(d.rank) / count(*), 4) as heard_share,
    round(avg(d.rank), 2) as rank_heard
from history h
join runs r on h.run = r.run and r.status = 'passed'
cross join this
left join heard d on h.run = d.run and h.user_id = d.user_id and h.list = d.list and h.rank = d.rank
where r.as_of < this.moment
group by r.run, r.as_of, h.list
order by r.as_of, r.run, h.list;
