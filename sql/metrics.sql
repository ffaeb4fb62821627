-- Purpose: what a run measured: how much went in, how much came out, how varied it is.
-- Grain:   one row per (stage, name)
-- Inputs:  tracks, ratings, profiles, neighbors, lists, rankings
-- Units:   in the column unit; shares are 0-1
-- Order:   stage, name
with measured (stage, name, value, unit) as (
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
    union all select 'rankings', 'reason ' || reason_code, count(*), 'rows' from rankings group by reason_code
)
select stage, name, coalesce(value, 0)::double as value, unit
from measured
order by stage, name;
