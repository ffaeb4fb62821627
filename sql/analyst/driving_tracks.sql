-- Question: which own tracks drive the lists of this listener?
-- Grain:    one row per listener and own track (or seed) that is among the first three behind any row; add a where for one listener
-- Units:    rows in tracks; votes in rows: the sum of the track's shares of the votes; share 0-1 of the listener's rows
-- Order:    user_id, votes downwards, track_id
with behind as (
    select r.user_id, b.own.track_id as track_id, b.own.share as share
    from rankings r, unnest(r.because) as b (own)
),
lengths as (
    select user_id, count(*) as rows from rankings where because is not null group by user_id
)
select
    b.user_id,
    b.track_id,
    any_value(t.title) as title,
    any_value(t.artist) as artist,
    count(*) as rows,
    round(sum(b.share), 4) as votes,
    round(sum(b.share) / any_value(l.rows), 4) as share
from behind b
join lengths l on b.user_id = l.user_id
left join tracks t on b.track_id = t.id
group by b.user_id, b.track_id
order by b.user_id, votes desc, b.track_id;
