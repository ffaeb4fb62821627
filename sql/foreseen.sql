-- Purpose: whether the lists that readers have foresaw the newest events as well as the lists before them did.
-- Grain:   one row per list and rule: broken or not
-- Inputs:  quality; variables run (the published run), ndcg_change, ndcg_floor (0-1)
-- Severity: `warn`: listeners change too; `fail`: what made the last lists made these as well, so somebody should look first
-- Order:   table, rule
with judged as (
    select run, judged_at, list, value, low, high
    from quality
    where "group" = 'all' and metric = 'ndcg@10'
),
newest as (
    select list, max(judged_at) as judged_at, max_by(value, judged_at) as value, max_by(high, judged_at) as high
    from judged
    where run = getvariable('run')
    group by list
),
earlier as (
    select j.list, max_by(j.value, j.judged_at) as value, max_by(j.low, j.judged_at) as low
    from judged j
    join newest n on j.list = n.list
    where j.run <> getvariable('run') and j.judged_at < n.judged_at
    group by j.list
),
compared as (
    select list, n.value as after, n.high, e.value as before, e.low, before || ' before, ' || after || ' now' as example
    from (select list, round(value, 4) as value, high from newest) n
    join (select list, round(value, 4) as value, low from earlier) e using (list)
),
rules as (
    select
        'list ' || list || ' foresaw the newest events about as well as before (NDCG@10)' as rule,
        'warn' as severity,
        high >= (1 - getvariable('ndcg_change')) * before as passed,
        example
    from compared
    union all
    select
        'list ' || list || ' did not foresee the newest events far worse than before (NDCG@10)',
        'fail',
        high >= getvariable('ndcg_floor') * low,
        example
    from compared
)
select 'rankings' as "table", rule, severity, passed, if(passed, 0, 1) as failures, if(passed, null, example) as example
from rules
order by "table", rule;
