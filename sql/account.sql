-- Purpose: whether every row that went into a run is in it or was left out for a reason, and whether what went in fits together.
-- Grain:   one row per (table, rule), in the columns of `checks`
-- Inputs:  account (stage, name, value): what the snapshot counted; ratings, tracks
-- Severity: `fail` stops publishing, `warn` is shown
-- Order:   table, rule
with counted as (
    select map_from_entries(list((name, value::bigint))) as n from account
),
numbers as (
    select
        coalesce(n['events ingested'], 0) as events, coalesce(n['events used'], 0) as used,
        coalesce(n['events after the moment'], 0) as late, coalesce(n['events counted once'], 0) as merged,
        coalesce(n['plays used'], 0) as plays,
        coalesce(n['track rows ingested'], 0) as rows, coalesce(n['tracks used'], 0) as tracks,
        coalesce(n['older versions of tracks'], 0) as versions, coalesce(n['mentions of catalogue tracks'], 0) as mentions
    from counted
),
named as (
    -- a song that only a listening history named is no track of the catalogue, unless there is no other
    select id from tracks where origin is distinct from 'mention' or not exists (from tracks where origin is distinct from 'mention')
),
heard as (
    select
        coalesce(sum(r.events), 0) as events,
        coalesce(sum(r.events) filter (t.id is not null), 0) as known,
        coalesce(sum(r.events) filter (n.id is not null), 0) as named,
        min(r.track_id) filter (n.id is null) as strange
    from ratings r
    left join (select distinct id from tracks) t on r.track_id = t.id
    left join (select distinct id from named) n on r.track_id = n.id
),
rules as (
    select
        'events' as "table", 'rows ingested = used + after the moment + counted once' as rule, 'fail' as severity,
        events = used + late + merged and least(used, late, merged) >= 0 as passed,
        greatest(1, abs(events - used - late - merged)) as failures,
        events || ' ingested, ' || used || ' used, ' || late || ' after the moment, ' || merged || ' counted once' as example
    from numbers
    union all
    select
        'tracks', 'rows ingested = used + older versions + mentions of other rows', 'fail',
        rows = tracks + versions + mentions and least(tracks, versions, mentions) >= 0,
        greatest(1, abs(rows - tracks - versions - mentions)),
        rows || ' ingested, ' || tracks || ' used, ' || versions || ' older versions, ' || mentions || ' mentions'
    from numbers
    union all
    select
        'ratings', 'every event used is in one rating', 'fail', h.events = plays, greatest(1, abs(h.events - plays)),
        plays || ' plays and other events, ' || h.events || ' in ratings'
    from numbers, heard h
    union all
    select
        'events', 'most are before the moment of the run', 'fail', late <= 0.5 * events, late,
        late || ' of ' || events || ' events after the moment left out; is the clock right, or --as-of?'
    from numbers
    union all
    select
        'events', 'some name a track of the catalogue', 'fail', h.events = 0 or h.known > 0, h.events,
        'events name ' || h.strange || ', tracks are called ' || (select min(id) from named)
    from heard h
    union all
    select
        'events', 'most name a track of the catalogue', 'warn', h.named >= 0.5 * h.events, h.events - h.named,
        round(100 * h.named / h.events, 1) || ' % do; not so ' || h.strange || ', tracks are called ' || (select min(id) from named)
    from heard h
)
select
    "table", rule, severity, passed, if(passed, 0, failures)::bigint as failures, if(passed, null, example) as example
from rules
order by "table", rule;
