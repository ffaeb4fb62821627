-- Purpose: the lists to make: for every listener the built-in ones and those saved for everyone, then the listener's own.
-- Grain:   one row per (user_id, list)
-- Inputs:  users, requests (latest records), builtin_requests (user_id `*`)
-- Rules:   a listener's own request replaces the one for everyone of the same name, which replaces the built-in one
-- Order:   user_id, list
with everyone as (
    select * from requests where user_id = '*'
    union all by name
    select * from builtin_requests where list not in (select list from requests where user_id = '*')
)
select u.user_id, e.* exclude (user_id)
from users u
cross join everyone e
where not exists (from requests r where r.user_id = u.user_id and r.list = e.list and u.user_id <> '*')
union all by name
select * from requests where user_id <> '*'
order by user_id, list;
