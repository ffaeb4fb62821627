-- Question: which genres are skipped most?
-- Grain:    one row per genre with at least 20 plays and skips
-- Units:    plays, skips in events; skip_rate 0-1
-- Order:    skip_rate downwards, genre
with heard as (
    select unnest(list_distinct(list_transform(t.genres, lambda name: lower(trim(name))))) as genre, e.type
    from input_events e
    join tracks t on e.track_id = t.id
    where e.type in ('play', 'skip')
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
