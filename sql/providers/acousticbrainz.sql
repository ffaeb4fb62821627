-- Purpose: tempo, key and mode of MusicBrainz recordings, from the AcousticBrainz low-level feature files of 2022.
-- Grain:   one row per recording of `wanted` that a file knows
-- Inputs:  wanted (mbid); variables `rhythm` and `tonal`: paths of the two CSV files (also .zst or .gz)
-- Output:  mbid, tempo (BPM), key (pitch class, 0 = C), mode (1 = major, 0 = minor)
-- Rules:   of several submissions the first counts. Loudness (0–1, not dB) and danceability (an open scale) are left out:
--          they are not on the scale of `tracks`
-- Ties:    the lowest submission_offset, then the smallest tempo or key
with rhythm as (
    select mbid, try_cast(bpm as double) as tempo
    from read_csv(getvariable('rhythm'), header = true, all_varchar = true, hive_partitioning = false) semi join wanted using (mbid)
    qualify row_number() over (partition by mbid order by try_cast(submission_offset as bigint), tempo) = 1
),
tonal as (
    select
        mbid,
        list_position(['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'],
            case key_key when 'Db' then 'C#' when 'Eb' then 'D#' when 'Gb' then 'F#' when 'Ab' then 'G#' when 'Bb' then 'A#' else key_key end
        ) - 1 as key,
        case key_scale when 'major' then 1 when 'minor' then 0 end as mode
    from read_csv(getvariable('tonal'), header = true, all_varchar = true, hive_partitioning = false) semi join wanted using (mbid)
    qualify row_number() over (partition by mbid order by try_cast(submission_offset as bigint), key_key, key_scale) = 1
)
select
    mbid,
    case when tempo between 0 and 260 then tempo end as tempo,
    key::double as key,
    mode::double as mode
from rhythm full join tonal using (mbid)
order by mbid;
