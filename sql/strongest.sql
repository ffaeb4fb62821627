-- Purpose: the genres and artists that listeners like most.
-- Grain:   one row per listener and genre, and per listener and each of at most 50 artists, of tracks with positive points
-- Inputs:  ratings (listener, track_id, positive); names (model names.sql)
-- Output:  listener, is_genre, number of the name, strength (strongest = 1) by undecayed positive weight
-- Sums are decimal, so that no order of addition changes a bit.
-- Order:   listener, is_genre, strength from the greatest on, number
with summed as (
    select r.listener, n.is_genre, n.number, sum(r.positive::decimal(38, 15))::double as points
    from ratings r
    join names n on r.track_id = n.id
    where r.positive > 0
    group by all
)
select listener, is_genre, number, points / max(points) over (partition by listener, is_genre) as strength
from summed
qualify is_genre or row_number() over (partition by listener, is_genre order by points desc, number) <= 50
order by listener, is_genre, strength desc, number;
