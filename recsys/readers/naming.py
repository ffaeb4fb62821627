"""What a person means by a track: its id, or its title where that is enough; otherwise what there is to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl

from recsys.errors import NotFoundError, UsageError
from recsys.names import key

_SHOWN = 5
"""Tracks or names to choose from in a message."""


def track_named(tracks: pl.DataFrame, songs: pl.DataFrame, text: str) -> str:
    """The id of the track that ``text`` names: an id, or a title, without regard to case, accents and punctuation.

    Of several releases of one song it is the song's main one. ``tracks`` and ``songs`` are tables of a run. Raises
    :class:`NotFoundError`, with what is near, for what no track is called, :class:`UsageError` with the choice where
    different songs bear the title.
    """
    if text in tracks["id"]:
        return text
    titles = tracks["title"].fill_null("").to_list()
    wanted = key(text)
    same = [row for row, title in enumerate(titles) if title and key(title) == wanted]
    if not same:
        raise NotFoundError(f"no track has the id or the title {text!r}; {_near(tracks, titles, text)}")
    ids = tracks["id"].gather(same).to_list()
    mains = dict(songs.select("track_id", "song").iter_rows())
    different = sorted({mains.get(name, name) for name in ids})
    if len(different) > 1:
        raise UsageError(f"{len(ids):,} tracks are called {text!r}; name one by its id: {_choice(tracks, same)}")
    return different[0]


def _near(tracks: pl.DataFrame, titles: Sequence[str], text: str) -> str:
    """Tracks with an id or a title like the text."""
    ids = get_close_matches(text, tracks["id"].to_list(), n=3, cutoff=0.8)
    by_title = {key(title): row for row, title in reversed(list(enumerate(titles))) if title}
    near = get_close_matches(key(text), list(by_title), n=3)
    rows = [*tracks["id"].is_in(ids).arg_true().to_list(), *(by_title[name] for name in near)]
    return f"near: {_choice(tracks, rows)}" if rows else "recsys show prints ids and titles"


def _choice(tracks: pl.DataFrame, rows: Sequence[int]) -> str:
    named = [
        f"{row['id']} ({' — '.join(part for part in (row['title'], row['artist']) if part) or 'untitled'})"
        for row in tracks[list(dict.fromkeys(rows))[:_SHOWN]].iter_rows(named=True)
    ]
    return ", ".join(named) + (" …" if len(set(rows)) > _SHOWN else "")


def near_names(text: str, names: Sequence[str]) -> list[str]:
    """Up to three names like the text, in any case and spelling."""
    known = {key(name): name for name in reversed(names)}
    return [known[name] for name in get_close_matches(key(text), list(known), n=3)]
