-- Purpose: the controls a run uses: the latest record of every listener.
-- Grain:   one row per user_id
-- Inputs:  input_controls (with batch, row)
-- Ties:    the later batch, then the later row
select * exclude (batch, row)
from input_controls
qualify row_number() over (partition by user_id order by batch desc, row desc) = 1
order by user_id;
