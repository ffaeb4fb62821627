"""Column names: which a file may have, which it must have, and what was probably meant by another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import polars as pl

from recsys.errors import InputError, UsageError
from recsys.ingest.rows import Rows, quoted
from recsys.ingest.values import CREDITS, WORDS
from recsys.lake import Lake
from recsys.settings import Settings
from recsys.tables import EVENTS, FEATURES, INPUTS, REQUESTS, TABLES, TRACKS, Table
from recsys.words import spelled

NESTED = "features"
"""In ``tracks`` outside CSV: an object of the audio features."""


def aliases(table: Table) -> dict[str, str]:
    """Other names of columns."""
    return {TRACKS.name: {"track_id": "id"}, EVENTS.name: {"play_count": "plays", "playcount": "plays"}}.get(table.name, {})


def known(table: Table, *, nested: bool) -> list[str]:
    """Names that a file for ``table`` may use."""
    return [*table.names, *aliases(table), *([NESTED] if nested and table is TRACKS else [])]


def required(table: Table) -> list[str]:
    """Names without which no row can be used."""
    return [column.name for column in table if not column.null]


MOST = 1_000
"""Columns of a file."""
_SHOWN = 4
"""Unknown columns that a message names; the beginning of the file's header follows anyway."""


def require_width(label: str, count: int) -> None:
    """Raise :class:`InputError` for a file with more columns than any table of music has."""
    if count > MOST:
        raise InputError(f"{label}: {count:,} columns; at most {MOST:,} are read: keep those that `recsys tables` names")


_INDEX = re.compile(r"__index_level_\d+__|Unnamed: \d+(?:\.\d+)?|index|level_0")
"""What pandas calls the numbers of its rows."""
_FOREIGN = {
    "title": ("track_name", "track name", "name", "song", "track title"),
    "artist": ("track_artist", "artist_name", "artist name", "track_artists"),
    "artists": ("artist name(s)", "artist names", "artist(s)_name"),
    "album": ("album_name", "track_album_name", "album name", "album_title"),
    "genres": ("track_genre", "playlist_genre", "genre", "artist genres"),
    "release_date": ("track_album_release_date", "album release date", "release date", "album_release_date"),
    "duration_ms": ("duration (ms)", "track duration (ms)", "track_duration_ms"),
    "popularity": ("track_popularity", "track popularity"),
    "explicit": ("track_explicit",),
    "id": ("track_id", "track id", "track uri", "track_uri", "spotify uri", "spotify_uri", "spotify id", "uri", "spotify - id"),
    "isrc": ("track isrc",),
    "time_signature": ("time signature",),
}
"""Column → what well-known tables of Spotify tracks (Kaggle, TidyTuesday, Exportify) call it, in lower case."""
_SIGNS = {"track_name", "track name", "track_artist", "artist name(s)", "track_genre", "track_popularity", "artist_name"}
"""Names that tell such a table, in which popularity goes to 100; ``name`` beside ``artists`` does so too."""
_COMMA = {
    "artists": "which separates in a run unless the catalogue has the whole as a name",
    "genres": "which separates in a run",
}
"""What a comma in a text of names means."""
_MILLIS = ("duration_ms", "completed_ms")
LEAST = 3_600
"""A table whose greatest length is less counts no milliseconds: no song and no whole history lasts four seconds."""
_DIGITS = 12
"""Decimals of a scaled number: 57 of 100 is 0.57."""


@dataclass
class Header:
    """How the columns of one file become those of ``table``."""

    table: Table
    columns: Mapping[str, str]
    """The file's name of a column → ours, as the caller said."""
    scale: dict[str, float]
    hive: dict[str, str]
    dropped: list[str] = field(default_factory=list)
    """Columns that are read over, by the names that :meth:`read` gave them."""
    ignored: list[str] = field(default_factory=list)
    commas: Counter[str] = field(default_factory=Counter)
    """Column of names → values that hold a comma and stay one name."""
    longest: dict[str, int] = field(default_factory=dict)
    """Column of milliseconds → the greatest so far."""
    respelled: Counter[str] = field(default_factory=Counter)
    """Column of words → values in capitals or with outer space."""
    ids: pl.Series | None = None
    """Ids of the catalogue, once they were asked for."""

    def catalogue(self, lake: Lake) -> pl.Series:
        """Ids of the lake's tracks, read once for all files of a command."""
        if self.ids is None:
            self.ids = lake.input("tracks")["id"].unique()
        return self.ids

    @classmethod
    def of(cls, table: Table, columns: Mapping[str, str], scale: Mapping[str, float]) -> Header:
        """What the caller said. Raises :class:`UsageError` for a column that the table does not have, or a scale that is none."""
        for name in (*columns, *scale):
            if name not in table.names:
                raise UsageError(f"{unknown(name, table.names)}. See `recsys tables`")
        for name, most in scale.items():
            if most <= 0 or table[name].dtype != pl.Float64:
                raise UsageError(f"--scale {name}={most:g}: a number column and its greatest value are needed, as popularity=100")
        return cls(table, {theirs: ours for ours, theirs in columns.items()}, dict(scale), {})

    def fresh(self, hive: Iterable[tuple[str, str]]) -> Header:
        """The same for another file, which lies in folders that name columns."""
        own = {name.lower(): value for name, value in hive if name.lower() in self.table.names}
        return Header(self.table, self.columns, dict(self.scale), own)

    @property
    def salt(self) -> str:
        """What the caller said, as text: the same bytes read otherwise are other rows."""
        said = [*sorted(f"{theirs}>{ours}" for theirs, ours in self.columns.items()), *map(str, sorted(self.scale.items()))]
        modes = self.table["mode"].allowed if self.table.name == REQUESTS.name else ()
        said += [f"modes {' '.join(sorted(modes))}"] if {*modes} - {*Settings().modes} else []
        return " ".join(said)

    @property
    def note(self) -> str:
        """Which columns were ignored, which hold names that may be several, and which hold words in another spelling."""
        more = " …" if len(self.ignored) > 8 else ""
        notes = [f"ignored: {', '.join(self.ignored[:8])}{more}"] if self.ignored else []
        notes += [f"{name}: {count:,} with a comma, {_COMMA[name]}; | or ; always does" for name, count in self.commas.items()]
        notes += [
            f"{name}: {count:,} in capitals or with spaces, read without" for name, count in self.respelled.items() if count
        ]
        notes += [
            f"{name}: at most {most:,}; if it counts seconds, give milliseconds"
            for name, most in self.longest.items()
            if most < LEAST
        ]
        return "; ".join(notes)

    def read(self, label: str, names: Sequence[str], *, nested: bool) -> list[str]:
        """Our names of a file's columns; those that are ignored get names that are in ``dropped``.

        Raises :class:`InputError` with everything that is wrong: names that the table does not know, and names that are missing,
        blank or twice there. A column that is not known is refused rather than dropped, but for the numbers of pandas' rows and
        the further columns of well-known tables of tracks.
        """
        require_width(label, len(names))
        plain = {name.strip().lower() for name in names}
        foreign = self._foreign(plain)
        known_names = known(self.table, nested=nested)
        final = [self._named(name, names, known_names, foreign=foreign) for name in names]
        strange = [name for name, ours in zip(names, final, strict=True) if ours is None and name.strip()]
        taken = {*filter(None, final), *self.hive}
        if self.table is EVENTS and "plays" in taken:  # what is counted was played
            taken.add("type")
        if foreign:
            self.ignored += strange
            self.scale.setdefault("popularity", 100.0)
        else:
            self._refuse(label, names, strange, [name for name in required(self.table) if name not in taken])
        out = [f"\0{place}" if ours is None or ours == "" else ours for place, ours in enumerate(final)]
        self.dropped = [name for name in out if name.startswith("\0")]
        lacking = [name for name in required(self.table) if name not in taken]
        if lacking:
            self._refuse(label, names, [], lacking)
        for name, double in [*((name, name) for name in _repeated(out)), *_both(out)]:
            raise InputError(f"{label}: column {name!r} is there twice ({double}); keep one of them")
        return out

    def fields(self, names: Sequence[str]) -> dict[str, str | None]:
        """Our name of each field of a JSON object; none for one that is ignored, its own for one that is not known.

        Like :meth:`read`, but a row is refused for its own names alone. A second field of one name keeps its own.
        """
        plain, known_names = {name.strip().lower() for name in names}, known(self.table, nested=True)
        foreign = self._foreign(plain)
        if foreign:
            self.scale.setdefault("popularity", 100.0)
        result: dict[str, str | None] = {}
        chosen: set[str] = set()
        for name in sorted(names, key=lambda name: name not in self.table.names):  # our own come first
            ours = self._named(name, names, known_names, foreign=foreign)
            if ours is None and foreign:
                self.ignore([name])
            result[name] = None if ours == "" or (ours is None and foreign) else name if ours in chosen else ours or name
            chosen.update([ours] if ours else [])
        return result

    def ignore(self, names: Iterable[str]) -> None:
        """Note names that are read over: the first of them, for rows may have any number."""
        if len(self.ignored) < MOST:
            self.ignored += [name for name in names if name not in self.ignored]

    def _foreign(self, plain: Collection[str]) -> bool:
        """Whether the names, in lower case, are those of a well-known table of tracks."""
        return self.table is TRACKS and (not _SIGNS.isdisjoint(plain) or {"name", "artists"} <= set(plain))

    def _named(self, name: str, names: Sequence[str], allowed: Collection[str], *, foreign: bool) -> str | None:
        """Our name of one column; empty for one that is ignored, none for one that is not known."""
        if name in self.columns:
            return self.columns[name]
        if name in allowed:
            return aliases(self.table).get(name, name)
        plain = name.strip().lower()
        if _INDEX.fullmatch(name) or (not plain and name == names[0] and len(names) > 1):
            self.ignore([name or "column 1, without a name"])
            return ""
        if plain in allowed and plain not in names:
            return aliases(self.table).get(plain, plain)
        if foreign:
            return next((ours for ours, theirs in _FOREIGN.items() if plain in theirs and ours not in names), None)
        return None

    def _refuse(self, label: str, names: Sequence[str], strange: Sequence[str], lacking: Sequence[str]) -> None:
        """Raise :class:`InputError` with all faults of a header at once, if it has any."""
        allowed = known(self.table, nested=False)
        faults = [f"column {place} has no name" for place, name in enumerate(names, 1) if not name.strip() and place > 1]
        faults += [_not_a_column(name, allowed, lacking) for name in strange[:_SHOWN]]
        faults += [f"{len(strange) - _SHOWN} more are not columns"] if len(strange) > _SHOWN else []
        faults += [f"column {name!r} is required in {self.table.name}" for name in lacking]
        if faults and (other := _other(self.table, names)):
            raise InputError(f"{label}: these are columns of {other}, not of {self.table.name}; try:  recsys ingest {other} PATH")
        if faults:
            there = ", ".join(map(quoted, names[:20]))
            advice = "rename it, drop it, or say what it is with --columns ours=theirs"
            raise InputError(f"{label}: {'; '.join(faults)}; {advice}. There: {there}. Allowed: {', '.join(allowed)}")

    def with_points(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with numbers such as ``0,5``, which tables between semicolons have, as ``0.5``."""
        numbers = [name for name in frame.columns if name in self.table.names and self.table[name].dtype == pl.Float64]
        return frame.with_columns(pl.col(name).str.replace(r"^(\s*[+-]?\d+),(\d+\s*)$", "${1}.${2}") for name in numbers)

    def completed(self, block: Rows) -> Rows:
        """The block with the columns that folders name, and numbers in the table's scale."""
        values = [
            pl.lit(value or None, pl.String).alias(name) for name, value in self.hive.items() if name not in block.frame.columns
        ]
        if self.table is EVENTS and "plays" in block.frame.columns:
            values.append(_counted_type(block.frame, self.hive.get("type")))
        for name in CREDITS if self.table is TRACKS else ():
            if block.frame.schema.get(name) == pl.String:
                whole = block.frame[name].str.contains(r"^[^\[|;]*,[^|;]*$")
                self.commas += Counter({name: int(whole.sum())})
        self._measure(block.frame)
        for column in WORDS:
            if column in self.table.columns and block.frame.schema.get(column.name) in (pl.String, pl.Categorical, pl.Enum):
                texts = block.frame[column.name].cast(pl.String)
                self.respelled[column.name] += int((texts != spelled(texts, column.allowed)).sum())
        scaled = [_scaled(block.frame[name], most) for name, most in self.scale.items() if name in block.frame.columns]
        return Rows(block.frame.with_columns(*values, *scaled), block.texts, block.broken) if values or scaled else block

    def count(self, part: Header) -> None:
        """Count what another one saw in further rows of the file."""
        self.commas += part.commas
        self.respelled += part.respelled
        for name, most in part.longest.items():
            self.longest[name] = max(most, self.longest.get(name, 0))

    def _measure(self, frame: pl.DataFrame) -> None:
        """Remember the greatest of each column of milliseconds."""
        for name in _MILLIS:
            if name in self.table.names and name in frame.columns:
                texts = frame[name].str.strip_chars() if frame.schema[name] == pl.String else frame[name]
                most = texts.cast(pl.Float64, strict=False).fill_nan(None).max()
                if isinstance(most, float) and most > 0:
                    self.longest[name] = int(max(min(most, 2**53), self.longest.get(name, 0)))


def _other(table: Table, names: Iterable[str]) -> str | None:
    """Which other table of inputs has all these columns and requires no other, if one does."""
    plain = {name.strip().lower() for name in names}
    others = (TABLES[name] for name in INPUTS if name != table.name)
    return next(
        (other.name for other in others if {*required(other)} <= plain <= {*known(other, nested=True)} and len(plain) > 1), None
    )


def _counted_type(frame: pl.DataFrame, otherwise: str | None) -> pl.Expr:
    """``type``, which is *play* where only a number of plays says what happened."""
    play = pl.when(pl.col("plays").is_not_null()).then(pl.lit(otherwise or "play"))
    if "type" not in frame.columns:
        return play.alias("type")
    return pl.coalesce("type", play).alias("type") if frame.schema["type"] in (pl.String, pl.Null) else pl.col("type")


def _scaled(numbers: pl.Series, most: float) -> pl.Series:
    """Numbers divided by ``most``; a text that is none stays as it is."""
    if numbers.dtype != pl.String:
        return (numbers / most).round(_DIGITS) if numbers.dtype.is_numeric() else numbers
    read = numbers.str.strip_chars().cast(pl.Float64, strict=False)
    return pl.select(pl.coalesce((read / most).round(_DIGITS).cast(pl.String), numbers)).to_series().alias(numbers.name)


def _not_a_column(name: str, allowed: Collection[str], lacking: Collection[str]) -> str:
    close = get_close_matches(name.strip().lower(), [*lacking, *allowed], n=1, cutoff=0.75)
    return f"{quoted(name)} is not a column" + (f", did you mean {close[0]!r}?" if close else "")


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
