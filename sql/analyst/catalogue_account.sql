-- Question: which rule keeps most tracks out of the lists?
-- Grain:    one row per list and rule
-- Units:    listeners who lose at least one track to the rule; mean and most tracks lost per listener
-- Order:    list, mean downwards, rule
with dropped as (
    unpivot (select user_id, list, columns('dropped_.*') from lists)
    on columns(* exclude (user_id, list))
    into name rule value tracks
)
select
    list,
    replace(rule, 'dropped_', '') as rule,
    count(*) filter (tracks > 0) as listeners,
    round(sum(tracks) / count(*), 2) as mean,
    max(tracks) as most
from dropped
group by list, rule
order by list, mean desc, rule;
