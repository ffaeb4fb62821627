"""The lookup files hold what the tables hold, however the tables are cut into slices and parts."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake, Settings
from recsys.demo import AS_OF
from recsys.lake import Run
from recsys.lookup import pieces, slices, writer
from recsys.lookup import reader as reading
from recsys.lookup.names import DIGITS, FILES, OLD_PARTS, name
from recsys.lookup.reader import Reader
from recsys.tables import FEATURES, FITS


def answers(reader: Reader, run: Run) -> dict[tuple[str, str], list[dict[str, object]]]:
    """Every list of every listener, as the lookup reads it."""
    result = {}
    for user in run.read("profiles")["user_id"]:
        for listed_name, listed in reader.lists(reader.listener(user)).items():
            result[user, listed_name] = json.loads(b"[%b]" % reader.rows(listed, 0, 1000))
    return result


def test_every_ranking_row_is_there_in_order(reader: Reader, run: Run) -> None:
    result = answers(reader, run)
    ranked = run.read("rankings")
    assert sum(map(len, result.values())) == ranked.height > 200
    for row in ranked.iter_rows(named=True):
        there = result[row["user_id"], row["list"]][row["rank"] - 1]
        assert (there["track"]["id"], there["rank"], there["reason_code"]) == (row["track_id"], row["rank"], row["reason_code"])  # type: ignore[index]
        assert there["score"] == there["score_breakdown"]["final"] == round(row["score"], DIGITS)  # type: ignore[index]
        assert there["explanation"] == pytest.approx(dict(zip(FEATURES, row["explanation"], strict=True)), abs=6e-5)


def test_own_tracks_are_named_with_their_shares(reader: Reader, run: Run) -> None:
    result, names = answers(reader, run), {row["id"]: (row["title"], row["artist"]) for row in run.read("tracks").to_dicts()}
    behind = 0
    for row in run.read("rankings").iter_rows(named=True):
        there = result[row["user_id"], row["list"]][row["rank"] - 1]
        assert [(own["track_id"], own["share"]) for own in there["because"]] == [  # type: ignore[attr-defined]
            (own["track_id"], pytest.approx(own["share"], abs=6e-5)) for own in row["because"]
        ]
        assert all((own["title"], own["artist"]) == names[own["track_id"]] for own in there["because"])  # type: ignore[attr-defined]
        assert (there["reason_args"], there["supporters"]) == (row["reason_args"], row["supporters"])
        assert there["because_rest"] == pytest.approx(row["because_rest"], abs=6e-5)
        behind += bool(row["because"])
    assert behind > 50


def test_what_was_heard_last_is_there_newest_first(reader: Reader, run: Run) -> None:
    rated, catalog = run.read("ratings"), set(run.read("tracks")["id"])
    for user in run.read("profiles")["user_id"]:
        rows = rated.filter(pl.col("user_id") == user, pl.col("last_at").is_not_null(), pl.col("track_id").is_in(list(catalog)))
        newest = rows.sort("last_at", "track_id", descending=[True, False]).head(10)
        answer = json.loads(reader.recent(user))
        assert [(one["track_id"], one["events"], one["liked"]) for one in answer] == [
            (row["track_id"], row["events"], row["rating"] > 0) for row in newest.to_dicts()
        ]
    assert json.loads(reader.recent("demo-u001"))
    assert reader.recent("nobody") == b"[]"


def test_the_pool_holds_every_candidate(reader: Reader, run: Run) -> None:
    numbers = dict(enumerate(run.read("tracks")["id"].unique().sort()))
    for (user, listed), rows in run.read("candidates").group_by("user_id", "list", maintain_order=True):
        pool = reader.pool(reader.find_list(reader.listener(str(user)), str(listed)))
        assert [numbers[track] for track, _ in pool] == rows["track_id"].to_list()
        assert [values for _, values in pool] == [
            pytest.approx(row, rel=1e-6, abs=1e-6) for row in rows.select(FITS.get(part, part) for part in OLD_PARTS).iter_rows()
        ]


def test_profiles_controls_and_lists_are_the_stored_rows(reader: Reader, run: Run) -> None:
    for row in run.read("profiles").iter_rows(named=True):
        listener = reader.listener(row["user_id"])
        profile = json.loads(listener.profile)
        assert profile["vector"] == [round(value, DIGITS) for value in row["taste"]]
        assert profile["top_genres"] == {one["name"]: round(one["strength"], DIGITS) for one in row["top_genres"]}
        assert json.loads(listener.controls)["user_id"] == row["user_id"]
    stored = run.read("lists").filter(user_id="demo-u001", list="balanced").row(0, named=True)
    listed = json.loads(reader.record(reader.find_list(reader.listener("demo-u001"), "balanced")))
    assert {key: value for key, value in listed.items() if key != "feature_targets"} == {
        key: value for key, value in stored.items() if key != "feature_targets"
    }


def test_names_that_need_escaping_are_json(reader: Reader) -> None:
    assert reader.listener("demo/ü 100%").known


@pytest.mark.slow
@pytest.mark.parametrize(("size", "first"), [(13, 20), (64, 4), (64, 10)])
def test_slices_and_blocks_change_no_answer(
    size: int, first: int, published: Lake, run: Run, reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = answers(reader, run)
    monkeypatch.setattr(slices, "SLICE", size)
    for module in (pieces, reading):
        monkeypatch.setattr(module, "DEFAULT_LIMIT", first)
    lake = Lake(tmp_path / "lake")
    few = ["*", "demo-u001", "demo-u002"]
    with lake.stage(published.plan(Settings(), AS_OF, [])) as staged:
        for table in ("tracks", "controls", "profiles", "ratings"):
            staged.write(table, run.read(table))
        for table in ("lists", "candidates", "rankings"):
            for part, user in enumerate(few):
                staged.write(table, run.read(table).filter(pl.col("user_id") == user), part)
        writer.write(staged)
        cut = lake.commit(staged, status="passed", seconds={}, metrics={})
    assert answers(Reader(cut), cut) == {key: rows for key, rows in whole.items() if key[0] in few}
    other = Reader(cut)
    listed = other.find_list(other.listener("demo-u001"), "balanced")
    for begin, count in product(range(12), range(1, 12)):
        rows = json.loads(b"[%b]" % other.rows(listed, begin, count))
        assert rows == whole["demo-u001", "balanced"][begin : begin + count]
    assert all(cut.file(name(file)).stat().st_size for file in FILES)
