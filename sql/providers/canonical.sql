-- Purpose: MusicBrainz recordings that may be the tracks, from the canonical data dump; no network, no rate limit.
-- Grain:   one row per track of `wanted` and recording of the same title and artist, at most 10 a track
-- Inputs:  wanted (id, title, artist: one row for each reading of the artist); variable `dump`: path of
--          canonical_musicbrainz_data.csv (also .zst or .gz). The dump is read once, whatever the number of tracks
-- Output:  id, mbid, artist, title, artist_mbids (list), score (the dump's rank of the release: lower is more canonical)
-- Rules:   titles before any brackets, and artists, must be the same without accents, case, signs and a leading article; of the
--          dump's credit the first artist alone may be, too. Which of them is the track is decided elsewhere
-- Ties:    the lowest score, then the smallest mbid
with tracks as (
    select
        id,
        regexp_replace(lower(strip_accents(title)), '[^\p{L}\p{N}]+', '', 'g') as title_key,
        regexp_replace(regexp_replace(lower(strip_accents(artist)), '^the ', ''), '[^\p{L}\p{N}]+', '', 'g') as artist_key
    from wanted
),
titled as (
    select
        *,
        regexp_replace(lower(strip_accents(regexp_replace(recording_name, '(.) *[(\[].*$', '\1'))), '[^\p{L}\p{N}]+', '', 'g') as title_key
    from read_csv(getvariable('dump'), header = true, all_varchar = true, hive_partitioning = false)
),
credited as (
    select
        recording_mbid as mbid,
        artist_credit_name as artist,
        recording_name as title,
        artist_mbids,
        score::bigint as score,
        title_key,
        unnest(list_transform(
            list_distinct([
                artist_credit_name,
                regexp_replace(artist_credit_name, '(?i)(,| feat\.?| ft\.?| featuring| with| vs\.?| &| and| /| \+) .*$', '')
            ]),
            lambda name: regexp_replace(regexp_replace(lower(strip_accents(name)), '^the ', ''), '[^\p{L}\p{N}]+', '', 'g')
        )) as artist_key
    from titled semi join tracks using (title_key)
),
pairs as (
    select distinct id, mbid, artist, title, artist_mbids, score
    from tracks join credited using (title_key, artist_key)
    where title_key != '' and artist_key != ''
)
select
    id,
    mbid,
    artist,
    title,
    string_split(regexp_replace(artist_mbids, '[{} ]', '', 'g'), ',') as artist_mbids,
    score
from pairs
qualify row_number() over (partition by id order by score, mbid) <= 10
order by id, score, mbid;
