-- Purpose: what changed between the lists of two runs, and why.
-- Grain:   one row per (user_id, list, track_id) that entered, left or moved
-- Inputs:  <table>_before and <table>_after for rankings, candidates, ratings, neighbors, controls, tracks, lists;
--          variable settings_changed (boolean: the settings or the code differ)
-- Cause:   the first that holds: the listener or list is new or gone; track new or gone; heard, or disliked; new listens;
--          controls; request; track data; settings; neighbours; else other tracks moved past it
-- Order:   user_id, list, change, rank in the run where it stands, track_id
with moves as (
    select
        coalesce(a.user_id, b.user_id) as user_id,
        coalesce(a.list, b.list) as list,
        coalesce(a.track_id, b.track_id) as track_id,
        b.rank as rank_before,
        a.rank as rank_after,
        case when b.rank is null then 'entered' when a.rank is null then 'left' else 'moved' end as change
    from rankings_before b
    full join rankings_after a on a.user_id = b.user_id and a.list = b.list and a.track_id = b.track_id
    where a.rank is distinct from b.rank
),
listens as (
    select coalesce(a.user_id, b.user_id) as user_id
    from ratings_before b
    full join ratings_after a on a.user_id = b.user_id and a.track_id = b.track_id
    where (a.events, a.rating, a.last_at, a.known, a.rejected) is distinct from (b.events, b.rating, b.last_at, b.known, b.rejected)
    group by all
),
controls as (
    select coalesce(a.user_id, b.user_id) as user_id
    from controls_before b
    full join controls_after a on a.user_id = b.user_id
    where a is distinct from b
),
listed as (
    select
        coalesce(a.user_id, b.user_id) as user_id,
        coalesce(a.list, b.list) as list,
        a.user_id is null or b.user_id is null as only_one,
        ("a"."limit", a.mode, a.seed_track_ids, a.feature_targets, a.exploration_target, a.min_popularity, a.max_popularity,
            a.include_explicit, a.excluded_track_ids, a.excluded_artist_ids, a.excluded_genres)
        is distinct from
        ("b"."limit", b.mode, b.seed_track_ids, b.feature_targets, b.exploration_target, b.min_popularity, b.max_popularity,
            b.include_explicit, b.excluded_track_ids, b.excluded_artist_ids, b.excluded_genres) as asked
    from lists_before b
    full join lists_after a on a.user_id = b.user_id and a.list = b.list
),
described_before as (
    select t.id, max(t) as facts from (select * exclude (provenance) from tracks_before) t group by t.id
),
described_after as (
    select t.id, max(t) as facts from (select * exclude (provenance) from tracks_after) t group by t.id
),
catalog as (
    select coalesce(a.id, b.id) as track_id, a.id is null as gone, b.id is null as new
    from described_before b
    full join described_after a on a.id = b.id
    where a.facts is distinct from b.facts
),
neighbours as (
    select coalesce(a.user_id, b.user_id) as user_id
    from neighbors_before b
    full join neighbors_after a on a.user_id = b.user_id and a.neighbor_id = b.neighbor_id
    where a.weight is distinct from b.weight
    group by all
),
votes as (
    select a.user_id, a.list, a.track_id
    from candidates_after a
    join candidates_before b on a.user_id = b.user_id and a.list = b.list and a.track_id = b.track_id
    where a.collaborative is distinct from b.collaborative
)
select
    m.user_id,
    m.list,
    m.track_id,
    m.change,
    m.rank_before,
    m.rank_after,
    case
        when s.only_one then 'list ' || if(m.change = 'left', 'gone', 'new')
        when t.gone then 'track gone'
        when t.new then 'track new'
        when m.change = 'left' and ra.rejected and not coalesce(rb.rejected, false) then 'disliked or hidden'
        when m.change = 'left' and ra.known and not coalesce(rb.known, false) then 'heard'
        when l.user_id is not null then 'new listens'
        when c.user_id is not null then 'controls'
        when s.asked then 'request'
        when t.track_id is not null then 'track data'
        when getvariable('settings_changed') then 'settings'
        when n.user_id is not null or v.user_id is not null then 'neighbours'
        else 'other tracks'
    end as cause
from moves m
left join listed s on m.user_id = s.user_id and m.list = s.list
left join catalog t on m.track_id = t.track_id
left join ratings_before rb on m.user_id = rb.user_id and m.track_id = rb.track_id
left join ratings_after ra on m.user_id = ra.user_id and m.track_id = ra.track_id
left join listens l on m.user_id = l.user_id
left join controls c on m.user_id = c.user_id
left join neighbours n on m.user_id = n.user_id
left join votes v on m.user_id = v.user_id and m.list = v.list and m.track_id = v.track_id
order by m.user_id, m.list, m.change, coalesce(m.rank_after, m.rank_before), m.track_id;
