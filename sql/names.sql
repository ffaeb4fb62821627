-- Purpose: the names of artists and genres that tracks bear, numbered: numbers in the order of the names are much lighter than
--          these to add up by and to sort.
-- Grain:   one row per track and name that it bears, as often as it bears it
-- Inputs:  tracks, shown (is_genre, name, shown): the one spelling of names that are compared alike; a name that is not there is
--          shown as it is, a genre in lower case
-- Output:  id, is_genre, name as it is shown, number (from 1)
-- Order:   id, number
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
)
select *, (dense_rank() over (order by is_genre, name))::integer as number
from named
order by id, number;
