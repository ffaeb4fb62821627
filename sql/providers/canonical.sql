-- Purpose: MusicBrainz recordings by artist and title, from the canonical data dump; no network, no rate limit.
-- Grain:   one row per track of `wanted` that the dump knows
-- Inputs:  wanted (id, artist, title); variable `dump`: path of canonical_musicbrainz_data.csv (also .zst or .gz)
-- Output:  id, mbid, artist, title, artist_mbids (list), score (the dump's rank of the release: lower is more canonical)
-- Rules:   artist credit and title are compared without accents, case and signs
-- Ties:    the lowest score, then the smallest mbid
with dump as (
    select
        recording_mbid as mbid,
        artist_credit_name as artist,
        recording_name as title,
        artist_mbids,
        score::bigint as score,
        regexp_replace(lower(strip_accents(artist_credit_name || recording_name)), '[^\p{L}\p{N}]+', '', 'g') as name
    from read_csv(getvariable('dump'), header = true, all_varchar = true)
),
named as (
    select id, regexp_replace(lower(strip_accents(artist || title)), '[^\p{L}\p{N}]+', '', 'g') as name
    from wanted
)
select
    id,
    mbid,
    artist,
    title,
    string_split(regexp_replace(artist_mbids, '[{} ]', '', 'g'), ',') as artist_mbids,
    score
from named join dump using (name)
where name != ''
qualify row_number() over (partition by id order by score, mbid) = 1
order by id;
