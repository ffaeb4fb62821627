-- Purpose: what a run measured: how much went in, how much came out, how varied it is.
-- Grain:   one row per (stage, name)
-- Inputs:  tracks, ratings, profiles, neighbors, lists, rankings
-- Units:   in the column unit; shares are 0-1
-- Sample:  how lists differ, and how familiar and popular they are, is measured on at most 1,000 listeners by a hash of their ids
-- Order:   stage, name
with sampled as (
    select user_id from profiles where user_id <> '*' and not cold order by md5(user_id), user_id limit 1000
),
catalog as (
    select id, any_value(artist) as artist, any_value(popularity) as popularity from tracks group by id
),
seen as (
    select r.user_id, r.list, r.track_id, c.artist, c.popularity
    from rankings r
    join sampled s on r.user_id = s.user_id
    left join catalog c on r.track_id = c.id
),
heard as (
    select distinct r.user_id, c.artist
    from ratings r
    join sampled s on r.user_id = s.user_id
    join catalog c on r.track_id = c.id
    where c.artist is not null
),
steered as (
    select
        s.list,
        count(*) as rows,
        count(*) filter (h.artist is null) as new_rows,
        sum(s.popularity::decimal(18, 9))::double / nullif(count(s.popularity), 0) as popularity
    from seen s
    left join heard h on s.user_id = h.user_id and s.artist = h.artist
    where s.list in (select list from lists where user_id = '*')
    group by s.list
),
shared as (
    select a.list as one, b.list as other, count(*) as tracks
    from seen a
    join seen b on a.user_id = b.user_id and a.track_id = b.track_id and a.list < b.list
    where a.list in (select list from steered) and b.list in (select list from steered)
    group by all
),
measured (stage, name, value, unit) as (
    select 'snapshot', 'tracks', count(*), 'tracks' from tracks
    union all select 'ratings', 'ratings', count(*), 'rows' from ratings
    union all select 'ratings', 'events', sum(events), 'events' from ratings
    union all select 'ratings', 'events on tracks the catalogue lacks', coalesce(sum(events) filter (track_id not in (select id from tracks)), 0), 'events' from ratings
    union all select 'profiles', 'listeners', count(*) filter (user_id <> '*'), 'listeners' from profiles
    union all select 'profiles', 'cold listeners', count(*) filter (cold and user_id <> '*'), 'listeners' from profiles
    union all select 'neighbors', 'listeners with neighbours', count(distinct user_id), 'listeners' from neighbors
    union all select 'candidates', 'candidates considered', coalesce(sum(candidates), 0), 'pairs' from lists
    union all select 'rankings', 'lists', count(*), 'lists' from lists
    union all select 'rankings', 'lists shorter than asked for', count(*) filter (returned < least(case when coalesce("limit", 0) <= 0 then 20 else "limit" end, 100)), 'lists' from lists
    union all select 'rankings', 'rows', count(*), 'rows' from rankings
    union all select 'rankings', 'rows filled over a rule', count(*) filter (source like 'backfill%'), 'rows' from rankings
    union all select 'rankings', 'share of the catalogue in any list', count(distinct track_id) / nullif((select count(distinct id) from tracks), 0), 'share' from rankings
    union all select 'rankings', 'rows by artists the listener never played, ' || list, new_rows / rows, 'share' from steered
    union all select 'rankings', 'popularity of the rows, ' || list, popularity, 'mean' from steered where popularity is not null
    union all
    select 'rankings', 'tracks shared by ' || a.list || ' and ' || b.list, coalesce(s.tracks, 0) / least(a.rows, b.rows), 'share'
    from steered a join steered b on a.list < b.list left join shared s on s.one = a.list and s.other = b.list
    union all select 'rankings', 'reason ' || reason_code, count(*), 'rows' from rankings group by reason_code
)
select stage, name, coalesce(value, 0)::double as value, unit
from measured
order by stage, name;
