-- Question: do few artists take most places in the lists?
-- Grain:    one row per artist, however the name is spelled (name_key), the 50 with most rows
-- Units:    rows, listeners; share and running_share 0-1 of all rows of the lists
-- Order:    rows downwards, artist
with counted as (
    select min(coalesce(t.artist, t.id)) as artist, count(*) as rows, count(distinct r.user_id) as listeners
    from rankings r
    join (select *, name_key(coalesce(artist, id)) as name from tracks) t on r.track_id = t.id
    group by t.name
)
select
    artist,
    rows,
    listeners,
    round(rows / sum(rows) over (), 6) as share,
    round(sum(rows) over (order by rows desc, artist) / sum(rows) over (), 6) as running_share
from counted
order by rows desc, artist
limit 50;
