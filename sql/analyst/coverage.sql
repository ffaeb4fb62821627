-- Question: how much of the catalogue is recommended to anybody, and how much of what is recommended is the long tail?
-- Grain:    one row per list
-- Units:    coverage: share 0-1 of the catalogue; tail_share: share 0-1 of the rows whose track is outside the most popular
--           tenth of the catalogue
-- Order:    list
with ordered as (
    select id, row_number() over (order by coalesce(popularity, 0) desc, id) as place
    from tracks
),
placed as (
    select id, place > (select count(*) from tracks) / 10 as tail
    from ordered
)
select
    r.list,
    count(distinct r.track_id) as tracks,
    round(count(distinct r.track_id) / (select count(distinct id) from tracks), 4) as coverage,
    round(count(*) filter (p.tail) / count(*), 4) as tail_share
from rankings r
join placed p on r.track_id = p.id
group by r.list
order by r.list;
