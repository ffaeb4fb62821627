"""Data Docs: Great Expectations judges what DuckDB counted, and writes its pages.

One suite per table, one expectation per rule of ``checks``: no row breaks it. Importing the library takes seconds, so only a
night that takes much longer than that does, or one with the setting ``data_docs``. Times and random ids are taken out of the
pages: equal runs have equal pages. They lie beside the run, as its report does, and are no part of it.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from recsys.errors import CheckError
from recsys.readers.expectations import quiet_context

WORTHWHILE = 300.0
"""Seconds of a run from which those of the pages do not count."""
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(rb"20\d{6}T\d{6}\.\d{6}Z")
_REMOTE_LOGO = re.compile(rb"https://great-expectations-web-assets[^\"')]*")


def pages(checked: pl.DataFrame, run_id: str, as_of: datetime) -> dict[str, bytes]:
    """Path in the site → content, ``index.html`` first to open; ``checked`` is a run's table ``checks``.

    Raises :class:`CheckError` when Great Expectations comes to another verdict than the table holds.
    """
    with quiet_context() as context, TemporaryDirectory(prefix="recsys-") as folder:
        _write(context, checked, run_id, as_of, Path(folder))
        files = {path.relative_to(folder).as_posix(): path for path in sorted(Path(folder).rglob("*")) if path.is_file()}
        return {name: _timeless(name, path.read_bytes(), as_of) for name, path in files.items()}


def _write(context: Any, checked: pl.DataFrame, run_id: str, as_of: datetime, folder: Path) -> None:
    from great_expectations.core import RunIdentifier

    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    context.add_data_docs_site("run", {"class_name": "SiteBuilder", "site_index_builder": index, "store_backend": store})
    source = context.data_sources.add_pandas("run")
    for name in checked["table"].unique().sort():
        rows = checked.filter(pl.col("table") == name)
        validation = _validation(context, source, name, rows)
        counts = {rule: [failures] for rule, failures in rows.select("rule", "failures").iter_rows()}
        frame = pl.DataFrame(counts).to_pandas()
        outcome = validation.run(batch_parameters={"dataframe": frame}, run_id=RunIdentifier(run_id, as_of))
        _agree(rows, outcome)
    context.build_data_docs()


def _validation(context: Any, source: Any, name: str, rows: pl.DataFrame) -> Any:
    import great_expectations as gx

    expectations: Any = gx.expectations
    whole = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("rows that break each rule")
    suite = gx.ExpectationSuite(name=name)
    for rule, severity in rows.select("rule", "severity").iter_rows():
        none = expectations.ExpectColumnValuesToBeBetween(column=rule, min_value=0, max_value=0, meta={"severity": severity})
        suite.add_expectation(none)
    definition = gx.ValidationDefinition(name=name, data=whole, suite=context.suites.add(suite))
    return context.validation_definitions.add(definition)


def _agree(rows: pl.DataFrame, outcome: Any) -> None:
    judged = {result.expectation_config.kwargs["column"]: bool(result.success) for result in outcome.results}
    held = dict(rows.select("rule", "passed").iter_rows())
    if judged != held:
        rule = next(rule for rule in held if judged.get(rule) != held[rule])
        raise CheckError(f"{rows['table'][0]}: {rule}: Great Expectations and the table `checks` disagree; report this")


def _timeless(name: str, page: bytes, as_of: datetime) -> bytes:
    """A page without times and random ids, and without the picture that would tell its maker who reads it."""
    if not name.endswith(".html"):
        return page
    ids = {one: b"id-%d" % place for place, one in enumerate(dict.fromkeys(_ID.findall(page)))}
    page = _ID.sub(lambda match: ids[match[0]], page)
    return _REMOTE_LOGO.sub(b"", _MOMENT.sub(f"{as_of:%Y%m%dT%H%M%S}.000000Z".encode(), page))
