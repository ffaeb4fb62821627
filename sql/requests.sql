-- Purpose: the saved lists a run uses: the latest record of every (listener, list).
-- Grain:   one row per (user_id, list)
-- Inputs:  input_requests (with batch, row)
-- Ties:    the later batch, then the later row
select * exclude (batch, row)
from input_requests
qualify row_number() over (partition by user_id, list order by batch desc, row desc) = 1
order by user_id, list;
