-- Purpose: the neighbourhoods of preset `reference` in plain SQL: Pearson correlation over co-rated tracks.
-- Grain:   one row per (user_id, neighbor_id) with positive similarity
-- Inputs:  ratings (user_id, track_id, rating)
-- Output:  similarity (0-1, before shrinking), overlap (tracks both rated), weight = similarity * overlap / (overlap + 3)
-- Rules:   0 if overlap < 2; 0 if either listener's ratings over the common tracks are all equal; a residue below 1e-12 is 0
-- Sums run in track order, so that the result is the same bit for bit on every run.
-- Order:   user_id, weight descending, neighbor_id
with pairs as (
    select a.user_id, b.user_id as neighbor_id, a.track_id, a.rating as x, b.rating as y
    from ratings a
    join ratings b on a.track_id = b.track_id and a.user_id <> b.user_id
),
means as (
    select
        user_id,
        neighbor_id,
        count(*) as overlap,
        sum(x order by track_id) / count(*) as mean_x,
        sum(y order by track_id) / count(*) as mean_y,
        max(x) - min(x) <= 1e-12 * greatest(1, max(abs(x))) or max(y) - min(y) <= 1e-12 * greatest(1, max(abs(y))) as constant
    from pairs
    group by user_id, neighbor_id
    having count(*) >= 2
),
correlated as (
    select
        p.user_id,
        p.neighbor_id,
        any_value(m.overlap) as overlap,
        sum((x - mean_x) * (y - mean_y) order by track_id)
            / (sqrt(sum((x - mean_x) * (x - mean_x) order by track_id)) * sqrt(sum((y - mean_y) * (y - mean_y) order by track_id)))
            as similarity
    from pairs p
    join means m on p.user_id = m.user_id and p.neighbor_id = m.neighbor_id
    where not m.constant
    group by p.user_id, p.neighbor_id
)
select user_id, neighbor_id, least(similarity, 1) as similarity, overlap, least(similarity, 1) * overlap / (overlap + 3) as weight
from correlated
where similarity >= 1e-12
order by user_id, weight desc, neighbor_id;
