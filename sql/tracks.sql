-- Purpose: the catalogue a run uses: the latest version of every track, without mentions the catalogue has under another id.
-- Rules:   a mention (a listening history names the song) never takes the place of a record from track metadata
-- Grain:   one row per id. Two rows of one id in the same batch both stay, in their order (ingest refuses them; a caller may not).
-- Inputs:  input_tracks (with batch, row), aliases (id, track_id)
-- Order:   id, then row
select * exclude (batch, row, latest)
from (
    select *, max(batch) over (partition by id) as latest
    from input_tracks
    where origin is distinct from 'mention'
        or id not in (select id from input_tracks where origin is distinct from 'mention')
)
where batch = latest
  and id not in (select id from aliases)
order by id, row;
