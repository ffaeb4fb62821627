-- Question: who gets this track, at which rank, and who has heard it already?
-- Grain:    one row per listener and list; name the track in the first lines, here the one in most lists
-- Units:    rank from 1, null where a listener only heard it; rating in points, null without a rating
-- Order:    list (null last), rank, user_id
with chosen as (
    select track_id from rankings group by track_id order by count(*) desc, track_id limit 1
)
select
    coalesce(r.user_id, h.user_id) as user_id,
    r.list,
    r.rank,
    r.reason,
    h.rating,
    h.last_at
from (select * from rankings where track_id in (from chosen)) r
full join (select * from ratings where track_id in (from chosen)) h on r.user_id = h.user_id and r.track_id = h.track_id
order by r.list nulls last, r.rank, user_id;
