-- Purpose: what each listener's events say about the listener, apart from the sound.
-- Grain:   one row per user_id with at least one event
-- Inputs:  ratings, tracks, shown (is_genre, name, shown): the one spelling of names that are compared alike; a name that is not
--          there is shown as it is, a genre in lower case
-- Output:  interaction_count (events), friction (share of events with negative weight, 0-1),
--          top_genres, and at most 50 top_artists: {name, strength}, strongest first, strongest = 1, by undecayed positive weight
-- Ties:    equal strength by name
with latest as (
    -- of two catalogue rows with one id, look-ups see the last
    select distinct on (id) id, artist, genres from (select *, row_number() over () as row from tracks) order by id, row desc
),
named as (
    select g.id, true as is_genre, coalesce(s.shown, lower(g.genre)) as name
    from (select id, unnest(genres) as genre from latest) g
    left join shown s on s.is_genre and s.name = g.genre
    union all
    select l.id, false, coalesce(s.shown, l.artist)
    from latest l
    left join shown s on not s.is_genre and s.name = l.artist
    where trim(l.artist) <> ''
),
-- numbers in the order of the names stand for them until the end: they are much lighter to add up by and to sort
numbered as (
    select *, dense_rank() over (order by is_genre, name) as number from named
),
summed as (
    select r.user_id, n.is_genre, n.number, sum(r.positive::decimal(38, 15))::double as points
    from ratings r
    join numbered n on r.track_id = n.id
    where r.positive > 0
    group by all
),
strongest as (
    select *, points / max(points) over (partition by user_id, is_genre) as strength
    from summed
    qualify is_genre or row_number() over (partition by user_id, is_genre order by points desc, number) <= 50
),
tops as (
    select
        s.user_id,
        list({'name': n.name, 'strength': s.strength} order by s.strength desc, n.number) filter (s.is_genre) as top_genres,
        list({'name': n.name, 'strength': s.strength} order by s.strength desc, n.number) filter (not s.is_genre) as top_artists
    from strongest s
    join (select distinct number, name from numbered) n on s.number = n.number
    group by s.user_id
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
