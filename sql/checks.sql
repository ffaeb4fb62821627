-- Purpose: the rules that a run's tables must keep before anyone reads them.
-- Grain:   one row per (table, rule): how many rows break it, and one of them as an example; of all listeners or of some: the
--          counts of some and of the others add up
-- Inputs:  tracks, songs, controls, ratings, profiles, neighbors, lists, candidates, rankings; keys (name, key): every name of
--          an artist or a genre in them as recsys.names compares it;
--          variables hide_rejected (boolean), exclusions ('exact' or 'token'), blocked_explicit ('zero' or 'hide'),
--          listed (boolean): whether there are lists for everyone
-- Severity: `fail` stops publishing, `warn` is shown
-- Order:   table, rule
with catalog as (
    select id, any_value(explicit) as explicit, any_value(artist) as artist, any_value(artists) as artists, any_value(genres) as genres
    from tracks
    group by id
),
lengths as (
    select user_id, list, rows, first, last, named < rows or list_has_any([true], list_transform(marks[2:], lambda mark, place: mark = marks[place])) as twice
    from (
        -- by their hashes, in order: these are compared in an instant
        select
            user_id, list, count(*) as rows, min(rank) as first, max(rank) as last, count(track_id) as named,
            list_sort(list(hash(track_id))) as marks
        from rankings
        group by user_id, list
    )
),
-- what is looked for row by row, in one pass
odd as materialized (
    select
        user_id, list, track_id, track_id not in (select id from catalog) as unknown,
        not abs(
            (content_points + collaborative_points + popularity_points + exploration_points + familiarity_points + target_points) * safety + commercial - score
        ) <= 1e-6 as apart,
        coalesce(reason, '') = '' or coalesce(reason_code, '') = '' as silent
    from rankings
    where unknown or apart or silent
),
-- materialised, for else all rows of a listener may be joined to all ratings before songs are compared
ranked as materialized (
    select r.user_id, r.track_id, r.source, s.song from rankings r join songs s on r.track_id = s.track_id
),
judged as (
    select r.user_id, r.track_id, k.known and r.source <> 'replay' as known, k.rejected
    from ranked r
    join (
        select k.user_id, coalesce(s.song, k.track_id) as song, k.known, k.rejected
        from ratings k
        left join songs s on k.track_id = s.track_id
        where k.known or k.rejected
    ) k on r.user_id = k.user_id and r.song = k.song
),
-- the lists that anything is kept out of by name or id: others need not be looked at track by track
barring as (
    select
        l.user_id, l.list, c.* exclude (user_id), l.include_explicit, l.excluded_track_ids, l.excluded_artist_ids,
        l.excluded_genres as list_genres
    from lists l
    left join controls c on l.user_id = c.user_id
    where not coalesce(c.allow_explicit, true)
        or len(l.excluded_track_ids) > 0 or len(l.excluded_artist_ids) > 0 or len(l.excluded_genres) > 0
        or len(c.excluded_tracks) > 0 or len(c.excluded_artists) > 0 or len(c.excluded_genres) > 0
),
blocked as (
    select r.track_id, t.explicit, t.artist, t.artists, t.genres, b.*
    from barring b
    join rankings r on b.user_id = r.user_id and b.list = r.list
    left join catalog t on r.track_id = t.id
),
-- what keeps a list from artists and genres, and what tracks bear, by the one normaliser of names
barred as (
    select b.user_id, b.list, b.genre, k.key
    from (
        select user_id, list, false as genre, unnest(list_concat(excluded_artists, excluded_artist_ids)) as name from barring
        union all
        select user_id, list, true, unnest(list_concat(excluded_genres, list_genres)) from barring
    ) b
    join keys k on b.name = k.name
    where k.key <> ''
),
borne as (
    select c.id, c.genre, k.key
    from (
        select id, false as genre, unnest(list_concat(artists, [artist])) as name from catalog
        union all
        select id, true, unnest(genres) from catalog
    ) c
    join keys k on c.name = k.name
    where exists (from barred b where b.key = k.key and b.genre = c.genre)
),
banned as (
    select distinct r.user_id, r.track_id, b.genre
    from barred b
    join rankings r on b.user_id = r.user_id and b.list = r.list
    join borne n on r.track_id = n.id and b.genre = n.genre and b.key = n.key
),
failures as (
    select 'rankings' as "table", 'every track is in the snapshot' as rule, 'fail' as severity, user_id || ' ' || track_id as example
    from odd where unknown
    union all
    select 'rankings', 'ranks run from 1 without gaps', 'fail', user_id || ' ' || list
    from lengths where first <> 1 or last <> rows
    union all
    select 'rankings', 'no track stands twice in a list', 'fail', user_id || ' ' || list
    from lengths where twice
    union all
    select 'rankings', 'the parts add up to the score within 1e-6', 'fail', user_id || ' ' || list || ' ' || track_id
    from odd where apart
    union all
    select 'candidates', 'the parts add up to the score within 1e-6', 'fail', user_id || ' ' || list || ' ' || track_id
    from candidates
    where not abs(
        (content_points + collaborative_points + popularity_points + exploration_points + familiarity_points + target_points) * safety + commercial - score
    ) <= 1e-6
    union all
    select 'rankings', 'every row has a reason', 'fail', user_id || ' ' || list || ' ' || track_id
    from odd where silent
    union all
    select 'rankings', 'no track the listener knows', 'fail', user_id || ' ' || track_id
    from judged where known
    union all
    select 'rankings', 'no track the listener disliked or hid', 'fail', user_id || ' ' || track_id
    from judged where rejected and getvariable('hide_rejected')
    union all
    select 'rankings', 'no excluded track', 'fail', user_id || ' ' || track_id
    from blocked
    where exists (
        from songs s
        join songs o on s.song = o.song
        where s.track_id = blocked.track_id
            and (list_contains(excluded_tracks, o.track_id) or list_contains(excluded_track_ids, o.track_id))
    )
    union all
    select 'rankings', 'no excluded artist', 'fail', user_id || ' ' || track_id
    from blocked
    where list_contains(excluded_artists, artist) or list_contains(excluded_artist_ids, artist)
        or (getvariable('exclusions') = 'token' and (user_id, track_id) in (select (user_id, track_id) from banned where not genre))
    union all
    select 'rankings', 'no excluded genre', 'fail', user_id || ' ' || track_id
    from blocked
    where list_has_any(
        list_transform(genres, lambda name: lower(name)),
        list_transform(list_concat(excluded_genres, list_genres), lambda name: lower(name))
    )
        or (getvariable('exclusions') = 'token' and (user_id, track_id) in (select (user_id, track_id) from banned where genre))
    union all
    select 'rankings', 'no explicit track for a listener who blocks them', 'fail', user_id || ' ' || track_id
    from blocked
    where explicit and not coalesce(allow_explicit, true)
        and (getvariable('blocked_explicit') = 'hide' or not coalesce(include_explicit, false))
    union all
    select 'lists', 'tracks = candidates + dropped by rule', 'fail', user_id || ' ' || list
    from lists
    where tracks <> candidates + dropped_known + dropped_rejected + dropped_popularity + dropped_explicit + dropped_excluded_track
        + dropped_postponed + dropped_excluded_artist + dropped_excluded_genre + dropped_known_artist + dropped_feature_bounds
        + dropped_version + dropped_cooldown
    union all
    select 'lists', 'returned = rows in rankings', 'fail', l.user_id || ' ' || l.list
    from lists l left join lengths n on l.user_id = n.user_id and l.list = n.list
    where l.returned <> coalesce(n.rows, 0)
    union all
    select 'lists', 'every listener of profiles has a list', 'fail', user_id
    from profiles where user_id not in (select user_id from lists) and getvariable('listed')
    union all
    select 'lists', 'as many tracks as asked for', 'warn', user_id || ' ' || list
    from lists where returned < least(case when coalesce("limit", 0) <= 0 then 20 else "limit" end, 100)
    union all
    select 'lists', 'what was asked for is known', 'warn', user_id || ' ' || list || ': ' || remarks
    from lists where remarks is not null
    union all
    select 'profiles', 'confidence and readiness lie between 0 and 1', 'fail', user_id
    from profiles where not (confidence between 0 and 1 and exploration_readiness between 0 and 1)
    union all
    select 'neighbors', 'nobody is their own neighbour, similarity lies between -1 and 1', 'fail', user_id || ' ' || neighbor_id
    from neighbors where user_id = neighbor_id or not similarity between -1 and 1
),
rules ("table", rule, severity) as (
    values
    ('candidates', 'the parts add up to the score within 1e-6', 'fail'),
    ('lists', 'as many tracks as asked for', 'warn'),
    ('lists', 'every listener of profiles has a list', 'fail'),
    ('lists', 'returned = rows in rankings', 'fail'),
    ('lists', 'tracks = candidates + dropped by rule', 'fail'),
    ('lists', 'what was asked for is known', 'warn'),
    ('neighbors', 'nobody is their own neighbour, similarity lies between -1 and 1', 'fail'),
    ('profiles', 'confidence and readiness lie between 0 and 1', 'fail'),
    ('rankings', 'every row has a reason', 'fail'),
    ('rankings', 'every track is in the snapshot', 'fail'),
    ('rankings', 'no excluded artist', 'fail'),
    ('rankings', 'no excluded genre', 'fail'),
    ('rankings', 'no excluded track', 'fail'),
    ('rankings', 'no explicit track for a listener who blocks them', 'fail'),
    ('rankings', 'no track stands twice in a list', 'fail'),
    ('rankings', 'no track the listener disliked or hid', 'fail'),
    ('rankings', 'no track the listener knows', 'fail'),
    ('rankings', 'ranks run from 1 without gaps', 'fail'),
    ('rankings', 'the parts add up to the score within 1e-6', 'fail')
)
select
    r."table",
    r.rule,
    r.severity,
    count(f.rule) = 0 as passed,
    count(f.rule) as failures,
    min(f.example) as example
from rules r
left join failures f on r."table" = f."table" and r.rule = f.rule
group by r."table", r.rule, r.severity
order by r."table", r.rule;
