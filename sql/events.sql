-- Purpose: the events a run uses: aliases resolved, events that two overlapping files both hold counted once.
-- Grain:   one row per action. Equal rows within one file are real repeats and stay; of equal rows in several files, the file
--          with the most repeats decides how many there are. Undated rows cannot be told apart and all stay.
-- Inputs:  input_events (with batch), aliases; variables as_of (timestamptz), future_events ('keep' or 'drop')
-- Order:   none; everything made from events is independent of it
with resolved as not materialized (
    select
        e.user_id,
        coalesce(a.track_id, e.track_id) as track_id,
        e.type,
        -- 0 and the zero time are how the older service wrote "absent"
        nullif(e.weight, 0) as weight,
        nullif(e.occurred_at, timestamptz '0001-01-01 00:00:00+00') as occurred_at,
        e.completed_ms,
        e.context,
        e.source,
        e.batch,
        hash(e.user_id, coalesce(a.track_id, e.track_id), e.type, nullif(e.weight, 0), e.occurred_at, e.completed_ms, e.context)
            as mark
    from input_events e
    left join aliases a on e.track_id = a.id
    where getvariable('future_events') = 'keep' or e.occurred_at is null or e.occurred_at <= getvariable('as_of')
),
-- marks take little memory; what shares one by chance only goes the long way
shared as (
    select mark
    from resolved
    where occurred_at is not null and (select min(batch) <> max(batch) from input_events)
    group by mark
    having min(batch) <> max(batch)
),
repeats as (
    select user_id, track_id, type, weight, occurred_at, completed_ms, context, batch, count(*) as repeats, min(source) as source
    from resolved
    where mark in (from shared) and occurred_at is not null
    group by user_id, track_id, type, weight, occurred_at, completed_ms, context, batch
),
actions as (
    select
        user_id, track_id, type, weight, occurred_at, completed_ms, context, min(source) as source, max(repeats) as repeats
    from repeats
    group by user_id, track_id, type, weight, occurred_at, completed_ms, context
)
select user_id, track_id, type, weight, occurred_at, completed_ms, context, source
from resolved
where occurred_at is null or mark not in (from shared)
union all
select user_id, track_id, type, weight, occurred_at, completed_ms, context, source
from (select *, unnest(range(repeats::bigint)) as repeat from actions);
