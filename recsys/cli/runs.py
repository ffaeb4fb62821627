"""``recsys runs``: what was built when, whether it is whole, how runs differ, and which of them to keep."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from cyclopts import App, Parameter
from cyclopts.validators import Number

from recsys.cli.options import Format, LakeFolder, Quiet, lake_folder
from recsys.cli.screen import console, grid, minute, print_json, say
from recsys.errors import LakeError
from recsys.lake import Lake, Manifest, Run
from recsys.lake.pruning import prune
from recsys.readers.diff import READS, compare_runs
from recsys.stages.checks import broken_rule

OneRun = Annotated[str, Parameter(help="Run; see recsys runs list.")]
_AnyRun = Annotated[str | None, Parameter(help="Run; default: the published one.")]
_Listener = Annotated[str | None, Parameter(name="--user", help="Only this listener's lists, row by row.")]
Keep = Annotated[int, Parameter(name="--keep", help="Newest runs to keep.", validator=Number(gte=1))]
Days = Annotated[float, Parameter(name="--days", help="Younger runs to keep.", validator=Number(gte=0))]
_DryRun = Annotated[bool, Parameter(name="--dry-run", help="Only say what would be removed.", negative="")]

app = App(name="runs", help="List, show, verify, compare and remove runs; go back to an earlier one.", help_format="plaintext")


@app.command(name="list", sort_key=0)
def list_runs(*, lake: LakeFolder = None, form: Format = "table") -> None:
    """List the runs, newest first."""
    home = Lake(lake_folder(lake))
    runs, current = home.runs(), home.pointer().run
    if form == "json":
        print_json([_facts(run, current) for run in runs])
        return
    rows = [_line(_facts(run, current)) for run in runs]
    columns = ("run", "made (UTC)", "rows", "checks", "")
    console().print(grid(None, columns, rows, right=("rows",), whole=columns[:2]))


@app.command(sort_key=1)
def show(run: _AnyRun = None, /, *, lake: LakeFolder = None, form: Format = "table") -> None:
    """Show what a run was made from, what it measured, which rules it broke, and when it was published."""
    home = Lake(lake_folder(lake))
    chosen = _chosen(home, run)
    made = chosen.manifest
    broken = chosen.read("checks").filter(~pl.col("passed")) if "checks" in chosen.tables else pl.DataFrame()
    published = [entry.model_dump(mode="json") for entry in home.publications() if entry.run == chosen.id]
    if form == "json":
        print_json({**made.model_dump(mode="json"), "broken": broken.to_dicts(), "publications": published})
        return
    say(f"run {chosen.id}, as of {minute(made.as_of)}\nmade {minute(made.created_at)}, checks {made.status}\ncode {made.code}")
    for title, columns, rows in _pages(made):
        console().print(grid(title, columns, rows, right=("bytes", columns[-1])))
    for row in broken.to_dicts():
        say(f"{row['severity']}: {broken_rule(row['table'], row['rule'])} ({row['failures']:,}, for example {row['example']})")
    for entry in published:
        say(f"published {entry['at']}" + (f", in spite of failed checks: {entry['accepted']}" if entry["accepted"] else ""))


def _pages(made: Manifest) -> list[tuple[str, tuple[str, ...], list[tuple[object, ...]]]]:
    tables = {file.table or "other files": 0 for file in made.files}
    sizes = dict.fromkeys(tables, 0)
    for file in made.files:
        tables[file.table or "other files"] += file.rows or 0
        sizes[file.table or "other files"] += file.bytes
    inputs = [(source.table, source.source, source.rows) for source in made.inputs]
    return [
        ("inputs", ("table", "source", "rows"), list(inputs)),
        ("tables", ("table", "bytes", "rows"), [(name, f"{sizes[name]:,}", rows) for name, rows in tables.items()]),
        ("seconds", ("stage", "seconds"), [(name, f"{value:.2f}") for name, value in made.seconds.items()]),
        ("measured", ("what", "number"), [(name, f"{value:,.10g}") for name, value in made.metrics.items()]),
    ]


@app.command(sort_key=2)
def verify(run: _AnyRun = None, /, *, lake: LakeFolder = None, form: Format = "table", quiet: Quiet = False) -> None:
    """Check every byte of a run against its manifest, and its id."""
    chosen = _chosen(Lake(lake_folder(lake)), run)
    damage = chosen.damage()
    if form == "json":
        print_json({"run": chosen.id, "whole": not damage, "damage": damage})
    if damage:
        raise LakeError(f"run {chosen.id} is damaged: {'; '.join(damage)}; publish another one: recsys runs rollback")
    if form == "table" and not quiet:
        say(f"run {chosen.id} is whole")


@app.command(name="diff", sort_key=3)
def compare(before: OneRun, after: OneRun, /, *, user: _Listener = None, lake: LakeFolder = None, form: Format = "table") -> None:
    """Show what entered, left and moved in the lists between two runs, and why."""
    home = Lake(lake_folder(lake))
    old, new = home.run(before), home.run(after)
    tables = ({table: run.files(table) for table in READS} for run in (old, new))
    changes = compare_runs(*tables, settings_changed=_decided(old) != _decided(new))
    if user is not None:
        changes = changes.filter(pl.col("user_id") == user)
    if form == "json":
        print_json({"before": old.id, "after": new.id, "causes": _causes(old, new), "rows": changes.to_dicts()})
        return
    for cause in _causes(old, new):
        say(cause)
    if user is None:
        lists, users = pl.struct("user_id", "list").n_unique().alias("lists"), pl.col("user_id").n_unique().alias("users")
        changes = changes.group_by("change", "cause").agg(pl.len().alias("rows"), lists, users)
        changes = changes.sort("change", "rows", "cause", descending=[False, True, False])
    console().print(grid(None, changes.columns, changes.rows(), right=("rank_before", "rank_after", "rows", "lists", "users")))


def _decided(run: Run) -> tuple[object, ...]:
    return run.manifest.settings, run.manifest.code


def _causes(old: Run, new: Run) -> list[str]:
    """What was different before any list was made."""
    a, b = old.manifest, new.manifest
    batches: dict[Any, str] = {(source.table, source.ordinal, source.rows): source.source for source in (*a.inputs, *b.inputs)}
    sets = [{(source.table, source.ordinal, source.rows) for source in made.inputs} for made in (a, b)]
    changed = sorted(key for key in {*a.settings, *b.settings} if a.settings.get(key) != b.settings.get(key))
    return [
        *(f"input added: {key[0]} {batches[key]}, {key[2]:,} rows" for key in sorted(sets[1] - sets[0])),
        *(f"input gone: {key[0]} {batches[key]}, {key[2]:,} rows" for key in sorted(sets[0] - sets[1])),
        *(f"setting {key}: {a.settings.get(key)} → {b.settings.get(key)}" for key in changed),
        *([f"as of: {minute(a.as_of)} → {minute(b.as_of)}"] if a.as_of != b.as_of else []),
        *([f"code: {a.code[:20]} → {b.code[:20]}"] if a.code != b.code else []),
    ]


@app.command(sort_key=4)
def rollback(*, lake: LakeFolder = None) -> None:
    """Publish the run that was published before the current one."""
    back = Lake(lake_folder(lake)).rollback()
    say(f"published {back.id}, as of {minute(back.manifest.as_of)}: {back.path}")


@app.command(name="prune", sort_key=5)
def remove(*, keep: Keep = 7, days: Days = 7, dry_run: _DryRun = False, lake: LakeFolder = None) -> None:
    """Remove old runs, and what interrupted commands left behind.

    The newest and the young runs stay, the published one, and one that a server has open.
    """
    done = prune(Lake(lake_folder(lake)), keep=keep, days=days, dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    for words, names in (("run", done.runs), ("damaged run", done.damaged), ("leftover", done.leftovers)):
        for name in names:
            say(f"{verb} {words} {name}")
    for name in done.in_use:
        say(f"run {name} is in use and stays")
    if not any((done.runs, done.damaged, done.leftovers)):
        say("nothing to remove")


def _line(facts: dict[str, Any]) -> list[object]:
    """A run in 80 columns: its id begins with the day that it is for."""
    made = f"{facts['created_at']:%Y-%m-%d %H:%M}"
    return [facts["run"], made, facts["rows"], facts["status"], facts["published"]]


def _chosen(lake: Lake, run_id: str | None) -> Run:
    return lake.run(run_id) if run_id else lake.published()


def _facts(run: Run, current: str) -> dict[str, object]:
    made = run.manifest
    return {
        "run": run.id,
        "as_of": made.as_of,
        "created_at": made.created_at,
        "preset": made.settings.get("preset"),
        "rows": sum(file.rows or 0 for file in made.files if file.table == "rankings"),
        "status": made.status,
        "published": "published" if current == run.id else "",
    }
