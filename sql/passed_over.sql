-- Purpose: whether lists pass over tracks that a listener has not heard by a favourite artist.
-- Grain:   one row per listener of favourites who has a row of profiles and such tracks
-- Inputs:  favourites (model favourites.sql); tracks, ratings, profiles, lists, candidates; keys (name, key) as in checks.sql; of
--          all listeners or of some
-- Units:   among: how many of these tracks are candidates; by_chance: how many would be if candidates were drawn
-- Order:   user_id
with favoured as (
    from favourites where user_id in (select user_id from profiles)
),
catalog as (
    select id, any_value(artist) as artist from tracks group by id
),
unheard as (
    select f.user_id, c.id
    from favoured f
    join keys k on f.artist = k.name
    join (select c.id, k.key from catalog c join keys k on c.artist = k.name) c on k.key = c.key
    anti join (select user_id, track_id from ratings where user_id in (select user_id from favoured)) r
        on f.user_id = r.user_id and c.id = r.track_id
),
considered as (
    select user_id, list, track_id from candidates where list = 'balanced' and user_id in (select user_id from favoured)
),
counted as (
    select l.user_id, l.list, l.candidates, count(*) as rows
    from lists l join considered c on l.user_id = c.user_id and l.list = c.list
    where l.dropped_excluded_artist + l.dropped_excluded_genre + l.dropped_explicit = 0
    group by all
)
select
    u.user_id,
    count(k.track_id) as among,
    count(*) * any_value(n.rows) / nullif(any_value(n.candidates), 0) as by_chance
from unheard u
join counted n on u.user_id = n.user_id
left join considered k on u.user_id = k.user_id and k.list = n.list and u.id = k.track_id
group by u.user_id
order by u.user_id;
