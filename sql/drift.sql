-- Purpose: how far a run is from the one published before it.
-- Grain:   one row per rule: broken or not
-- Inputs:  <table>_before and <table>_after for tracks, ratings, profiles, lists, candidates, rankings;
--          variables row_change, list_overlap, row_floor, overlap_floor, coverage_floor (all 0-1)
-- Severity: `warn`: a catalogue may well double, but somebody should look; `fail`: readers keep the run they have until somebody did
-- Order:   table, rule
with counts ("table", before, after) as (
    select 'tracks', (select count(*) from tracks_before), (select count(*) from tracks_after)
    union all select 'ratings', (select count(*) from ratings_before), (select count(*) from ratings_after)
    union all select 'profiles', (select count(*) from profiles_before), (select count(*) from profiles_after)
    union all select 'lists', (select count(*) from lists_before), (select count(*) from lists_after)
    union all select 'candidates', (select count(*) from candidates_before), (select count(*) from candidates_after)
    union all select 'rankings', (select count(*) from rankings_before), (select count(*) from rankings_after)
),
kept as (
    select a.user_id, a.list, count(*) as rows, count(b.track_id) as kept
    from rankings_after a
    semi join rankings_before s on a.user_id = s.user_id and a.list = s.list
    left join rankings_before b on a.user_id = b.user_id and a.list = b.list and a.track_id = b.track_id
    group by a.user_id, a.list
),
overlap as (
    select sum(kept) / sum(rows) as share, count(*) as lists, min_by(user_id || ' ' || list, (kept / rows, user_id, list)) as example
    from kept
)
select
    "table",
    'about as many rows as in the published run' as rule,
    'warn' as severity,
    abs(after - before) <= getvariable('row_change') * before as passed,
    if(passed, 0, abs(after - before)) as failures,
    if(passed, null, before || ' before, ' || after || ' now') as example
from counts
union all
select
    'rankings',
    'lists keep a share of the published run''s tracks',
    'warn',
    coalesce(share >= getvariable('list_overlap'), true) as passed,
    if(passed, 0, lists),
    if(passed, null, round(100 * share) || ' % are still there, fewest: ' || example)
from overlap
union all
select
    'rankings',
    'lists have something in common with the published run''s',
    'fail',
    coalesce(share >= getvariable('overlap_floor'), true) as passed,
    if(passed, 0, lists),
    if(passed, null, round(100 * share, 1) || ' % are still there, at least ' || 100 * getvariable('overlap_floor') || ' %')
from overlap
union all
select
    'rankings',
    'not far fewer rows than in the published run',
    'fail',
    after >= getvariable('row_floor') * before as passed,
    if(passed, 0, before - after),
    if(passed, null, before || ' before, ' || after || ' now')
from counts where "table" = 'rankings'
union all
select
    'rankings',
    'not far fewer different tracks than in the published run',
    'fail',
    after >= getvariable('coverage_floor') * before as passed,
    if(passed, 0, before - after),
    if(passed, null, before || ' before, ' || after || ' now')
from (
    select (select count(distinct track_id) from rankings_before) as before, (select count(distinct track_id) from rankings_after) as after
)
order by "table", rule;
