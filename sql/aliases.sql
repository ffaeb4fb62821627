-- Purpose: songs that a listening history named and the catalogue has under another id.
-- Grain:   one row per mentioned id with a match: id, the catalogue's track_id, and the rule that matched
-- Inputs:  input_tracks (id, origin, spotify_id, mbid, isrc, song_key, version, popularity); version: what else than the plain song
--          the title names, as recsys.names says: live, remix, karaoke
-- Rules:   same Spotify id, then same MusicBrainz recording, then same ISRC, then same normalised artist, title and version. A recording id
--          says nothing where artists or titles are spelt with the same letters and differ by more than two fifths of them: one
--          wrong match must not spread
-- Ties:    the most popular catalogue track, then the smallest id
with catalog as (
    select distinct on (id) id, coalesce(spotify_id, id) as spotify_id, mbid, isrc, song_key, version,
        coalesce(popularity, 0) as popularity
    from input_tracks
    where origin is distinct from 'mention'
    order by id, batch desc, row desc
),
mentions as (
    select distinct on (id) id, spotify_id, mbid, isrc, song_key, version
    from input_tracks
    where origin = 'mention' and id not in (select id from catalog)
    order by id, batch desc, row desc
),
matches as (
    select m.id, c.id as track_id, c.popularity, 1 as rule from mentions m join catalog c on m.spotify_id = c.spotify_id
    union all
    select m.id, c.id, c.popularity, 2 from mentions m join catalog c on m.mbid = c.mbid
    where m.song_key is null or c.song_key is null
        or regexp_matches(m.song_key, '[^\x00-\x{24f}]') <> regexp_matches(c.song_key, '[^\x00-\x{24f}]')
        or (
            levenshtein(split_part(m.song_key, ' | ', 1), split_part(c.song_key, ' | ', 1))
                <= 0.4 * greatest(length(split_part(m.song_key, ' | ', 1)), length(split_part(c.song_key, ' | ', 1)))
            and levenshtein(split_part(m.song_key, ' | ', 2), split_part(c.song_key, ' | ', 2))
                <= 0.4 * greatest(length(split_part(m.song_key, ' | ', 2)), length(split_part(c.song_key, ' | ', 2)))
        )
    union all
    select m.id, c.id, c.popularity, 3 from mentions m join catalog c on m.isrc = c.isrc
    union all
    select m.id, c.id, c.popularity, 4 from mentions m join catalog c on m.song_key = c.song_key and m.version = c.version
)
select
    id,
    track_id,
    ['spotify_id', 'mbid', 'isrc', 'song_key'][rule] as matched_by
from matches
qualify row_number() over (partition by id order by rule, popularity desc, track_id) = 1
order by id;
