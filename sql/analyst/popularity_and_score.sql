-- Question: do popular tracks score higher?
-- Grain:    one row per list and tenth of popularity
-- Units:    popularity_from 0-1; rows in tracks; scores in points
-- Order:    list, popularity_from
select
    r.list,
    floor(least(t.popularity, 0.999) * 10) / 10 as popularity_from,
    count(*) as rows,
    round(sum(r.score::decimal(18, 9)) / count(*), 4) as mean_score,
    round(max(r.score), 4) as best_score
from rankings r
join tracks t on r.track_id = t.id
where t.popularity is not null
group by all
order by r.list, popularity_from;
