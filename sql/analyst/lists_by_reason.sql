-- Question: why are tracks in the lists, and does the reason differ from list to list?
-- Grain:    one row per list and reason
-- Units:    rows in tracks; share 0-1 of the list's rows; mean_rank in ranks
-- Order:    list, rows downwards, reason_code
select
    list,
    reason_code,
    any_value(reason) as reason,
    count(*) as rows,
    round(count(*) / sum(count(*)) over (partition by list), 4) as share,
    round(sum(rank) / count(*), 2) as mean_rank
from rankings
group by list, reason_code
order by list, rows desc, reason_code;
