"""Pieces of the lookup's files: stored by whoever made a part of the tables or made at the end, the files are the same bytes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake, Settings
from recsys.demo import AS_OF
from recsys.lake import Plan, Run, Staged
from recsys.lookup import pieces, slices, writer
from recsys.lookup.names import FILES, name
from recsys.lookup.pieces import PIECES, TABLES_OF, numbered_tracks, pieces_version, sorted_tracks, store_pieces

USERS = (["*", "demo-u001"], [], ["demo-u002"], ["demo-u003", "demo-u005"])
"""Listeners of each part."""


@pytest.fixture
def plan(published: Lake) -> Plan:
    return published.plan(Settings(), AS_OF, [])


@contextmanager
def tables(lake: Lake, plan: Plan, run: Run) -> Iterator[Staged]:
    """A staged run with the tables of a few listeners, part by part."""
    with lake.stage(plan) as staged:
        for table in ("tracks", "controls", "profiles", "ratings"):
            staged.write(table, run.read(table))
        for table in TABLES_OF.values():
            for part, users in enumerate(USERS):
                staged.write(table, run.read(table).filter(pl.col("user_id").is_in(users)), part)
        yield staged


def store(staged: Staged, run: Run, parts: Collection[int]) -> None:
    numbered = numbered_tracks(sorted_tracks(run.read("tracks")))
    for part in parts:
        staged.adopt(store_pieces(staged.path, f"part-{part:05d}.parquet", numbered))


def written(staged: Staged) -> dict[str, bytes]:
    """The lookup's files by name; they are all that is left of it."""
    writer.write(staged)
    assert not (staged.path / PIECES).exists()
    assert {file.path for file in staged.close() if not file.table} == {*map(name, FILES), "lookup/places.json"}
    return {file: (staged.path / name(file)).read_bytes() for file in FILES}


@pytest.fixture
def alone(tmp_path: Path, plan: Plan, run: Run) -> dict[str, bytes]:
    """The files where nobody stored a piece."""
    with tables(Lake(tmp_path / "alone"), plan, run) as staged:
        return written(staged)


def pieces_of(staged: Staged, file: str) -> list[Path]:
    return sorted((staged.path / PIECES / pieces_version() / file).iterdir())


@pytest.mark.parametrize("parts", [(3, 1), *(pytest.param(parts, marks=pytest.mark.slow) for parts in ((0, 1, 2, 3), (2,)))])
def test_stored_or_not_the_files_are_the_same_bytes(
    parts: tuple[int, ...], tmp_path: Path, plan: Plan, run: Run, alone: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(pieces, "_packed", lambda *args, packed=pieces._packed: made.append(1) or packed(*args))
    with tables(Lake(tmp_path / "lake"), plan, run) as staged:
        store(staged, run, parts)
        stored = len(made)
        assert written(staged) == alone
    assert stored == sum(bool(USERS[part]) for part in parts)
    assert len(made) == 3  # a part each, once


def test_a_piece_ends_where_its_part_does(tmp_path: Path, plan: Plan, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 7)
    with tables(Lake(tmp_path / "lake"), plan, run) as staged:
        numbered = numbered_tracks(sorted_tracks(run.read("tracks")))
        for file in TABLES_OF:
            made = pieces.make_pieces(file, staged.files(TABLES_OF[file]), numbered)
            users = [set(piece.lists["user_id"]) for piece in made]
            assert len(users) > 3
            assert all(any(own <= set(part) for part in USERS) for own in users)


@pytest.mark.slow
@pytest.mark.parametrize("file", [*TABLES_OF, "index"])
def test_a_damaged_piece_is_made_again_and_that_is_said(
    file: str, tmp_path: Path, plan: Plan, run: Run, alone: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with tables(Lake(tmp_path / "lake"), plan, run) as staged, caplog.at_level(logging.WARNING, "recsys"):
        store(staged, run, (0, 2))
        place = pieces_of(staged, file)[1]
        content = place.read_bytes()
        place.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        assert written(staged) == alone
    assert f"{place}: its content is not what was written; it is made again" in caplog.text


@pytest.mark.slow
def test_pieces_of_a_stopped_run_are_used_and_those_of_other_sources_are_not(
    tmp_path: Path, plan: Plan, run: Run, alone: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path / "lake")
    with suppress(KeyboardInterrupt), tables(lake, plan, run) as staged:
        store(staged, run, (0, 2))
        pieces_of(staged, "pool")[0].write_bytes(b"cut short")
        raise KeyboardInterrupt
    with suppress(KeyboardInterrupt), tables(lake, plan, run) as staged:
        assert [path.stem for path in pieces_of(staged, "pool")] == ["part-00002"]
        assert staged.handed_file(f"{PIECES}/{pieces_version()}/rows/part-00000.arrow")
        with monkeypatch.context() as patch:
            patch.setattr(pieces, "pieces_version", lambda: "another")
            joined = pieces.Joined(staged, "rows", numbered_tracks(sorted_tracks(run.read("tracks"))))
            assert sum(batch.num_rows for batch in joined.batches()) == joined.index().height > 0
        assert len(pieces_of(staged, "rows")) == 2  # nobody read them
        raise KeyboardInterrupt
    with tables(lake, plan, run) as staged:
        assert written(staged) == alone
