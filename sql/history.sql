-- Purpose: the lists of every run of the lake, to compare runs; fits by the names of this version and of the one before.
-- Grain:   one row per (run, user_id, list, rank)
-- Inputs:  variable ranked: paths or patterns of the Parquet files of `rankings` of all runs
-- Units:   those of `rankings`; content = content_fit, popularity = popularity_fit
select
    regexp_extract(filename, 'runs/([^/]+)/rankings/[^/]+$', 1) as run,
    * exclude (filename) replace (
        coalesce(content_fit, content) as content_fit,
        coalesce(popularity_fit, popularity) as popularity_fit,
        coalesce(content, content_fit) as content,
        coalesce(popularity, popularity_fit) as popularity
    )
from (
    from read_parquet(getvariable('ranked'), filename = true, union_by_name = true, hive_partitioning = false)
    union all by name
    select null::double as content_fit, null::double as popularity_fit, null::double as content, null::double as popularity
    where false
)
