"""``recsys export``: a list as a playlist file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from cyclopts import Parameter

from recsys.cli.options import LakeFolder
from recsys.cli.screen import console
from recsys.cli.show import ListName, RunId, User, open_run, summary
from recsys.errors import UsageError
from recsys.lake import Run
from recsys.readers.export import COLUMNS, FORMATS, Playlist

Form = Annotated[Literal["jspf", "m3u", "csv", "json"], Parameter(name="--format", help="Kind of file.")]
Out = Annotated[Path | None, Parameter(name="--out", help="File to write; without it, standard output.")]


def export(
    user: User,
    /,
    *,
    name: ListName = "balanced",
    form: Form = "jspf",
    out: Out = None,
    run: RunId = None,
    lake: LakeFolder = None,
) -> None:
    """Write a listener's list as a playlist, each track with its reason."""
    chosen = open_run(lake, run)
    summary(chosen, user, name)
    playlist = Playlist(user, name, chosen.id, chosen.manifest.as_of, rows(chosen, user, name).to_dicts())
    text = FORMATS[form](playlist)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}; choose another file with --out") from error
    console().print(f"wrote {len(playlist.rows)} tracks to {out}", markup=False)


def rows(run: Run, user_id: str, name: str) -> pl.DataFrame:
    """The list's rows in order of rank, with what its tracks are known by."""
    tracks = run.scan("tracks").rename({"id": "track_id"}).unique("track_id", keep="last", maintain_order=True)
    ranked = run.scan("rankings").filter(pl.col("user_id") == user_id, pl.col("list") == name)
    return ranked.join(tracks, on="track_id", how="left").sort("rank").select(COLUMNS).collect()
