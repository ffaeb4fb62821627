-- Purpose: what each listener's events say about each song.
-- Grain:   one row per listener and song with at least one event, under the release heard last (track_id, which may be missing
--          from the catalogue)
-- Inputs:  events, controls (history_from, ignored_contexts), releases (track_id, song) of songs with several;
--          variables as_of (timestamptz), half_life_days (days), undated_decay (0-1)
-- Units:   points: like 1, save 0.9, play 0.45 (over 30 s) or 0.2, skip -0.55, dislike -1, hide -1.25; an event's own weight wins.
--          An event that counts several plays is as many.
--          Decay halves every half_life_days and is 1 for events after as_of.
-- Sums are decimal, so that no order of addition changes a bit; decay is counted from the pair's newest event and applied to
-- the sum, so that very old events keep their digits, and that a pair's sum is the same to the bit whenever it is looked at.
-- Order:   user_id, track_id
with weighted as (
    select
        e.user_id,
        e.track_id,
        coalesce(r.song, e.track_id) as song,
        -- a weight of -1 says what a dislike says
        e.type in ('dislike', 'hide') or coalesce(e.weight <= -1, false) as against,
        e.type,
        e.occurred_at,
        coalesce(e.weight, case e.type
            when 'like' then 1.0
            when 'save' then 0.9
            when 'play' then case when e.completed_ms > 30000 then 0.45 else 0.20 end
            when 'skip' then -0.55
            when 'dislike' then -1.0
            when 'hide' then -1.25
            else 0.0
        end)::double as weight,
        coalesce(e.plays, 1) as times,
        -- whole microseconds, which doubles subtract exactly; an undated event has the age at which an event decays as much
        case
            when e.occurred_at is null then -log2(getvariable('undated_decay')) * getvariable('half_life_days') * 86400e6
            else greatest(0, epoch_us(getvariable('as_of')) - epoch_us(e.occurred_at))
        end::double as age,
        coalesce(e.occurred_at >= c.history_from, c.history_from is null)
            and not coalesce(list_contains(c.ignored_contexts, e.context), false) as shapes
    from events e
    left join controls c on e.user_id = c.user_id
    left join releases r on e.track_id = r.track_id
),
-- of few songs is there more than one release, and only those need to be looked at event by event
heard as (
    select e.user_id, r.song, arg_max(e.track_id, (coalesce(epoch_us(e.occurred_at), 0), e.track_id)) as track_id
    from events e
    join releases r on e.track_id = r.track_id
    group by e.user_id, r.song
),
shaped as (
    select
        *,
        (case when shapes then weight * times else 0 end)::double as effect,
        min(age) over (partition by user_id, song) as youngest
    from weighted
),
decayed as (
    select
        *,
        youngest / 86400e6 / getvariable('half_life_days') as newest,
        pow(0.5, (age - youngest) / 86400e6 / getvariable('half_life_days')) as decay
    from shaped
)
select
    s.user_id,
    coalesce(any_value(h.track_id), s.song) as track_id,
    sum(effect::decimal(38, 15))::double as rating,
    sum((greatest(effect, 0) * decay)::decimal(38, 15))::double * pow(0.5, min(newest)) as liked,
    sum((greatest(-effect, 0) * decay)::decimal(38, 15))::double * pow(0.5, min(newest)) as disliked,
    sum(greatest(effect, 0)::decimal(38, 15))::double as positive,
    sum(times)::bigint as events,
    coalesce(sum(times) filter (weight < 0), 0)::bigint as negative_events,
    bool_or(weight > 0) as known,
    coalesce(
        arg_max(against, (coalesce(epoch_us(occurred_at), 0), against)) filter (against or type in ('like', 'save')),
        false
    ) as rejected,
    max(occurred_at) as last_at
from decayed s
left join heard h on s.user_id = h.user_id and s.song = h.song
group by s.user_id, s.song
order by s.user_id, 2;
