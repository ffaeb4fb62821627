-- Question: which genres are skipped most?
-- Grain:    one row per genre, however it is spelled (name_key), with at least 20 plays and skips
-- Units:    plays, skips in events; skip_rate 0-1
-- Order:    skip_rate downwards, genre
with carried as (
    select id, unnest(list_distinct(list_transform(genres, lambda name: name_key(name)))) as genre from tracks
),
heard as (
    select c.genre, e.type
    from input_events e
    join carried c on e.track_id = c.id
    where e.type in ('play', 'skip') and c.genre <> ''
)
select
    genre,
    count(*) filter (type = 'play') as plays,
    count(*) filter (type = 'skip') as skips,
    round(count(*) filter (type = 'skip') / count(*), 4) as skip_rate
from heard
group by genre
having count(*) >= 20
order by skip_rate desc, genre;
