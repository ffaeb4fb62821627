"""``recsys why``: the score of one track, part by part, or the rule that kept it out of the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from recsys.cli.options import Format, LakeFolder
from recsys.cli.screen import console, grid, minute, print_json, say
from recsys.cli.show import ListName, RunId, User, open_run, summary
from recsys.errors import LakeError
from recsys.lake import Run
from recsys.readers.why import READS, Why, explain
from recsys.settings import Settings
from recsys.tables import PARTS

_Track = Annotated[str, Parameter(help="Track id; recsys show prints them.")]


def why(
    user: User,
    track: _Track,
    /,
    *,
    name: ListName = "balanced",
    run: RunId = None,
    lake: LakeFolder = None,
    form: Format = "table",
) -> None:
    """Explain why a track is, or is not, in a listener's list."""
    chosen = open_run(lake, run)
    summary(chosen, user, name)
    tables = {table: chosen.read(table) for table in READS}
    answer = explain(tables, _settings(chosen), chosen.manifest.as_of, user, track, name)
    if form == "json":
        print_json({"run": chosen.id, "as_of": chosen.manifest.as_of, **asdict(answer)})
        return
    titles = dict(tables["tracks"].select("id", "title").iter_rows())
    say(f"{_headline(answer)}\n{_place(answer)}: {answer.text}")
    if answer.parts:
        console().print(grid(None, ("part", "fit", "points"), _points(answer.parts), right=("fit", "points")))
    for line in _evidence(answer, titles):
        say(line)
    say(f"run {chosen.id}, as of {minute(chosen.manifest.as_of)}")


def _settings(run: Run) -> Settings:
    try:
        return Settings.model_validate(run.manifest.settings)
    except ValidationError as error:
        raise LakeError(f"run {run.id} was made with settings this recsys does not know; build a new one:  recsys run") from error


def _headline(answer: Why) -> str:
    named = " — ".join(part for part in (answer.title, answer.artist) if part)
    return f"{answer.user_id} · {answer.list} · {named or 'unknown track'} ({answer.track_id})"


def _place(answer: Why) -> str:
    if answer.rank is None:
        return f"not in the list ({answer.rule})"
    moved = "" if answer.score_rank is None else f", {answer.score_rank} by score alone"
    return f"rank {answer.rank}{moved} ({answer.rule})"


def _points(parts: dict[str, float]) -> Iterator[tuple[str, str, str]]:
    """The score as a sum: each part with its points, times safety, plus promotion."""
    for fit in PARTS:
        yield fit, f"{parts[fit]:.4f}", f"{parts[f'{fit}_points']:.4f}"
    yield "× safety", f"{parts['safety']:.4f}", ""
    yield "+ commercial", "", f"{parts['commercial']:.4f}"
    yield "= score", "", f"{parts['score']:.4f}"


def _evidence(answer: Why, titles: dict[str, str | None]) -> Iterator[str]:
    if answer.voters:
        shared = ", ".join(titles.get(track) or track for track in answer.shared)
        yield f"{answer.voters} of the listeners most like {answer.user_id} rated it well; they share: {shared}"
