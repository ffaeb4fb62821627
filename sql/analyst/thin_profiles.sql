-- Question: for which listeners do we know too little?
-- Grain:    one row per listener without usable history or with a confidence below 0.3
-- Units:    confidence 0-1; events in events; last_event in UTC
-- Order:    confidence, user_id
select
    p.user_id,
    p.cold,
    round(p.confidence, 4) as confidence,
    p.interaction_count as events,
    max(r.last_at) as last_event
from profiles p
left join ratings r on p.user_id = r.user_id
where p.user_id <> '*' and (p.cold or p.confidence < 0.3)
group by p.user_id, p.cold, p.confidence, p.interaction_count
order by p.confidence, p.user_id;
