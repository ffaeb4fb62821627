-- Purpose: every run of the lake, as its manifest tells it.
-- Grain:   one row per run
-- Inputs:  variable manifests: paths or patterns of manifest.json files
-- Units:   as_of and created_at in UTC; metrics: name → number
select
    run,
    as_of,
    created_at,
    status,
    settings->>'preset' as preset,
    code,
    len(inputs) as batches,
    metrics::map(varchar, double) as metrics
from read_json(
    getvariable('manifests'),
    format = 'unstructured',
    hive_partitioning = false,
    maximum_object_size = 1073741824,
    columns = {
        run: 'varchar', as_of: 'timestamptz', created_at: 'timestamptz', status: 'varchar', settings: 'json', code: 'varchar',
        inputs: 'json[]', metrics: 'json'
    }
)
