"""JSON objects under other names: what the caller said, well-known tables, answers of Spotify's API."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from recsys.errors import InputError
from recsys.ingest import ingest
from recsys.ingest.objects import tracks_of, unpaged
from recsys.lake import Lake
from tests.ingest.conftest import Put


def answer(name: str, **more: Any) -> dict[str, Any]:
    """A track object of the API, with fewer fields around it."""
    return {
        "album": {"id": "l", "name": "Long Player", "release_date": "2011-05", "images": [], "artists": [{"name": "Various"}]},
        "artists": [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Bel"}],
        "available_markets": ["DE"],
        "duration_ms": 200_000,
        "explicit": False,
        "external_ids": {"isrc": "usabc1234567"},
        "id": name * 22,
        "name": f"Song {name}",
        "popularity": 57,
        "type": "track",
        "uri": f"spotify:track:{name * 22}",
    } | more


def item(track: object) -> dict[str, object]:
    return {"added_at": "2020-01-01T00:00:00Z", "track": track}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(answer("a")),
        json.dumps(answer("a"), indent=2),
        json.dumps([answer("a")]),
        json.dumps({"tracks": [answer("a")]}),
        json.dumps({"tracks": {"items": [answer("a")], "total": 1}}, indent=1),
        json.dumps({"href": "x", "items": [item(answer("a"))]}, indent=1),
        json.dumps([{"items": [item(answer("a"))]}, {"items": []}]),
    ],
)
def test_answers_of_spotify(text: str, lake: Lake, put: Put) -> None:
    (done,) = ingest(lake, "tracks", [put("t.json", text)])
    (row,) = lake.input("tracks").to_dicts()
    wanted = {
        "id": "a" * 22, "title": "Song a", "artist": "Ada", "artists": ["Ada", "Bel"], "album": "Long Player",
        "release_date": "2011-05", "duration_ms": 200_000, "popularity": 0.57, "explicit": False, "isrc": "USABC1234567",
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    assert (done.rows_read, done.kept, done.note) == (1, 1, "ignored: available_markets, type, uri")


def test_lines_of_answers_beside_rows_that_are_none(lake: Lake, put: Put) -> None:
    rows = [
        answer("a", album=None),
        item(None),
        item({"type": "episode", "name": "e", "id": "e"}),
        {"name": "x"},
        answer("b", id=None),
    ]
    (done,) = ingest(lake, "tracks", [put("t.jsonl", "\n".join(map(json.dumps, rows)))])
    assert lake.input("tracks").select("id", "title", "album").rows() == [
        ("a" * 22, "Song a", None),
        ("b" * 22, "Song b", "Long Player"),
    ]
    assert (done.rows_read, done.kept, done.causes) == (5, 2, {"missing": 1, "podcast": 1, "unknown_field": 1})


def test_names_of_others_in_json(lake: Lake, put: Put) -> None:
    well_known = [{"track_id": "a", "track_name": "One", "track_popularity": 40, "index": 0, "playlist_id": "p"}]
    (done,) = ingest(lake, "tracks", [put("t.json", json.dumps(well_known))])
    assert done.note == "ignored: index, playlist_id"
    playlists = {
        "playlists": [{"tracks": [{"track_uri": f"spotify:track:{'c' * 22}", "track_name": "Two", "artist_name": "Ada"}]}]
    }
    ingest(lake, "tracks", [put("mpd.json", json.dumps(playlists))])
    ingest(lake, "tracks", [put("own.jsonl", '{"ref":"d","called":"Three"}')], columns={"id": "ref", "title": "called"})
    rows = lake.input("tracks").sort("title").select("id", "title", "artist", "popularity").rows()
    assert rows == [("a", "One", None, 0.4), ("d", "Three", None, None), ("c" * 22, "Two", "Ada", None)]


def test_rows_of_a_document(lake: Lake, put: Put) -> None:
    pandas = {"schema": {"fields": []}, "data": [{"index": 0, "id": "a", "title": "One"}]}
    (done,) = ingest(lake, "tracks", [put("t.json", json.dumps(pandas))])
    assert (done.kept, done.note) == (1, "ignored: index")
    events = {"events": [{"user_id": "u", "track_id": "a", "type": "play"}]}
    (done,) = ingest(lake, "events", [put("e.json", json.dumps(events, indent=1))])
    assert (done.rows_read, done.kept) == (1, 1)


ROW = {"user_id": "ann", "track_id": "a", "type": "play", "completed_ms": 1}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROW, indent=1) + "\n" + json.dumps(ROW | {"track_id": "b"}, indent=1),
        json.dumps([[ROW], [ROW | {"track_id": "b"}]]),
        json.dumps({"events": [ROW]}, indent=1) + "\n" + json.dumps({"data": [ROW | {"track_id": "b"}]}, indent=1),
        json.dumps(ROW) + json.dumps(ROW | {"track_id": "b"}),
        json.dumps(ROW) + ",\n" + json.dumps(ROW | {"track_id": "b"}) + ",\n",
    ],
)
def test_what_tools_put_together_is_read_row_by_row(text: str, lake: Lake, put: Put) -> None:
    (report,) = ingest(lake, "events", [put("e.json", text)])
    assert (report.rows_read, lake.input("events")["track_id"].to_list()) == (2, ["a", "b"])


def test_a_line_of_several_among_lines_of_one_counts_as_several(lake: Lake, put: Put) -> None:
    lines = [json.dumps(ROW)] * 2_000 + [json.dumps(ROW) * 3] + [json.dumps(ROW | {"type": "no"})] + [json.dumps(ROW)] * 2_000
    (report,) = ingest(lake, "events", [put("e.jsonl", "\n".join(lines))])
    assert (report.rows_read, report.kept, dict(report.causes)) == (4_004, 4_003, {"allowed": 1})


@pytest.mark.parametrize("values", [["ann"], {"0": "ann"}])
def test_columns_instead_of_rows_are_named(values: object, lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match=r"JSON of columns.*orient='records'"):
        ingest(lake, "events", [put("e.json", json.dumps(dict.fromkeys(ROW, values)))])


def test_what_is_twice_stays_so(lake: Lake, put: Put) -> None:
    for row in ('{"track_id":"b","id":"a"}', '{"ref":"b","id":"a"}'):
        with pytest.raises(InputError, match=r"its only row cannot be used \((twice|unknown_field) 1\)"):
            ingest(lake, "tracks", [put("t.jsonl", row)], columns={"id": "ref"})


def test_a_broken_document_has_a_fault_for_every_line(lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match=r"none of its 2 rows can be used \(json 2\)"):
        ingest(lake, "tracks", [put("t.json", '{"id": "a",\n "title": ')])
    (done,) = ingest(lake, "tracks", [put("u.json", '{"id": "a", "titl\n{"id": "b"}')])
    assert (done.rows_read, done.kept) == (2, 1)


def test_pages_are_looked_into_only_so_deep() -> None:
    deep: dict[str, Any] = {"items": [{"id": "a"}]}
    for _ in range(10):
        deep = {"items": [deep]}
    assert tracks_of({"id": "a"}) is None
    assert tracks_of({"tracks": "a"}) is None
    assert unpaged([1, {"items": [{"items": [2, 3]}]}, None]) == [1, 2, 3, None]
    assert "items" in unpaged([deep])[0]


def test_artists_as_objects_in_a_table(lake: Lake, put: Put) -> None:
    frame = pl.DataFrame({"id": ["a", "b"], "artists": [[{"id": 1, "name": "Ada"}], [{"id": 2, "name": None}]]})
    path = put("t.parquet", b"")
    frame.write_parquet(path)
    (done,) = ingest(lake, "tracks", [path])
    assert (done.kept, done.causes) == (1, {"type": 1})
    text = '{"id":"c","artists":[{"name":"Bel"},{"name":"Cem"}]}\n{"id":"d","artists":[{"nom":"Bel"}]}'
    (done,) = ingest(lake, "tracks", [put("t.jsonl", text)])
    assert (done.kept, done.causes) == (1, {"type": 1})
    assert lake.input("tracks").sort("id")["artists"].to_list() == [["Ada"], ["Bel", "Cem"]]
