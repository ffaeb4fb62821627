-- Purpose: how much each listener does: what says how the events of all are divided into parts.
-- Grain:   one row per user_id with at least one ingested event
-- Inputs:  input_events; variable as_of (timestamptz)
-- Units:   events counts rows; late those after as_of
-- Order:   user_id
select user_id, count(*) as events, count(*) filter (occurred_at > getvariable('as_of')) as late
from input_events
group by user_id
order by user_id;
