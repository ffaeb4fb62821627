-- Question: which tracks are recommended most?
-- Grain:    one row per track, the 50 in most listeners' lists
-- Units:    listeners; rows: lists that hold it; first_places: of these at rank 1; mean_rank from 1; popularity 0-1
-- Order:    listeners downwards, rows downwards, track_id
select
    r.track_id,
    any_value(t.title) as title,
    any_value(t.artist) as artist,
    any_value(t.popularity) as popularity,
    count(distinct r.user_id) as listeners,
    count(*) as rows,
    count(*) filter (r.rank = 1) as first_places,
    round(avg(r.rank), 2) as mean_rank
from rankings r
left join tracks t on r.track_id = t.id
group by r.track_id
order by listeners desc, rows desc, r.track_id
limit 50;
