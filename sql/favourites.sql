-- Purpose: the three artists played most by a sample of listeners, for the rule that lists do not pass them over.
-- Grain:   one row per (user_id, artist)
-- Inputs:  profiles
-- Sample:  at most 500 listeners with a history, by a hash of their ids
-- Order:   user_id, artist
select p.user_id, a.name as artist
from (
    select user_id, top_artists from profiles where user_id <> '*' and not cold order by md5(user_id), user_id limit 500
) p, unnest(list_slice(p.top_artists, 1, 3)) as x (a)
order by user_id, artist;
