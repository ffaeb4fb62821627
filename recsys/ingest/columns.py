"""Column names: which a file may have, which it must have, and what was probably meant by another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from recsys.errors import InputError
from recsys.ingest.rows import quoted
from recsys.tables import FEATURES, TRACKS, Table

NESTED = "features"
"""In ``tracks`` outside CSV: an object of the audio features."""


def aliases(table: Table) -> dict[str, str]:
    """Other names of columns."""
    return {"track_id": "id"} if table is TRACKS else {}


def known(table: Table, *, nested: bool) -> list[str]:
    """Names that a file for ``table`` may use."""
    return [*table.names, *aliases(table), *([NESTED] if nested and table is TRACKS else [])]


def required(table: Table) -> list[str]:
    """Names without which no row can be used."""
    return [column.name for column in table if not column.null]


def check(label: str, table: Table, names: Sequence[str], *, nested: bool) -> dict[str, str]:
    """Refuse names that the table does not know, and names that are missing, blank or twice there.

    Returns the renaming of aliases. A column that is not known is refused rather than dropped: nothing is lost silently.
    Raises :class:`InputError`.
    """
    allowed = known(table, nested=nested)
    for position, name in enumerate(names, 1):
        if not name.strip():
            raise InputError(f"{label}: column {position} has no name; name it, or drop it. Allowed: {', '.join(allowed)}")
    renamed = {name: aliases(table)[name] for name in names if name in aliases(table)}
    final = [renamed.get(name, name) for name in names]
    lacking = [name for name in required(table) if name not in final]
    strange = [name for name in names if name not in allowed]
    if strange:
        raise InputError(f"{label}: {unknown(strange[0], allowed, lacking)}; rename it, or drop it. See `recsys tables`")
    if lacking:
        found = ", ".join(map(quoted, names[:20]))
        raise InputError(f"{label}: column {lacking[0]!r} is required in {table.name}; found only {found}. See `recsys tables`")
    for name, double in [*((name, name) for name in _repeated(final)), *_both(final)]:
        raise InputError(f"{label}: column {name!r} is there twice ({double}); keep one of them")
    return renamed


def unknown(name: str, allowed: Collection[str], lacking: Collection[str] = ()) -> str:
    """What is wrong with a name, what may have been meant, and what is allowed."""
    close = get_close_matches(name.strip().lower(), [*lacking, *allowed], n=1, cutoff=0.6)
    meant = f"; did you mean {close[0]!r}?" if close else ";"
    return f"{quoted(name)} is not a column{meant} allowed: {', '.join(allowed)}"


def _repeated(names: Sequence[str]) -> Iterable[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _both(names: Sequence[str]) -> Iterable[tuple[str, str]]:
    if NESTED in names:
        yield from ((name, f"flat and in {NESTED!r}") for name in FEATURES if name in names)
