"""``recsys tune``: look for better settings on the data at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from recsys.cli.evaluate import HoldoutText, _Tracks, read
from recsys.cli.options import LakeFolder, Threads, lake_folder
from recsys.cli.screen import progress, say
from recsys.errors import InputError, UsageError
from recsys.evaluation.holdout import Holdout, holdout_task
from recsys.evaluation.pairs import pairs_task, validation
from recsys.evaluation.search import search_settings, tuned_settings, verdict
from recsys.evaluation.task import Task
from recsys.lake import Lake
from recsys.models import limit_memory
from recsys.settings import load

_Train = Annotated[Path | None, Parameter(name="--train", help="Instead of a lake: pairs to learn from; a fifth validates.")]
Trials = Annotated[int, Parameter(name="--trials", help="Settings to try.", validator=Number(gte=1))]
_Out = Annotated[Path, Parameter(name="--out", help="Settings file to write.")]


def tune(
    *,
    holdout: HoldoutText = "last:20%",
    train: _Train = None,
    tracks: _Tracks = None,
    trials: Trials = 30,
    out: _Out = Path("tuned.toml"),
    lake: LakeFolder = None,
    threads: Threads = None,
) -> None:
    """Look for weights that rank better without losing coverage or the difference of modes, and write them with their evidence.

    What `recsys evaluate` holds out is not looked at: a part of the same size is cut from what comes before it.
    """
    settings, _ = load({"threads": threads})
    limit_memory(settings.memory_limit)
    task = _pairs(train, tracks) if train else _lake(lake_folder(lake), holdout)
    if not task.judged.any():
        raise InputError("nothing new in the validation part, so nothing can be compared; choose a larger --holdout")
    with progress() as bars:
        searched = search_settings(task, settings, trials, tell=lambda done: bars("trials", done, trials))
    evidence = {"data": train or lake_folder(lake), "listeners judged": int(task.judged.sum()), "trials": trials}
    try:
        out.write_text(tuned_settings(searched, evidence), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}; choose another file with --out") from error
    for name, before, after in zip(
        ("ndcg@10", "coverage@10", "difference"), searched.start.aims, searched.best.aims, strict=True
    ):
        say(f"{name}: {before:.4f} now, {after:.4f} tuned")
    say(f"gain in ndcg@10 {searched.gain.mean:+.4f} [{searched.gain.low:+.4f}, {searched.gain.high:+.4f}]: {verdict(searched)}")
    say(f"wrote {out}; to use it:  cp {out} recsys.toml")


def _pairs(train: Path, tracks: Path | None) -> Task:
    learnt, hidden = validation(read(train))
    return pairs_task(learnt, hidden, read(tracks) if tracks else None)


def _lake(folder: Path, holdout: str) -> Task:
    cut = Holdout.parse(holdout)
    return holdout_task(holdout_task(Lake(folder).inputs(), cut).inputs, cut)
