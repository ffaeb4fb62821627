-- Purpose: recordings, ISRCs and genres from MusicBrainz's database dump (`mbdump` and `mbdump-derived`, unpacked); one pass each.
-- Grain:   one row per track of `wanted` and recording with its MusicBrainz id or its ISRC, at most 10 a track
-- Inputs:  wanted (id, mbid, isrc); variables `recording`, `isrc`, `artist_credit`, `tag`, `recording_tag`, `genre`: paths of the
--          dump's tables, tab-separated and without a header
-- Output:  id, mbid, title, artist, length (ms), note, matched_by (mbid or isrc), isrc, genres (list, most votes first, at most 10)
-- Rules:   a tag is a genre when it is on MusicBrainz's list of genres; votes of 0 and less do not count
-- Ties:    the smallest ISRC; genres of as many votes by name; recordings by id
with isrcs as (
    select recording, isrc
    from read_csv(getvariable('isrc'), delim = '\t', quote = '', escape = '', nullstr = '\N', header = false, all_varchar = true,
        null_padding = true, hive_partitioning = false, names = ['id', 'recording', 'isrc'])
    where isrc is not null
),
recordings as (
    select id as recording, gid as mbid, name as title, artist_credit, try_cast(length as bigint) as length, comment as note
    from read_csv(getvariable('recording'), delim = '\t', quote = '', escape = '', nullstr = '\N', header = false, all_varchar = true,
        null_padding = true, hive_partitioning = false, names = ['id', 'gid', 'name', 'artist_credit', 'length', 'comment'])
    where gid in (select mbid from wanted) or id in (select recording from isrcs where isrc in (select isrc from wanted))
),
pairs as (
    select w.id, r.*, 'mbid' as matched_by from wanted w join recordings r on r.mbid = w.mbid
    union all
    select w.id, r.*, 'isrc'
    from wanted w join isrcs i on i.isrc = w.isrc join recordings r on r.recording = i.recording
    where w.mbid is null
),
credits as (
    select id as artist_credit, name as artist
    from read_csv(getvariable('artist_credit'), delim = '\t', quote = '', escape = '', nullstr = '\N', header = false,
        all_varchar = true, null_padding = true, hive_partitioning = false, names = ['id', 'name'])
    where id in (select artist_credit from recordings)
),
votes as (
    select recording, tag, try_cast(count as bigint) as votes
    from read_csv(getvariable('recording_tag'), delim = '\t', quote = '', escape = '', nullstr = '\N', header = false,
        all_varchar = true, null_padding = true, hive_partitioning = false, names = ['recording', 'tag', 'count'])
    where recording in (select recording from recordings)
),
genres as (
    select v.recording, list(t.name order by v.votes desc, t.name)[:10] as genres
    from votes v
    join read_csv(getvariable('tag'), delim = '\t', quote = '', escape = '', nullstr = '\N', header = false, all_varchar = true,
        null_padding = true, hive_partitioning = false, names = ['id', 'name']) t on t.id = v.tag
    where v.votes > 0 and t.name in (
        select name from read_csv(getvariable('genre'), delim = '\t', quote = '', escape = '', nullstr = '\N', header = false,
            all_varchar = true, null_padding = true, hive_partitioning = false, names = ['id', 'gid', 'name'])
    )
    group by v.recording
),
codes as (
    select recording, min(isrc) as isrc from isrcs where recording in (select recording from recordings) group by recording
)
select id, mbid, title, artist, length, note, matched_by, isrc, genres
from pairs left join credits using (artist_credit) left join genres using (recording) left join codes using (recording)
qualify row_number() over (partition by id order by mbid) <= 10
order by id, mbid;
