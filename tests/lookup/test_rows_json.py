"""Rows of tables as JSON text: what a reader of JSON sees in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from recsys.lake import Run
from recsys.lookup import rows_json
from recsys.lookup.names import DIGITS
from recsys.tables import CONTROLS, FEATURES, PARTS, PROFILES, TRACKS
from tests.support.worlds import frame, silent, track

ODD = 'a"b\\c\n/é\u2028<script>'


def parsed(texts: pl.Series) -> list[Any]:
    return [json.loads(text) for text in texts]


def test_tracks_as_lists_show_them_and_what_is_added_alone() -> None:
    rows = frame(TRACKS, [track("t", title=ODD, genres=[ODD], popularity=0.123456789), silent("s", provenance='{"a": "b"}')])
    result = rows_json.tracks(rows)
    full, bare = parsed(result["head"])
    assert list(full) == [*rows_json._TRACK, "features", *rows_json.OFFERS]
    assert (full["title"], full["genres"], full["popularity"]) == (ODD, [ODD], 0.123456789)
    assert list(full["features"]) == list(FEATURES)
    assert bare["features"] is None
    more = [json.loads("{" + text) for text in result["more"]]
    assert [one["provenance"] for one in more] == [None, '{"a": "b"}']
    assert set(more[0]) == set(rows_json.ORIGINS)


def test_rows_are_the_rankings_rounded(run: Run) -> None:
    ranked, tracks = run.read("rankings").head(40), run.read("tracks")
    own = pl.DataFrame({"track_id": tracks["id"], "name": rows_json.names(tracks)})
    heads = tracks.select(pl.col("id").alias("track_id"), rows_json.tracks(tracks)["head"])
    texts = rows_json.rows(ranked.join(heads.head(tracks.height // 2), on="track_id", how="left", maintain_order="left"), own)
    there = set(tracks["id"].head(tracks.height // 2))
    for row, result in zip(ranked.to_dicts(), parsed(texts), strict=True):
        assert (result["track"] is not None) == (row["track_id"] in there)
        assert (result["rank"], result["reason"], result["reason_args"]) == (row["rank"], row["reason"], row["reason_args"])
        assert result["score"] == result["score_breakdown"]["final"] == pytest.approx(row["score"], abs=6e-5)
        assert list(result["score_breakdown"]) == [*rows_json.BREAKDOWN, "final"]
        assert [result["points"][part] for part in PARTS] == pytest.approx([row[f"{part}_points"] for part in PARTS], abs=6e-5)
        assert [one["track_id"] for one in result["because"] or ()] == [one["track_id"] for one in row["because"] or ()]


@pytest.mark.parametrize(
    ("because", "wanted"),
    [
        (None, None),
        ([], []),
        ([{"track_id": "a", "share": 0.123456}], [{"track_id": "a", "title": ODD, "artist": "artist of a", "share": 0.1235}]),
        ([{"track_id": "gone", "share": 1.0}], [{"track_id": "gone", "title": None, "artist": None, "share": 1.0}]),
    ],
)
def test_own_tracks_behind_a_row(because: object, wanted: object) -> None:
    tracks = frame(TRACKS, [track("a", title=ODD)])
    own = pl.DataFrame({"track_id": tracks["id"], "name": rows_json.names(tracks)})
    rows = pl.DataFrame({"because": [because]}, {"because": pl.List(pl.Struct({"track_id": pl.String, "share": pl.Float64}))})
    assert parsed(rows_json._because(rows, own)) == [wanted]


def test_profiles_in_the_shape_of_the_older_service(run: Run) -> None:
    rows = run.read("profiles")
    for row, result in zip(rows.to_dicts(), parsed(rows_json.profiles(rows)), strict=True):
        assert result["user_id"] == row["user_id"]
        assert result["vector"] == pytest.approx(row["taste"], abs=6e-5)
        assert result["top_genres"] == {one["name"]: round(one["strength"], DIGITS) for one in row["top_genres"]}
        assert list(result["top_artists"]) == [one["name"] for one in row["top_artists"][: rows_json.ARTISTS]]
        moment = row["updated_at"] and row["updated_at"].replace(tzinfo=UTC)
        assert (result["updated_at"] and datetime.fromisoformat(result["updated_at"])) == moment
    assert "taste" not in PROFILES.key


def test_stored_records_with_times_and_lists() -> None:
    until = datetime(2027, 1, 2, 3, 4, 5, 6000, tzinfo=UTC)
    postponed = [{"track_id": "t", "until": until}, {"track_id": "s", "until": None}]
    rows = frame(CONTROLS, [{"user_id": ODD, "excluded_artists": [ODD], "postponed_tracks": postponed, "history_from": until}])
    (result,) = parsed(rows_json.records(rows, CONTROLS.names))
    assert list(result) == list(CONTROLS.names)
    assert (result["user_id"], result["excluded_artists"]) == (ODD, [ODD])
    assert datetime.fromisoformat(result["history_from"]) == until
    assert [one["until"] and datetime.fromisoformat(one["until"]) for one in result["postponed_tracks"]] == [until, None]


def test_listings_are_objects_of_numbers_by_list() -> None:
    rows = pl.DataFrame({"user_id": ["a", "a", "b"], "list": ["x", ODD, "x"], "first": [1, 2, 3], "count": [4, 5, 6]})
    result = rows_json.listings(rows)
    assert result["user_id"].to_list() == ["a", "b"]
    assert parsed(result["lists"]) == [{"x": [1, 4], ODD: [2, 5]}, {"x": [3, 6]}]


def test_what_is_no_number_is_null() -> None:
    rows = pl.DataFrame({"score": [float("nan"), 0.5]})
    assert parsed(rows_json.records(rows, ["score"])) == [{"score": None}, {"score": 0.5}]
