-- Question: does a list's mix of genres follow the listener's own?
-- Grain:    one row per list: the mean over listeners of the share of rows that carry one of their five strongest genres,
--           however they are spelled (name_key)
-- Units:    in_taste 0-1
-- Order:    list
with tastes as (
    select user_id, list_transform(top_genres[1:5], lambda g: name_key(g.name)) as genres
    from profiles
    where not cold
),
carried as (
    select id, list_transform(genres, lambda name: name_key(name)) as genres from tracks
),
matched as (
    select r.user_id, r.list, count(*) filter (list_has_any(t.genres, p.genres)) / count(*) as share
    from rankings r
    join carried t on r.track_id = t.id
    join tastes p on r.user_id = p.user_id
    group by r.user_id, r.list
)
select list, count(*) as listeners, round(sum(share::decimal(18, 9)) / count(*), 4) as in_taste
from matched
group by list
order by list;
