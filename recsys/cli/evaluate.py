"""``recsys evaluate``: how good the lists are, against what listeners did next, beside baselines."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from math import isnan
from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import Parameter

from recsys.cli.options import LakeFolder, Threads, lake_folder
from recsys.cli.screen import console, grid, minute, print_json, progress, say
from recsys.errors import InputError, UsageError
from recsys.evaluation.baselines import BASELINES
from recsys.evaluation.bootstrap import Interval
from recsys.evaluation.holdout import Holdout, holdout_task
from recsys.evaluation.intent import intent_task, judge_intent
from recsys.evaluation.judging import PRODUCT, Judgement, judge
from recsys.evaluation.pairs import pairs_task
from recsys.evaluation.shipped import MOST
from recsys.evaluation.task import Task
from recsys.inputs import Inputs
from recsys.lake import Lake
from recsys.models import limit_memory
from recsys.settings import Settings, load

METHODS = ("votes", "settings", "reference", *BASELINES)
SHOWN = ("novelty", "diversity", "popularity_lift")
"""Columns of the table beside accuracy and coverage; JSON has every metric."""

HoldoutText = Annotated[str, Parameter(name="--holdout", help="What is held out: last:30d, last:20% or random:20%.")]
Train = Annotated[
    Path | None, Parameter(name="--train", help="Instead of a lake: pairs to learn from (user_id, item_id, value).")
]
Test = Annotated[Path | None, Parameter(name="--test", help="Pairs to predict, in the same columns.")]
_Tracks = Annotated[Path | None, Parameter(name="--tracks", help="The items of these pairs, in the columns of `tracks`.")]
_Lists = Annotated[str, Parameter(name="--lists", help="Lists to judge, with commas; the first is compared with the others.")]
Cutoffs = Annotated[str, Parameter(name="--k", help="Lengths at which lists are judged, with commas, 1 to 100.")]
Only = Annotated[str | None, Parameter(name="--methods", help=f"Only these, with commas: {', '.join(METHODS)}.")]
Intent = Annotated[
    bool, Parameter(name="--intent", help="Judge whether seeds, targets and modes steer lists instead.", negative="")
]
Json = Annotated[bool, Parameter(name="--json", help="Print everything as JSON.", negative="")]


def evaluate(
    *,
    holdout: HoldoutText = "last:20%",
    train: Train = None,
    test: Test = None,
    tracks: _Tracks = None,
    lists: _Lists = "balanced",
    k: Cutoffs = "10,20",
    methods: Only = None,
    intent: Intent = False,
    json: Json = False,
    lake: LakeFolder = None,
    threads: Threads = None,
) -> None:
    """Judge the lists that would have been made at a cut by what listeners did after it, beside baselines."""
    cutoffs, names = _cutoffs(k), _words(lists, ("balanced", "comfort", "discovery"), "--lists")
    chosen = _words(methods, METHODS, "--methods") if methods else None
    effective, _ = load({"threads": threads})
    limit_memory(effective.memory_limit)
    if intent:
        _intent(Lake(lake_folder(lake)).inputs(), effective, as_json=json)
        return
    task = _files(train, test, tracks) if train or test or tracks else _lake(lake_folder(lake), holdout)
    differs = effective.digest() != Settings().digest()
    with progress() as bars:
        judged = judge(task, cutoffs, names=names, settings=effective if differs else None, methods=chosen, progress=bars)
    if json:
        print_json(judged.document())
    else:
        _print(judged)


def _intent(inputs: Inputs, settings: Settings, *, as_json: bool) -> None:
    measures = judge_intent(intent_task(inputs), settings)
    if as_json:
        print_json(measures)
        return
    rows = [(name, "" if value is None else f"{value:,.4g}") for name, value in measures.items()]
    console().print(grid("intent", ("what", "number"), rows, right=("number",)))


def _files(train: Path | None, test: Path | None, tracks: Path | None) -> Task:
    if train is None or test is None:
        raise UsageError("--train and --test go together:  recsys evaluate --train train.parquet --test test.parquet")
    return pairs_task(read(train), read(test), read(tracks) if tracks else None)


def _lake(folder: Path, holdout: str) -> Task:
    cut = Holdout.parse(holdout)
    return holdout_task(Lake(folder).inputs(), cut)


def read(path: Path) -> pl.DataFrame:
    """A Parquet, CSV or JSON Lines file by its name. Raises :class:`UsageError` or :class:`InputError`."""
    readers: dict[str, Callable[[BytesIO], pl.DataFrame]] = {
        ".parquet": pl.read_parquet,
        ".csv": pl.read_csv,
        ".jsonl": pl.read_ndjson,
        ".ndjson": pl.read_ndjson,
    }
    if path.suffix.lower() not in readers:
        raise UsageError(f"{path}: unsupported file type; allowed: {', '.join(readers)}")
    try:
        return readers[path.suffix.lower()](BytesIO(path.read_bytes()))
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist") from error
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error


def _cutoffs(text: str) -> tuple[int, ...]:
    try:
        cutoffs = tuple(sorted({int(word) for word in text.split(",")}))
    except ValueError as error:
        raise UsageError(f"--k {text!r} is not a list of whole numbers; write  --k 10,20") from error
    if cutoffs[0] < 1 or cutoffs[-1] > MOST:
        raise UsageError(f"--k {text!r}: a list has 1 to {MOST} tracks; write  --k 10,20")
    return cutoffs


def _words(text: str, allowed: tuple[str, ...], option: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    if wrong := [word for word in words if word not in allowed]:
        raise UsageError(f"{option}: {wrong[0]!r} does not exist; allowed: {', '.join(allowed)}")
    return words


def _print(judged: Judgement) -> None:
    task = judged.task
    say(
        f"as of {minute(task.as_of)}: {task.shape[0]:,} listeners, {int(task.judged.sum()):,} of them with something new later; "
        f"{task.shape[1]:,} tracks"
    )
    short, long = judged.cutoffs[0], judged.cutoffs[-1]
    names = [f"ndcg@{short}", f"recall@{long}", *(f"{metric}@{short}" for metric in ("coverage", *SHOWN))]
    gap = names[0]
    rows = []
    for method in judged.measured:
        values = judged.values(method)
        shown = ["" if isnan(values[name]) else f"{values[name]:.4f}" for name in names]
        rows.append((method, *shown, "" if method == PRODUCT else _gap(judged.differences(method)["all"][gap])))
    columns = ("method", *names, f"{PRODUCT} − this, {gap}")
    console().print(grid(None, columns, rows, right=columns[1:-1], whole=("method", *columns[1:2], columns[-1])))
    for method, why in judged.unavailable.items():
        say(f"without {method}: {why}")
    for note in task.notes:
        say(f"note: {note}")
    say("brackets: 95 % of resamples of the listeners; all metrics, groups and intervals:  recsys evaluate --json")


def _gap(interval: Interval) -> str:
    return "" if isnan(interval.mean) else f"{interval.mean:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"
