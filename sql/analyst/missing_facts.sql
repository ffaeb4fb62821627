-- Question: how much of the catalogue, and of what is played, lacks the facts that lists rest on?
-- Grain:    one row per fact
-- Units:    tracks: those without it; share 0-1 of the catalogue; played_share 0-1 of the ratings of catalogue tracks
-- Order:    played_share downwards, fact
with facts as (
    select id, unnest([
        {'fact': 'audio', 'lacks': energy is null},
        {'fact': 'genres', 'lacks': coalesce(len(genres), 0) = 0},
        {'fact': 'popularity', 'lacks': popularity is null},
        {'fact': 'release date', 'lacks': release_date is null},
        {'fact': 'length', 'lacks': duration_ms is null},
        {'fact': 'ISRC', 'lacks': isrc is null},
        {'fact': 'MusicBrainz id', 'lacks': mbid is null}
    ], recursive := true)
    from tracks
),
rated as (
    select track_id, count(*) as ratings from ratings group by track_id
)
select
    f.fact,
    count(*) filter (f.lacks) as tracks,
    round(count(*) filter (f.lacks) / count(*), 4) as share,
    round(coalesce(sum(r.ratings) filter (f.lacks), 0) / nullif(sum(r.ratings), 0), 4) as played_share
from facts f
left join rated r on f.id = r.track_id
group by f.fact
order by played_share desc, f.fact;
