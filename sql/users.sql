-- Purpose: every listener of a run, and `*`, who stands for a listener without any history.
-- Grain:   one row per user_id
-- Inputs:  events, controls, requests (latest records)
-- Order:   user_id
select user_id from events
union select user_id from controls
union select user_id from requests
union select '*'
order by user_id;
