-- Purpose: rows of `rankings` or `candidates`, of runs of this version or the one before: fits by the names of both.
-- Grain:   that of the table
-- Inputs:  variable ranked: paths of Parquet files
-- Units:   those of the table; content = content_fit, popularity = popularity_fit: the older names, for this version alone
select * replace (
    coalesce(content_fit, content) as content_fit,
    coalesce(popularity_fit, popularity) as popularity_fit,
    coalesce(content, content_fit) as content,
    coalesce(popularity, popularity_fit) as popularity
)
from (
    from read_parquet(getvariable('ranked'), union_by_name = true, hive_partitioning = false)
    union all by name
    select null::double as content_fit, null::double as popularity_fit, null::double as content, null::double as popularity
    where false
)
