-- Question: what do the most similar pairs of listeners both like?
-- Grain:    one row per pair of the 20 most similar pairs (nearest neighbour each way counts once)
-- Units:    similarity -1-1 (Pearson); overlap and shared in tracks; examples: up to five titles
-- Order:    similarity downwards, user_id, neighbor_id
with pairs as (
    select least(user_id, neighbor_id) as user_id, greatest(user_id, neighbor_id) as neighbor_id,
        max(similarity) as similarity, max(overlap) as overlap
    from neighbors
    group by all
    order by similarity desc, user_id, neighbor_id
    limit 20
)
select
    p.user_id,
    p.neighbor_id,
    round(p.similarity, 4) as similarity,
    p.overlap,
    count(t.id) as shared,
    list(coalesce(t.title, t.id) order by a.rating + b.rating desc, t.id)[1:5] as examples
from pairs p
join ratings a on p.user_id = a.user_id and a.rating > 0
join ratings b on p.neighbor_id = b.user_id and a.track_id = b.track_id and b.rating > 0
join tracks t on a.track_id = t.id
group by p.user_id, p.neighbor_id, p.similarity, p.overlap
order by p.similarity desc, p.user_id, p.neighbor_id;
