"""``recsys try``: a list at once, from the published run's model; ``--save`` asks the next runs for it."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Annotated, Any

import polars as pl
from cyclopts import Parameter
from cyclopts.validators import Number

from recsys.cli.options import Format, LakeFolder, lake_folder
from recsys.cli.screen import console, minute, print_json, say, warn
from recsys.cli.show import EVERYONE, RunId, User, account, list_grid, open_run, require_listener
from recsys.cli.why import run_settings
from recsys.errors import UsageError
from recsys.lake import Lake, Run
from recsys.readers.own import OwnTables
from recsys.readers.trial import UNSAVED, Wish, request, tried
from recsys.tables import REJECTS

Many = partial(Parameter, consume_multiple=True, negative=(), show_default=False)

Seeds = Annotated[tuple[str, ...], Many(name="--seed", help="Tracks to start from, by id or title; repeat for more.")]
SeedArtists = Annotated[tuple[str, ...], Many(name="--seed-artist", help="Artists to start from.")]
SeedGenres = Annotated[tuple[str, ...], Many(name="--seed-genre", help="Genres to start from.")]
Targets = Annotated[tuple[str, ...], Many(name="--target", help="Wanted features, e.g. energy=0.9.")]
Bounds = Annotated[
    tuple[str, ...], Many(name="--bound", help="Ranges to stay within, e.g. tempo=150..180, tempo=150.. or tempo=..180.")
]
ModeName = Annotated[str, Parameter(name="--mode", help="balanced, comfort, discovery, or a mode of the settings.")]
Limit = Annotated[int, Parameter(name="--limit", help="Tracks in the list, 1 to 100.", validator=Number(gte=1, lte=100))]
Save = Annotated[str | None, Parameter(name="--save", help="Save it as a list of this name, which every later run builds.")]


def trial(
    user: User,
    /,
    *,
    seed: Seeds = (),
    seed_artist: SeedArtists = (),
    seed_genre: SeedGenres = (),
    target: Targets = (),
    bound: Bounds = (),
    mode: ModeName = "balanced",
    limit: Limit = 20,
    save: Save = None,
    run: RunId = None,
    lake: LakeFolder = None,
    form: Format = "table",
) -> None:
    """Make a list at once, from the published run's model."""
    if save is not None and not save.strip():
        raise UsageError("--save: a name for the list is needed")
    chosen = open_run(lake, run)
    require_listener(chosen, user)
    tables, settings = OwnTables(chosen, user), run_settings(chosen)
    row = request(tables, settings, user, Wish(seed, seed_artist, seed_genre, target, bound, mode, limit), save or UNSAVED)
    if "model" not in tables:
        warn(f"run {chosen.id} holds no model: fitting one, which takes a while; the next  recsys run  stores it")
    listed, rows = tried(tables, settings, chosen.manifest.as_of, row)
    stored = save is not None and _stored(Lake(lake_folder(lake)), row)
    if form == "json":
        print_json({"run": chosen.id, "as_of": chosen.manifest.as_of, **listed, "rows": rows.to_dicts()})
        return
    _print(chosen, listed, rows)
    if save is not None:
        whose = "every listener" if user == EVERYONE else user
        say(f"{'saved' if stored else 'already saved'} as list {save} of {whose}; the next run makes it:  recsys run")


def _print(run: Run, listed: dict[str, Any], rows: pl.DataFrame) -> None:
    """The list, where the catalogue went, and what could not be followed."""
    if rows.height:
        out = console()
        out.print(list_grid(listed, rows, out.width))
    else:
        say("no track is left for this list; where they went:")
    say(account(listed))
    if listed["remarks"]:
        say(listed["remarks"])
    say(f"built with the model of run {run.id}, as of {minute(run.manifest.as_of)}")


def _stored(lake: Lake, row: pl.DataFrame) -> bool:
    """Adds the row to the lake's requests; false when it is there already."""
    with lake.writer():
        own = lake.input("requests").filter(pl.col("user_id") == row["user_id"][0], pl.col("list") == row["list"][0])
        if own.select(row.columns).tail(1).equals(row):
            return False
        text = f"{len(lake.batches('requests'))} {row.write_json()}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        lake.add_batch("requests", row, rejects=REJECTS.empty(), source="recsys try", digest=digest, rows_read=1)
        return True
