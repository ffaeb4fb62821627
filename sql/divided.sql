-- Purpose: ingested events, each with the part that its listener belongs to.
-- Grain:   one row per event
-- Inputs:  input_events (with batch), parts (user_id, part)
-- Order:   none
select e.*, p.part
from input_events e
join parts p on e.user_id = p.user_id;
