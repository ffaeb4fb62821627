"""Forgetting one listener in small: by columns where they tell, in every spelling where they do not, and nobody else."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake
from recsys.errors import UsageError
from recsys.forgetting import Listener, forget
from recsys.ingest import ingest
from recsys.ingest.exports import ingest_export
from recsys.lake import Batch
from recsys.providers.cache import Cache
from recsys.tables import CHECKS, EVENTS, REJECTS
from tests.support.bytes import naming

WHO = 'Zoë/"1"+'
GOOD = {"user_id": "bob", "track_id": "t1", "type": "play"}
BAD = {"track_id": "t1", "type": "no such word"}


def escaped(name: str, *, upper: bool) -> str:
    """Every character as JSON may write it."""
    return "".join(f"\\u{ord(sign):04{'X' if upper else 'x'}}" for sign in name)


SPELLINGS = {
    "json": json.dumps({"user_id": WHO}),
    "json, plain": json.dumps({"user_id": WHO}, ensure_ascii=False),
    "json, all escaped": f'{{"user_id": "{escaped(WHO, upper=False)}"}}',
    "json, upper case": f'{{"user_id": "{escaped(WHO, upper=True)}"}}',
    "json, slash escaped": json.dumps({"user_id": WHO}).replace("/", "\\/"),
    "decomposed": json.dumps({"user_id": unicodedata.normalize("NFD", WHO)}, ensure_ascii=False),
    "csv": '"' + WHO.replace('"', '""') + '",t1,play,too,many',
    "csv, cut": '"' + WHO.replace('"', '""') + '",t1,play,"not closed',
    "latin-1": json.dumps({"user_id": WHO}, ensure_ascii=False),
    "address": "user=Zo%C3%AB%2F%221%22%2B&type=play",
}


def stored(lake: Lake, lines: list[str], encoding: str = "utf-8") -> Batch:
    """A file of bad lines and one good one of somebody else, ingested."""
    path = lake.root.parent / "events.jsonl"
    path.write_bytes(b"\n".join([json.dumps(GOOD).encode(), *(line.encode(encoding) for line in lines)]))
    ingest(lake, "events", [path])
    return lake.batches("events")[-1]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.mark.slow
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_the_id_stays_in_rows_that_could_not_be_read(spelling: str, lake: Lake) -> None:
    text = SPELLINGS[spelling]
    line = text if not text.startswith("{") or spelling == "latin-1" else text[:-1] + ', "type"'
    before = stored(lake, [line], "latin-1" if spelling == "latin-1" else "utf-8").read_rejects()
    assert before["user_id"].to_list() == [None]
    assert before["raw"][0]
    forget(lake, Listener(WHO))
    after = lake.batches("events")[-1].read_rejects()
    assert after["raw"].to_list() == [None]
    assert after.drop("raw").equals(before.drop("raw"))


def test_rows_go_by_their_column_and_those_of_similar_names_stay(lake: Lake) -> None:
    users = ["ann", "ann-2", "mary.ann", "bob"]
    rejects = stored(lake, [json.dumps({"user_id": user, **BAD}) for user in users]).read_rejects()
    assert rejects["user_id"].to_list() == users
    forget(lake, Listener("ann"))
    left = lake.batches("events")[-1].read_rejects()
    assert left.equals(rejects.filter(pl.col("user_id") != "ann"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["events.csv", "events.parquet", "events.json"])
def test_every_format_tells_whose_row_was_rejected(name: str, lake: Lake, tmp_path: Path) -> None:
    path, rows = tmp_path / name, pl.DataFrame([GOOD, {"user_id": WHO, **BAD}])
    {"csv": rows.write_csv, "parquet": rows.write_parquet, "json": rows.write_json}[path.suffix[1:]](path)
    ingest(lake, "events", [path])
    assert lake.rejects()["user_id"].to_list() == [WHO]
    forget(lake, Listener(WHO))
    assert lake.rejects().is_empty()


def test_a_row_with_a_field_that_is_no_column_has_its_listener(lake: Lake) -> None:
    rejects = stored(lake, [json.dumps({"user_id": WHO, **BAD, "odd": 1}), json.dumps({"user_id": 5, "odd": 1})]).read_rejects()
    assert rejects["code"].to_list() == ["unknown_field"] * 2
    assert rejects["user_id"].to_list() == [WHO, None]


def test_rows_that_cannot_be_read_lose_their_text_where_the_listener_has_others(lake: Lake) -> None:
    good = json.dumps({**GOOD, "user_id": "ann"})
    before = stored(lake, [good, '{"user_id": "an', json.dumps({"user_id": "bob", **BAD})]).read_rejects()
    forget(lake, Listener("ann"))
    after = lake.batches("events")[-1].read_rejects()
    assert after.height == before.height == 2
    assert after["raw"].is_null().to_list() == [True, False]


def test_a_reason_that_names_the_listener_goes(lake: Lake) -> None:
    row = {
        "batch": "0" * 64,
        "table": "events",
        "source": "x",
        "line": 1,
        "column": "ann",
        "code": "type",
        "reason": "ann is odd",
    }
    events = pl.DataFrame([GOOD])
    lake.add_batch("events", events, rejects=REJECTS.conform(pl.DataFrame([row])), source="x", digest="0" * 64, rows_read=2)
    forget(lake, Listener("ann"))
    assert lake.rejects().select("column", "reason").rows() == [(None, "removed")]


def test_an_export_is_its_listeners(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "scrobbles.csv"
    path.write_text("artist,track,uts\nAda,One,1700000000\nAda,Two,yesterday\n")
    ingest_export(lake, WHO, [path])
    assert lake.rejects()["user_id"].to_list() == [WHO]
    forget(lake, Listener(WHO))
    assert lake.rejects().is_empty()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["NFC", "NFD", "latin-1"])
def test_file_names_however_they_are_composed(form: str, lake: Lake, tmp_path: Path) -> None:
    name = "Zoë.csv" if form == "latin-1" else unicodedata.normalize(form, "Zoë.csv")
    path = tmp_path / (name.encode("latin-1").decode("utf-8", "surrogateescape") if form == "latin-1" else name)
    try:
        path.write_text("user_id,track_id,type\nbob,t1,play\n")
    except (OSError, UnicodeError):
        pytest.skip("this disk takes no such names")
    ingest(lake, "events", [path])
    forget(lake, Listener("Zoë"))
    assert [batch.source for batch in lake.batches()] == ["removed.csv"]
    assert lake.input("events")["source"].to_list() == ["csv removed.csv"]


def test_what_killed_provider_calls_left(lake: Lake) -> None:
    stored(lake, [])
    cache = Cache(lake.root / "cache")
    with cache.changing("listenbrainz") as state:
        state.last_error, state.disabled = "no such user: ann", "ann said no"
        state.blocked, state.refused, state.cursors = {"/1/user/ann": 1.0, "/x": 2.0}, {"ann": 1.0}, {"ann": "1", "bob": "2"}
    draft = lake.root / "cache" / "listenbrainz" / "state.77.12"
    draft.parent.mkdir()
    draft.write_text('{"cursors": {"ann": "1"}}')
    assert forget(lake, Listener("ann")).answers == 2
    state = cache.state("listenbrainz")
    assert (state.last_error, state.disabled, state.blocked, state.refused) == (None, None, {"/x": 2.0}, {})
    assert state.cursors == {"bob": "2"}
    assert naming(lake.root, "ann") == []


def test_what_a_provider_said_of_others_stays(lake: Lake) -> None:
    cache = Cache(lake.root / "cache")
    with cache.changing("listenbrainz") as state:
        state.last_error, state.disabled, state.cursors = "no such user: joann", "bob said no", {"ann": "1"}
    assert Listener("ann").answers(cache) == 1
    state = cache.state("listenbrainz")
    assert (state.last_error, state.disabled, state.cursors) == ("no such user: joann", "bob said no", {})


@pytest.mark.parametrize("who", ["*", "", " ", "\t"])
def test_nobody_in_particular_cannot_be_forgotten(who: str) -> None:
    with pytest.raises(UsageError, match="is not a single listener; name one"):
        Listener(who)


def test_file_names_that_name_the_listener_go_and_others_stay(lake: Lake) -> None:
    for number, name in enumerate(("ann.csv", "joann.csv")):
        rows = EVENTS.conform(pl.DataFrame([{**GOOD, "source": f"csv {name}"}]))
        lake.add_batch("events", rows, rejects=REJECTS.empty(), source=name, digest=f"{number:064}", rows_read=1)
    forget(lake, Listener("ann"))
    assert [batch.source for batch in lake.batches()] == ["removed.csv", "joann.csv"]
    assert lake.input("events")["source"].to_list() == ["csv removed.csv", "csv joann.csv"]


def test_examples_of_checks_and_pages_go() -> None:
    listener = Listener("ann")
    rows = CHECKS.conform(
        pl.DataFrame(
            {
                "table": ["ratings"] * 3,
                "rule": ["a", "b", "c"],
                "severity": ["warn"] * 3,
                "failures": [1, 1, 0],
                "passed": [False, False, True],
                "example": ["user_id=ann, track_id=t", "user_id=joann", None],
            }
        )
    )
    assert listener.run("checks", rows)["example"].to_list() == [None, "user_id=joann", None]
    assert listener.holds(b"<td>ann</td>")
    assert not any(listener.holds(text) for text in (b"<td>joanna</td>", b"<td>anna</td>", b"joann"))
    assert Listener("a&b").holds(b"<td>a&amp;b</td>")
