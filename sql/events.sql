-- Purpose: the events a run uses: aliases resolved, events that two overlapping files both hold counted once, and plays that two
--          services or exports both tell of counted once.
-- Grain:   one row per action. Equal rows within one file are real repeats and stay; of equal rows in several files, the file
--          with the most repeats decides how many there are. Undated rows cannot be told apart and all stay.
--          Plays of listening histories (source begins with the name of an export's format) are merged in two steps:
--          1. of one format, song and length, starts less than that length and a minute apart: nobody hears 200 s twice in 7 s.
--             Spotify's extended history has such rows (multi-scrobbler 709 and 710, maloja 104).
--          2. of several formats, one song, starts within 90 s of each other: account data count to the minute, and scrobblers
--             start when they notice. Of each such stretch the format with the most plays stays, so that true repeats survive
--             (multi-scrobbler 691); of equals the one that says more.
--          A count of plays from a library (Apple Music) stands for what the listener's history of that service does not tell of.
-- Inputs:  input_events (with batch), aliases, releases (track_id, song) of songs with several;
--          variables as_of (timestamptz), future_events ('keep' or 'drop')
-- Order:   none; everything made from events is independent of it
with resolved as not materialized (
    select
        e.user_id,
        coalesce(a.track_id, e.track_id) as track_id,
        e.type,
        -- 0 and the zero time are how the older service wrote "absent"
        nullif(e.weight, 0) as weight,
        nullif(e.occurred_at, timestamptz '0001-01-01 00:00:00+00') as occurred_at,
        e.completed_ms,
        e.plays,
        e.context,
        e.source,
        e.batch,
        hash(e.user_id, coalesce(a.track_id, e.track_id), e.type, nullif(e.weight, 0), e.occurred_at, e.completed_ms, e.plays,
            e.context)
            as mark
    from input_events e
    left join aliases a on e.track_id = a.id
    where getvariable('future_events') = 'keep' or e.occurred_at is null or e.occurred_at <= getvariable('as_of')
),
-- marks take little memory; what shares one by chance only goes the long way
shared as (
    select mark
    from resolved
    where occurred_at is not null and (select min(batch) <> max(batch) from input_events)
    group by mark
    having min(batch) <> max(batch)
),
repeats as (
    select user_id, track_id, type, weight, occurred_at, completed_ms, plays, context, batch, count(*) as repeats, min(source) as source
    from resolved
    where mark in (from shared) and occurred_at is not null
    group by user_id, track_id, type, weight, occurred_at, completed_ms, plays, context, batch
),
actions as (
    select
        user_id, track_id, type, weight, occurred_at, completed_ms, plays, context, min(source) as source, max(repeats) as repeats
    from repeats
    group by user_id, track_id, type, weight, occurred_at, completed_ms, plays, context
),
counted_once as not materialized (
    select user_id, track_id, type, weight, occurred_at, completed_ms, plays, context, source
    from resolved
    where occurred_at is null or mark not in (from shared)
    union all
    select user_id, track_id, type, weight, occurred_at, completed_ms, plays, context, source
    from (select *, unnest(range(repeats::bigint)) as repeat from actions)
),
-- the more a format says of a play, the smaller its number
formats (format, place) as (
    values
    ('spotify-extended', 1), ('spotify-basic', 2), ('listenbrainz', 3), ('maloja', 4), ('pano-scrobbler', 5), ('rockbox', 6),
    ('youtube-music', 7), ('lastfm', 8), ('lastfmstats', 9), ('apple-music', 10), ('deezer', 11), ('tidal', 12), ('koito', 13),
    ('spotify-recent', 14)
),
heard as (
    select e.*, coalesce(r.song, e.track_id) as song, f.format, f.place
    from counted_once e
    join formats f on split_part(e.source, ' ', 1) = f.format
    left join releases r on e.track_id = r.track_id
    where e.type in ('play', 'skip') and e.occurred_at is not null
),
-- step 1: the same length again before it can have passed
spaced as (
    select
        *,
        lag(occurred_at) over (
            partition by user_id, song, place, completed_ms order by occurred_at, type, track_id, context, source
        ) as before
    from heard
),
once as (
    select * exclude (before)
    from spaced
    where before is null or completed_ms is null
        or epoch_ms(occurred_at) - epoch_ms(before) >= least(completed_ms, 60000)
),
-- step 2: stretches of plays of one song
stretched as (
    select *, sum(begins) over (partition by user_id, song order by occurred_at, place) as stretch
    from (
        select
            *,
            coalesce(
                epoch_ms(occurred_at) - epoch_ms(lag(occurred_at) over (partition by user_id, song order by occurred_at, place))
                    > 90000,
                false
            )::int as begins
        from once
    )
),
chosen as (
    select user_id, song, stretch, arg_min(place, (-plays, place)) as place
    from (select user_id, song, stretch, place, count(*) as plays from stretched group by all)
    group by user_id, song, stretch
)
select user_id, track_id, type, weight, occurred_at, completed_ms, plays, context, source
from counted_once
where (occurred_at is null or type not in ('play', 'skip') or split_part(coalesce(source, ''), ' ', 1) not in (select format from formats))
    and not (type in ('play', 'skip') and split_part(coalesce(source, ''), ' ', 1) = 'apple-library')
union all
select
    c.user_id, c.track_id, c.type, c.weight, c.occurred_at, c.completed_ms, nullif(c.number - coalesce(h.plays, 0), 1) as plays,
    c.context, c.source
from (select *, coalesce(plays, 1) as number from counted_once) c
left join releases r on c.track_id = r.track_id
left join (
    select user_id, song, type, count(*) as plays from heard where format = 'apple-music' group by all
) h on c.user_id = h.user_id and coalesce(r.song, c.track_id) = h.song and c.type = h.type
where c.type in ('play', 'skip') and split_part(coalesce(c.source, ''), ' ', 1) = 'apple-library' and c.number > coalesce(h.plays, 0)
union all
select s.user_id, s.track_id, s.type, s.weight, s.occurred_at, s.completed_ms, s.plays, s.context, s.source
from stretched s
join chosen c on s.user_id = c.user_id and s.song = c.song and s.stretch = c.stretch and s.place = c.place;
