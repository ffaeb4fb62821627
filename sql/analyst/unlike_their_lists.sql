-- Question: whose lists sound least like their taste?
-- Grain:    one row per listener and list, the 50 least alike
-- Units:    agreement: mean over rows and features, 0-1; the three features that agree least are named
-- Order:    agreement, user_id, list
with long as (
    unpivot (select * exclude (rank, track_id) from explanations)
    on columns(* exclude (user_id, list))
    into name feature value agreement
),
means as (
    select user_id, list, feature, avg(agreement) as agreement from long group by user_id, list, feature
)
select
    m.user_id,
    m.list,
    round(avg(m.agreement), 4) as agreement,
    list(m.feature order by m.agreement, m.feature)[1:3] as least_alike
from means m
group by m.user_id, m.list
order by agreement, m.user_id, m.list
limit 50;
