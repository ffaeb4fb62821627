"""Suites of Great Expectations, judged on a run's tables. Importing the library takes seconds: only who has suites waits."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from recsys.errors import InputError
from recsys.lake import Run

MILD = ("warning", "info")
_NAMED = ("column", "column_A", "column_B", "column_list")


class Verdict(NamedTuple):
    """What became of one expectation; ``unexpected`` = values or rows that break it, 1 where it is about a whole table."""

    rule: str
    mild: bool
    success: bool
    unexpected: int
    example: str | None


def table_of(suite: dict[str, Any], run: Run, stem: str) -> str:
    """The table that a suite is about: ``meta.table``, else its name, else the file's. Raises :class:`InputError` for none."""
    meta = suite.get("meta")
    names = [meta.get("table") if isinstance(meta, dict) else None, suite.get("name"), stem]
    for name in names:
        if name in run.tables:
            return str(name)
    raise InputError(f"no table is named; write it as meta.table; allowed: {', '.join(run.tables)}")


def judge(run: Run, text: str, stem: str) -> tuple[str, list[Verdict]]:
    """Table and verdicts of a suite in JSON. Raises :class:`InputError` for one that cannot be read or judged."""
    try:
        suite = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from error
    if not isinstance(suite, dict) or not isinstance(suite.get("expectations"), list) or not suite["expectations"]:
        raise InputError("no suite of Great Expectations: an object with a list `expectations` is needed")
    table = table_of(suite, run, stem)
    try:
        with quiet_context() as context:
            return table, list(_verdicts(context, run, table, suite["expectations"]))
    except InputError:
        raise
    except Exception as error:  # whatever the library makes of what an analyst wrote
        raise InputError(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}") from error


@contextmanager
def quiet_context() -> Iterator[Any]:
    """A data context of Great Expectations that keeps, prints and sends nothing."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library's own imports
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        yield context


def _verdicts(context: Any, run: Run, table: str, expectations: list[Any]) -> Iterator[Verdict]:
    import great_expectations as gx

    suite = context.suites.add(gx.ExpectationSuite(name=table, expectations=expectations))
    asset = context.data_sources.add_pandas("run").add_dataframe_asset(table)
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": _frame(run, table, expectations)})
    results: list[Any] = batch.validate(suite, result_format="SUMMARY").results
    if len(results) != len(expectations):  # the library leaves out what it does not know
        known = {result.expectation_config.type for result in results}
        lost = [str(one.get("type")) for one in expectations if one.get("type") not in known]
        raise InputError(
            f"{len(expectations) - len(results)} of {len(expectations)} expectations are not known: {', '.join(lost)}"
        )
    yield from map(_verdict, results)


def _frame(run: Run, table: str, expectations: list[Any]) -> Any:
    """The columns that the expectations name, as pandas has them; all of them where one names none."""
    columns: set[str] = set()
    for one in expectations:
        kwargs = one.get("kwargs", {})
        named = [kwargs[key] for key in _NAMED if key in kwargs]
        if not named or "row_condition" in kwargs or str(one.get("type")).startswith("expect_table_"):
            return run.scan(table).collect().to_pandas()
        columns.update(*[name if isinstance(name, list) else [name] for name in named])
    if missing := sorted(columns - {*run.scan(table).collect_schema().names()}):
        raise InputError(f"{table} has no column {missing[0]!r}")
    return run.scan(table).select(sorted(columns)).collect().to_pandas()


def _verdict(result: Any) -> Verdict:
    config, outcome = result.expectation_config, result.result or {}
    failed = (result.exception_info or {}).get("raised_exception")
    if failed:
        raise InputError(f"{config.type}: {result.exception_info.get('exception_message')}")
    kwargs = {key: value for key, value in config.kwargs.items() if key != "batch_id"}
    rule = (config.meta or {}).get("rule") or f"{config.type} {json.dumps(kwargs, ensure_ascii=False, default=str)}"
    examples = outcome.get("partial_unexpected_list") or []
    unexpected = 0 if result.success else int(outcome.get("unexpected_count") or 1)
    severity = getattr(config.severity, "value", config.severity)
    return Verdict(rule, severity in MILD, bool(result.success), unexpected, str(examples[0]) if examples else None)
