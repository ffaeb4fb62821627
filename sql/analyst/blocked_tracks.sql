-- Question: is any track recommended that its listener excluded, postponed, disliked or hid?
-- Grain:    one row per such row of `rankings`; none is the right answer
-- Units:    none
-- Order:    user_id, list, rank
select r.user_id, r.list, r.rank, r.track_id,
    case
        when list_contains(c.excluded_tracks, r.track_id) then 'excluded'
        when k.rejected then 'disliked or hidden'
        else 'postponed'
    end as blocked
from rankings r
join profiles p on r.user_id = p.user_id
left join controls c on r.user_id = c.user_id
left join ratings k on r.user_id = k.user_id and r.track_id = k.track_id
where list_contains(c.excluded_tracks, r.track_id)
    or k.rejected
    or len(list_filter(c.postponed_tracks, lambda put: put.track_id = r.track_id and coalesce(put.until > p.updated_at, true))) > 0
order by r.user_id, r.list, r.rank;
