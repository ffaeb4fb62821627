"""The runner of relational models: frames or files in, nothing left behind; and what every model says of itself."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from recsys import models
from recsys.inputs import InputFiles
from recsys.tables import EVENTS

ROOT = Path(__file__).parent.parent
MODELS = sorted((ROOT / "sql").glob("*.sql"))
PURE = [*(ROOT / "recsys" / "stages").rglob("*.py"), *(ROOT / "recsys" / "readers").glob("*.py")]
RUN_BY_STAGES = sorted({name for path in PURE for name in re.findall(r'models\.run\(\s*"(\w+)"', path.read_text("utf-8"))})


@pytest.fixture
def sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models of one's own."""
    monkeypatch.setattr(models, "SQL", tmp_path)
    return tmp_path


def test_frames_and_files_give_the_same_rows(sql: Path, tmp_path: Path) -> None:
    (sql / "total.sql").write_text("select sum(x)::bigint as total from numbers")
    frames = [pl.DataFrame({"x": [1, 2]}), pl.DataFrame({"x": [3]})]
    files = [tmp_path / f"{number}.parquet" for number in range(2)]
    for frame, file in zip(frames, files, strict=True):
        frame.write_parquet(file)
    assert models.run("total", {"numbers": pl.concat(frames)}).item() == 6
    assert models.run("total", {"numbers": files}).item() == 6


def test_ingested_files_have_the_contracts_columns_and_the_batch_of_their_folder(sql: Path, tmp_path: Path) -> None:
    """A folder ``000003.1`` is batch 3 after somebody was removed from it."""
    (sql / "rows.sql").write_text("select user_id, plays, source, occurred_at, batch from events order by batch")
    (sql / "input.sql").write_text((ROOT / "sql" / "input.sql").read_text())
    paths = [tmp_path / "inputs 'of' [me]" / name / "0a.parquet" for name in ("000001", "000003.1")]
    for path, columns in zip(paths, ({"plays": [2]}, {"source": ["s"]}), strict=True):
        path.parent.mkdir(parents=True)
        pl.DataFrame({"user_id": ["u"], "track_id": ["a"], "type": ["play"], **columns}).write_parquet(path)
    result = models.run("rows", {"events": InputFiles(EVENTS, tuple(paths))})
    assert result.rows() == [("u", 2, None, None, 1), ("u", None, "s", None, 3)]
    assert result.schema["occurred_at"] == EVENTS["occurred_at"].dtype
    assert models.run("rows", {"events": InputFiles(EVENTS, ())}).schema == result.schema
    with duckdb.connect() as con:  # as the views of analysts have it
        con.execute("set variable batches = $1", [[models.literal(path) for path in paths]])
        assert [row[-1] for row in con.sql((sql / "input.sql").read_text()).order("batch").fetchall()] == [1, 3]


def test_rows_that_stay_on_the_disk(sql: Path, tmp_path: Path) -> None:
    (sql / "part.sql").write_text("select x, x % 11 as part from numbers")
    numbers = pl.DataFrame({"x": range(40)})
    models.write("part", {"numbers": numbers}, tmp_path / "one.parquet")
    assert models.scan([tmp_path / "one.parquet"]).collect()["x"].to_list() == list(range(40))
    for _ in range(2):  # again over what a try before left
        parts = models.divide("part", {"numbers": numbers}, tmp_path / "parts", "part", 3)
    assert [models.scan(part).collect()["x"].to_list() for part in parts] == [list(range(n, 40, 11)) for n in range(11)]


@pytest.mark.parametrize("parts", [1, 64])
def test_a_table_is_divided_with_few_rows_in_memory(sql: Path, tmp_path: Path, parts: int) -> None:
    (sql / "held.sql").write_text("select current_setting('partitioned_write_flush_threshold') as held, 0 as part")
    held = models.scan(models.divide("held", {}, tmp_path / "parts", "part", parts)[0]).collect()["held"].item()
    with models._cursor() as con:
        assert int(held) == models._flushed(con, parts)


def test_of_many_parts_fewer_rows_are_held_of_each() -> None:
    with duckdb.connect(config={"threads": 2}) as con:
        held = {parts: models._flushed(con, parts) for parts in (1, 8, 16, 64, 10**6)}
    assert held == {1: models.FLUSHED, 8: models.FLUSHED, 16: models.FLUSHED // 2, 64: models.FLUSHED // 8, 10**6: 4_096}


def test_nothing_is_printed_while_a_model_runs(sql: Path) -> None:
    (sql / "bar.sql").write_text("select current_setting('enable_progress_bar') as bar")
    assert models.run("bar", {}).item() is False


def test_what_does_not_fit_in_memory_goes_to_a_folder_of_our_own(sql: Path) -> None:
    (sql / "spill.sql").write_text("select current_setting('temp_directory') as folder")
    folder = Path(models.run("spill", {}).item())
    assert Path.cwd() not in folder.parents
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("value", ["text with 'quotes'", 0.1, True, datetime(2026, 6, 1, 12, tzinfo=UTC)])
def test_variables_arrive_as_they_are(sql: Path, value: models.Variable) -> None:
    (sql / "echo.sql").write_text("select getvariable('given') as found")
    assert models.run("echo", {}, {"given": value}).item() == value


def test_nothing_stays_for_the_next_run(sql: Path) -> None:
    (sql / "echo.sql").write_text("select getvariable('given') as found")
    (sql / "look.sql").write_text("from numbers")
    models.run("echo", {"numbers": pl.DataFrame({"x": [1]})}, {"given": 1.0})
    assert models.run("echo", {}).item() is None
    with pytest.raises(duckdb.CatalogException):
        models.run("look", {})


def test_days_begin_at_midnight_utc(sql: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    (sql / "day.sql").write_text("select strftime(moment, '%d') as day from moments")
    moments = pl.DataFrame({"moment": [datetime(2026, 6, 1, 23, tzinfo=UTC)]})
    assert models.run("day", {"moments": moments}).item() == "01"


def test_threads_do_not_see_each_others_views(sql: Path) -> None:
    (sql / "look.sql").write_text("select x from numbers")
    with ThreadPoolExecutor(4) as pool:
        result = pool.map(lambda x: models.run("look", {"numbers": pl.DataFrame({"x": [x]})}).item(), range(40))
    assert list(result) == list(range(40))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_says_what_it_is(path: Path) -> None:
    header = re.match(r"(?:--.*\n)+", path.read_text(encoding="utf-8"))
    assert header
    assert [word for word in ("Purpose", "Grain", "Inputs") if not re.search(rf"^-- {word}: ", header[0], re.MULTILINE)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "sql").rglob("*.sql")), ids=lambda path: path.stem)
def test_every_window_has_an_order(path: Path) -> None:
    windows = re.findall(r"(row_number|rank|first|lag|lead)\w*\([^)]*\)\s+over\s*\(([^)]*)\)", path.read_text(encoding="utf-8"))
    assert [inside for _, inside in windows if inside and "order by" not in inside] == []


def test_every_model_of_a_stage_has_a_test() -> None:
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "sql").glob("test_*.py")} | {"checks", "account"}
    assert len(RUN_BY_STAGES) >= 10
    assert set(RUN_BY_STAGES) - tested == set()


def test_rows_within_bounds(tmp_path: Path) -> None:
    pl.DataFrame({"x": ["a", None, "b", "c", "é"]}).write_parquet(tmp_path / "rows")

    def read(low: str | None, high: str | None) -> list[str | None]:
        rows = models.Within((tmp_path / "rows",), "x", low, high)
        (values,) = models.aggregate(rows, [duckdb.FunctionExpression("list", duckdb.ColumnExpression("x"))])
        return values or []

    assert read(None, "b") == ["a", None]
    assert read("b", "c") == ["b"]
    assert read("c", None) == ["c", "é"]
    assert read("x", "y") == []


class TestRepeats:
    def test_rows_whose_key_an_earlier_one_has(self, tmp_path: Path) -> None:
        random = np.random.default_rng(5)
        rows = pl.DataFrame({"user": random.integers(0, 4, 300).astype(str), "rank": random.integers(0, 127, 300)})
        rows.write_parquet(tmp_path / "rows.parquet")
        for there in (rows, [tmp_path / "rows.parquet"]):
            assert models.repeated_keys(there, ("user",), "rank") == 300 - rows.n_unique() > 0
        assert models.repeated_keys(rows.unique(), ("user",), "rank") == 0
        assert models.repeated_keys(rows.clear(), ("user",), "rank") == 0

    @pytest.mark.parametrize("odd", [-1, 127, None])
    def test_numbers_that_are_no_bits(self, odd: int | None) -> None:
        rows = pl.DataFrame({"user": ["a", "a"], "rank": [1, odd]}, {"user": pl.String, "rank": pl.Int32})
        assert models.repeated_keys(rows, ("user",), "rank") is None
