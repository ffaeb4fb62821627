"""The report as one HTML document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from recsys.lake import Run
from recsys.report import charts, facts

STAGE_ORDER = ("ingest", "snapshot", "ratings", "profiles", "neighbors", "candidates", "rankings", "checks", "publish")


@dataclass(frozen=True)
class Extras:
    """What the run itself does not hold."""

    before: Run | None = None
    """The run that readers had before."""
    drift: pl.DataFrame | None = None
    """Rules about the difference from it, in the columns of ``checks``."""
    rejects: pl.DataFrame | None = None
    """Rejected input rows: ``table, code, rows, reason``."""
    quality: pl.DataFrame | None = None
    """Table ``quality`` of the lake."""
    peak_bytes: int | None = None
    """Most memory that the process of the run held."""


@dataclass(frozen=True)
class Figure:
    """A chart, and what it shows."""

    title: str
    text: str
    svg: Markup


def render(run: Run, extras: Extras | None = None) -> str:
    """The report of ``run``. Raises :class:`recsys.errors.LakeError` when a table cannot be read."""
    extras = extras or Extras()
    environment = Environment(loader=PackageLoader("recsys.report", "."), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters["number"] = number
    page = environment.get_template("page.html")
    return page.render(
        run=run,
        made=run.manifest,
        before=extras.before,
        peak_bytes=extras.peak_bytes,
        intake=facts.intake(run).to_dicts(),
        rejects=[] if extras.rejects is None else extras.rejects.to_dicts(),
        numbers=facts.numbers(run, extras.before),
        overlap=facts.overlap(run, extras.before).to_dicts(),
        figures=list(figures(run, extras)),
        examples=facts.example_listeners(run),
        checks=_checks(run, extras),
        documents="docs/index.html" in {file.path for file in run.manifest.files},
        seconds=_seconds(run),
    )


def number(value: Any) -> str:
    """A number for people; nothing for none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def figures(run: Run, extras: Extras) -> Iterator[Figure]:
    """Every chart that the run has data for."""
    yield from _quality(extras.quality)
    funnel = facts.funnel(run)
    if funnel.height:
        drawn = charts.stacks(funnel, "tracks", "list", by="rule", title="tracks, mean of all listeners", form=",.1f")
        yield _figure("From catalogue to list", _funnel_words(run), drawn)
    if (parts := facts.part_shares(run)).height:
        drawn = charts.stacks(parts, "points", "list", by="part", title="mean points of a row")
        yield _figure("What scores are made of", "Points of the parts of the score, before safety.", drawn)
    if (reasons := facts.reason_shares(run)).height:
        drawn = charts.stacks(reasons, "share", "list", by="reason", title="share of rows", form="%")
        yield _figure("Reasons", "Why rows are in the lists.", drawn)
    text = "How much the most frequent tracks take. The nearer a line is to the corner, the fewer tracks make up everything."
    yield _figure("Popularity", text, charts.curve(facts.popularity_curve(run)))
    if (genres := facts.genre_shares(run)).height:
        drawn = charts.bars(genres, "share", "genre", by="of", title="share", form="%")
        yield _figure("Genres", "What listeners know, and what their lists hold.", drawn)
    if (placed := facts.taste_map(run)).height:
        text = "Tracks with audio features and listeners' tastes on the two directions in which tracks differ most."
        yield _figure("Taste map", text, charts.places(placed))


def _funnel_words(run: Run) -> str:
    numbers = run.manifest.metrics
    tracks, candidates, lists = (numbers.get(name, 0.0) for name in ("tracks", "candidates considered", "lists"))
    left = candidates / lists if lists else 0.0
    return f"Of {tracks:,.0f} tracks {left:,.1f} are left to be ranked for a list on average; what the rules keep out:"


def _quality(quality: pl.DataFrame | None) -> Iterator[Figure]:
    if quality is None or quality.is_empty():
        return
    whole = quality.filter(pl.col("group") == "all", pl.col("metric") == "ndcg@10")
    if whole.height:
        text = "Lists of earlier runs judged by what listeners did until the next run: NDCG@10 and its 95 % interval."
        yield _figure("Quality over time", text, charts.lines(whole, title="NDCG@10"))


def _figure(title: str, text: str, chart: Any) -> Figure:
    return Figure(title, text, Markup(charts.svg(chart, f"{title}. {text}")))  # noqa: S704  (the library's own output)


def _checks(run: Run, extras: Extras) -> dict[str, Any]:
    checked = run.read("checks")
    judged = checked if extras.drift is None else pl.concat([checked, extras.drift])
    broken = judged.filter(~pl.col("passed")).sort("severity", "table", "rule").to_dicts()
    held = judged.group_by("table").agg(pl.len().alias("rules"), pl.col("passed").sum().alias("held")).sort("table").to_dicts()
    return {"broken": broken, "tables": held, "rules": judged.height}


def _seconds(run: Run) -> list[dict[str, Any]]:
    spent = run.manifest.seconds
    most = max(spent.values(), default=0.0) or 1.0
    names = [name for name in STAGE_ORDER if name in spent] + [name for name in spent if name not in STAGE_ORDER]
    return [{"stage": name, "seconds": spent[name], "share": spent[name] / most} for name in names]
