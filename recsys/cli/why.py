"""``recsys why``: the score of one track, part by part, or the rule that kept it out of the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from recsys.cli.options import Format, LakeFolder
from recsys.cli.screen import console, grid, minute, print_json, say
from recsys.cli.show import ListName, RunId, User, open_run, summary
from recsys.errors import LakeError
from recsys.lake import Run
from recsys.readers.answer import Why, titles
from recsys.readers.naming import track_named
from recsys.readers.own import OwnTables
from recsys.readers.why import explain, listed
from recsys.tables import PARTS

if TYPE_CHECKING:
    from recsys.settings import Settings

_Track = Annotated[str, Parameter(help="Track id, or title.")]


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
    tables, as_of = OwnTables(chosen, user), chosen.manifest.as_of
    track_id = track_named(tables["tracks"], tables["songs"], track)
    answer = listed(tables, int(chosen.manifest.settings.get("artist_gap", 0)), user, track_id, name)
    if answer is None:
        answer = explain(tables, run_settings(chosen), as_of, user, track_id, name)
    if form == "json":
        print_json({"run": chosen.id, "as_of": as_of, **asdict(answer)})
        return
    say(f"{_headline(answer)}\n{_place(answer)}: {answer.text}")
    if move := answer.placed or answer.change:
        say(move)
    if answer.parts:
        console().print(grid(None, ("part", "fit", "points"), _points(answer.parts), right=("fit", "points")))
    if answer.because:
        console().print(grid(None, ("own track", "share of the votes", "track"), _shares(answer), right=("share of the votes",)))
    for line in _evidence(answer, titles(tables["tracks"], answer.shared)):
        say(line)
    say(f"run {chosen.id}, as of {minute(as_of)}")


def run_settings(run: Run) -> Settings:
    """The settings a run was made with. Raises :class:`LakeError` for those of another version."""
    from pydantic import ValidationError  # here, for what is listed needs no settings, and their model takes time to build

    from recsys.settings import Settings

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


def _shares(answer: Why) -> Iterator[tuple[str, str, str]]:
    """The votes as a sum over the listener's own tracks."""
    for own in answer.because:
        yield own.title or own.track_id, f"{own.share:.1%}", own.track_id
    yield "all else", f"{answer.because_rest or 0.0:.1%}", ""


def _evidence(answer: Why, named: dict[str, str | None]) -> Iterator[str]:
    if answer.voters:
        shared = ", ".join(named.get(track) or track for track in answer.shared)
        yield f"{answer.voters} of the listeners most like {answer.user_id} rated it well; they share: {shared}"
    if answer.chance is not None:
        yield f"chance that {answer.user_id} comes to like it: {answer.chance:.1%}"
