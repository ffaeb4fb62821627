-- Purpose: everything ingested into one input table, with the ordinal of the batch each row came in.
-- Grain:   that of the table
-- Inputs:  variable batches: paths of the table's Parquet files
-- Units:   those of the table; batch counts from 1, a later batch is a later version
select * exclude (filename), regexp_extract(filename, '(\d+)(\.\d+)?/[0-9a-f]+\.parquet$', 1)::integer as batch
from read_parquet(getvariable('batches'), filename = true, union_by_name = true, hive_partitioning = false)
