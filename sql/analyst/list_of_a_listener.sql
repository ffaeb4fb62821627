-- Question: what is in this listener's lists, and why?
-- Grain:    one row per list and rank; name the listener in the last line but one, here the first by id
-- Units:    score in points; chance 0-1
-- Order:    user_id, list, rank
select
    r.user_id,
    r.list,
    r.rank,
    t.title,
    t.artist,
    round(r.score, 2) as score,
    round(r.chance, 3) as chance,
    r.reason,
    r.track_id
from rankings r
left join tracks t on r.track_id = t.id
where r.user_id = (select min(user_id) from rankings where user_id <> '*')
order by r.user_id, r.list, r.rank;
