-- Purpose: the lists of every run of the lake, to compare runs.
-- Grain:   one row per (run, user_id, list, rank)
-- Inputs:  variable ranked: paths or patterns of the Parquet files of `rankings` of all runs
-- Units:   those of `rankings`
select regexp_extract(filename, 'runs/([^/]+)/rankings/[^/]+$', 1) as run, * exclude (filename)
from read_parquet(getvariable('ranked'), filename = true, union_by_name = true, hive_partitioning = false)
