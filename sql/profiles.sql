-- Purpose: what each listener's events say about the listener, apart from the sound.
-- Grain:   one row per user_id with at least one event
-- Inputs:  ratings, tracks
-- Output:  interaction_count (events), friction (share of events with negative weight, 0-1),
--          top_genres, and at most 50 top_artists: {name, strength}, strongest first, strongest = 1, by undecayed positive weight
-- Ties:    equal strength by name
with latest as (
    -- of two catalogue rows with one id, look-ups see the last
    select distinct on (id) id, artist, genres from (select *, row_number() over () as row from tracks) order by id, row desc
),
liked as (
    select r.user_id, r.positive::decimal(38, 15) as positive, t.artist, t.genres
    from ratings r
    join latest t on r.track_id = t.id
    where r.positive > 0
),
named as (
    select user_id, 'genre' as kind, lower(genre) as name, positive from liked, unnest(genres) as g (genre)
    union all
    select user_id, 'artist', artist, positive from liked where trim(artist) <> ''
),
summed as (
    select user_id, kind, name, sum(positive)::double as points from named group by all
),
strongest as (
    select *, points / max(points) over (partition by user_id, kind) as strength
    from summed
    qualify kind = 'genre' or row_number() over (partition by user_id, kind order by points desc, name) <= 50
),
tops as (
    select
        user_id,
        list({'name': name, 'strength': strength} order by strength desc, name) filter (kind = 'genre') as top_genres,
        list({'name': name, 'strength': strength} order by strength desc, name) filter (kind = 'artist') as top_artists
    from strongest
    group by user_id
),
counted as (
    select user_id, sum(events)::bigint as interaction_count, sum(negative_events)::bigint as negative_events
    from ratings
    group by user_id
)
select
    c.user_id,
    c.interaction_count,
    c.negative_events / c.interaction_count as friction,
    t.top_genres,
    t.top_artists
from counted c
left join tops t on c.user_id = t.user_id
order by c.user_id;
