-- Purpose: how well each ranked track agrees with the taste of its list, one named column a feature.
-- Grain:   one row per (user_id, list, rank)
-- Inputs:  rankings
-- Units:   agreement 0–1
select
    user_id,
    list,
    rank,
    track_id,
    explanation[1] as danceability,
    explanation[2] as energy,
    explanation[3] as loudness,
    explanation[4] as speechiness,
    explanation[5] as acousticness,
    explanation[6] as instrumentalness,
    explanation[7] as liveness,
    explanation[8] as valence,
    explanation[9] as tempo,
    explanation[10] as time_signature,
    explanation[11] as key,
    explanation[12] as mode
from rankings
