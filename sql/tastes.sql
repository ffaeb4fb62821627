-- Purpose: the taste vectors of listeners and of their lists, one named column a feature.
-- Grain:   one row per listener (list is null: the taste of the profile) and one per listener and list (what the list was scored with)
-- Inputs:  profiles, lists
-- Units:   features 0–1, normalised; confidence 0–1
with vectors as (
    select user_id, null::varchar as list, taste_audio, confidence, taste as v from profiles
    union all
    select user_id, list, taste_audio, confidence, taste from lists
)
select
    user_id,
    list,
    taste_audio,
    confidence,
    v[1] as danceability,
    v[2] as energy,
    v[3] as loudness,
    v[4] as speechiness,
    v[5] as acousticness,
    v[6] as instrumentalness,
    v[7] as liveness,
    v[8] as valence,
    v[9] as tempo,
    v[10] as time_signature,
    v[11] as key,
    v[12] as mode
from vectors
