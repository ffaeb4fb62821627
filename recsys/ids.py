"""One spelling for each id, whatever file, frame or link it comes from.

track    spotify:track:ID, https://open.spotify.com/track/ID → ID; a MusicBrainz link, urn or upper case → the recording's id
user     12.0 → 12: a whole number that went through a floating-point column
isrc     capitals, no hyphens or spaces
mbid     lower case with hyphens, without the link, the braces or the name around it
spotify  the 22 letters and digits
date     2011-01-01T00:00:00Z, 2011/01/01 → 2011-01-01; 2011-00-00 → 2011; 0000, which Spotify writes, → null
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

PATTERNS = {
    "isrc": r"^[A-Z]{2}[A-Z0-9]{3}\d{7}$",
    "mbid": r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "spotify": r"^[0-9A-Za-z]{22}$",
    "date": r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$",
}
"""What an id of each kind looks like."""

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MBID = (
    r"(?i)^(?:https?://(?:[a-z]+\.)?(?:musicbrainz|listenbrainz)\.org/(?:recording|track)/|(?:urn:uuid|mbid|musicbrainz):)?"
    rf"\{{?({_UUID})\}}?(?:[/?#].*)?$"
)
_BARE = r"(?i)^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$"
"""An MBID without its hyphens."""
_SPOTIFY = (
    r"^(?i:spotify:(?://)?track[:/]|(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?track/)"
    r"([0-9A-Za-z]{22})(?:[/?#].*)?$"
)
_WHOLE = r"^(\d+)\.0$"
_ODD = r"[:/]|\.0$|^\{?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-"


def normalise(kind: str, ids: pl.Series) -> pl.Series:
    """The ids of one kind, each in its one spelling; what is no such id stays as it is. Lists of ids are normalised inside."""
    if ids.dtype == pl.String:
        return _texts(kind, ids)
    if isinstance(ids.dtype, pl.List) and ids.dtype.inner == pl.String:
        inner = ids.list.explode(keep_nulls=False, empty_as_null=False)
        if not inner.str.contains(_ODD).any():
            return ids
        return ids.to_frame().select(pl.col(ids.name).list.eval(_EXPRESSIONS[kind](pl.element()))).to_series()
    return ids


def _texts(kind: str, ids: pl.Series) -> pl.Series:
    if kind in ("track", "user") and not ids.str.contains(_ODD).any():
        return ids
    return ids.to_frame("id").select(_EXPRESSIONS[kind](pl.col("id")).alias(ids.name)).to_series()


def _track(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    return pl.coalesce(bare.str.extract(_SPOTIFY), bare.str.extract(_MBID).str.to_lowercase(), bare.str.extract(_WHOLE), text)


def _user(text: pl.Expr) -> pl.Expr:
    return pl.coalesce(text.str.extract(_WHOLE), text)


def _isrc(text: pl.Expr) -> pl.Expr:
    spelled = text.str.to_uppercase().str.replace_all(r"[\s-]|^ISRC:?", "")
    return pl.when(spelled.str.contains(PATTERNS["isrc"])).then(spelled).otherwise(text)


def _mbid(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    spelled = pl.when(bare.str.contains(_BARE)).then(bare.str.replace(_BARE, "$1-$2-$3-$4-$5"))
    return pl.coalesce(bare.str.extract(_MBID), spelled).str.to_lowercase().fill_null(text)


def _spotify(text: pl.Expr) -> pl.Expr:
    return pl.coalesce(text.str.strip_chars().str.extract(_SPOTIFY), text)


def _date(text: pl.Expr) -> pl.Expr:
    spelled = (
        text.str.strip_chars().str.extract(r"^(\d{4}(?:[-/.]\d\d(?:[-/.]\d\d)?)?)(?:[T ].*|\.0)?$").str.replace_all(r"[/.]", "-")
    )
    known = spelled.str.replace(r"(-00)+$", "")
    return pl.when(known != "0000").then(pl.coalesce(known, text)).when(known.is_null()).then(text)


_EXPRESSIONS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "track": _track,
    "user": _user,
    "isrc": _isrc,
    "mbid": _mbid,
    "spotify": _spotify,
    "date": _date,
}
_KINDS = tuple(_EXPRESSIONS)
