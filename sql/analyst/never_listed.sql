-- Question: which tracks are in nobody's list, and what do they lack?
-- Grain:    one row per track of the catalogue that no list has
-- Units:    popularity 0-1; raters: listeners who rated it; audio, genres: whether they are known
-- Order:    raters downwards, popularity downwards, track_id
select
    t.id as track_id,
    t.title,
    t.artist,
    t.popularity,
    (select count(*) from ratings h where h.track_id = t.id) as raters,
    t.energy is not null as audio,
    coalesce(len(t.genres), 0) > 0 as genres
from tracks t
anti join rankings r on t.id = r.track_id
order by raters desc, t.popularity desc nulls last, t.id;
