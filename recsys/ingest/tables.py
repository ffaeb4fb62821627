"""Files in the four table formats → batches of the lake."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from recsys.buffered import ahead
from recsys.errors import InputError, LakeError, UsageError
from recsys.ingest import arrays, csv, files, json, lines, objects, parquet, plain, report
from recsys.ingest.columns import Header
from recsys.ingest.files import Source
from recsys.ingest.json import Objects
from recsys.ingest.lines import Lines, Stretch
from recsys.ingest.plain import Plain
from recsys.ingest.report import FilesRefusedError, Report
from recsys.ingest.rows import LINE, Refused, Rows
from recsys.ingest.validation import validate, without_repeats
from recsys.lake import Lake, Rejects, Stamps
from recsys.lake.spool import IN_MEMORY, Spool
from recsys.matrices import song
from recsys.tables import EVENTS, INPUTS, REQUESTS, TABLES, TRACKS, Table

_SEPARATOR_LINE = re.compile(r"sep=([,;\t]|\\t)\s*")

HOPELESS = 1_000_000
"""Rows after which a file without a single good one is given up."""
Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes done and the bytes there are."""


def ingest(
    lake: Lake,
    table: str,
    paths: Sequence[Path],
    *,
    time_zone: str | None = None,
    columns: Mapping[str, str] | None = None,
    scale: Mapping[str, float] | None = None,
    modes: Iterable[str] = (),
    progress: Progress | None = None,
) -> list[Report]:
    """Read files, or the files of folders, into one input table (``tracks``, ``events``, ``controls`` or ``requests``).

    Each file becomes one batch, whole with its rejects or not at all; a file whose bytes were ingested before is left alone and
    its report says ``already``. ``time_zone``: IANA zone of times without one; none = such rows are rejected. ``columns``: our
    name of a column → the files' own. ``scale``: a column → its greatest value there, where ours is 1. ``modes``: those that a
    request may name; none = any, of which a run builds the unknown ones as its first mode.

    Tracks get ``origin`` = ``catalog`` where the file has none, and ``song_key`` always from their names. Events get a ``source``
    where the file has none. Of two rows with one key (track id; user; user and list) the first is kept, the later is rejected.

    Raises :class:`UsageError` for an unknown table or zone; :class:`InputError` for a path that does not exist (before anything
    is read), and for a file that cannot be used at all: empty, damaged, with columns that are missing or unknown, or without a
    single good row. When there are several files the good ones are ingested first, and the error is a
    :class:`FilesRefusedError` that holds their reports.
    """
    contract = _contract(table, tuple(modes))
    zone = zone_named(time_zone)
    plan = Header.of(contract, columns or {}, scale or {})
    with lake.stamps() as stamps:
        reports = each(files.find(paths), lambda source: [_ingest_file(lake, stamps, plan, source, zone, progress)])
    if all(done.note and not done.rows_read for done in reports):
        raise InputError(f"{files.named(paths)}: no rows in it; check that it is the right one")
    return reports


def each(sources: Sequence[Source], work: Callable[[Source], list[Report]]) -> list[Report]:
    """The reports of all sources; whatever stops one of them stops no other, and is raised at the end."""
    reports: list[Report] = []
    refused: list[InputError] = []
    for source in sources:
        try:
            reports += work(source)
        except InputError as error:
            error.path = source.path
            refused.append(error)
        except (LakeError, UsageError):
            raise
        except Exception as error:  # a fault of ours in one file must not cost the others
            cause = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            refused.append(InputError(f"{source.label}: cannot be read, which is a fault of recsys ({cause}); please report it"))
    if refused and len(sources) == 1:
        raise refused[0]
    if refused:
        raise FilesRefusedError(refused, reports)
    return reports


def already_ingested(lake: Lake, table: str, source: Source, digest: str) -> Report | None:
    """The report of a source that was ingested before; none for a new one."""
    batch = lake.batch(table, digest)
    if batch is None:
        return None
    counts = (batch.rows_read, batch.kept, batch.rejected)
    faults = Rejects(batch.read_rejects(), batch.unlisted)
    return Report(source.name, table, *counts, report.causes(faults), already=True, examples=report.examples(faults))


def stamped(stamps: Stamps, source: Source, salt: str = "") -> str:
    """:meth:`Source.digest`; the file is not read again when its size and time are those of the last time."""
    salt = "\0".join([salt, *map("=".join, source.hive)]).strip("\0")
    key = "\0".join((str(source.path.absolute()), source.archive or "", source.member or "", salt))
    return stamps.digest(key, source.stamp, lambda: source.digest(salt))


def refuse_if_useless(source: Source, read: int, kept: int, faults: Rejects) -> None:
    """Raise :class:`InputError` for a file with rows but no good one."""
    if read and not kept:
        first = next(iter(report.examples(faults).values()))
        counts = ", ".join(f"{code} {count}" for code, count in report.causes(faults).items())
        none = "its only row cannot be used" if read == 1 else f"none of its {read:,} rows can be used"
        raise InputError(f"{source.label}: {none} ({counts}); {first}. Nothing was ingested")
    if read != kept + faults.total:
        counted = f"{read} rows read, but {kept} kept and {faults.total} rejected"
        raise InputError(f"{source.label}: {counted}, which is a fault of recsys; please report it. Nothing was ingested")


def refuse_hopeless(source: Source, read: int, kept: int, refused: Refused) -> None:
    """Raise :class:`InputError` for a file of which nothing could be used so far: who reads on, reads rubbish for hours."""
    if read > HOPELESS and not kept:
        faults = refused.table(batch="", table="", source=source.name)
        first = next(iter(report.examples(faults).values()))
        raise InputError(f"{source.label}: none of its first {read:,} rows can be used; {first}. Nothing was ingested")


def _contract(table: str, modes: tuple[str, ...]) -> Table:
    if table not in INPUTS:
        raise UsageError(f"table {table!r} cannot be ingested; allowed: {', '.join(INPUTS)}")
    contract = TABLES[table]
    if contract is not REQUESTS or not modes:
        return contract
    return replace(contract, columns=tuple(replace(one, allowed=modes) if one.name == "mode" else one for one in contract))


def zone_named(name: str | None) -> str | None:
    """The name, when there is such a zone. Raises :class:`UsageError` when there is none."""
    try:
        return None if name is None else ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"time zone {name!r} does not exist; give an IANA name such as Europe/Berlin or UTC") from error


def _ingest_file(lake: Lake, stamps: Stamps, plan: Header, source: Source, zone: str | None, progress: Progress | None) -> Report:
    table, header = plan.table, plan.fresh(source.hive)
    if source.passed:
        return Report(source.name, table.name, note=files.PASSED)
    with Spool(table, lake.root) as kept:
        with files.reading(source):
            if not source.named and not source.head(64).strip():  # as Spark writes for a part without rows
                return Report(source.name, table.name, note="empty; left alone")
            digest = stamped(stamps, source, header.salt)
            if before := already_ingested(lake, table.name, source, digest):
                return before
            refused, read = _read(header, source, zone, kept, progress)
        faults = refused.table(batch=digest, table=table.name, source=source.name)
        if not read:
            return Report(source.name, table.name, note="no rows in it")
        refuse_if_useless(source, read, kept.height, faults)
        lake.add_batch(table.name, kept, rejects=faults, source=source.name, digest=digest, rows_read=read)
        matched = _matched(kept, plan.catalogue(lake)) if table is EVENTS else None
    return Report(
        source.name, table.name, read, kept.height, faults.total, causes=report.causes(faults), examples=report.examples(faults),
        note=header.note, matched=matched,
    )  # fmt: skip


def _matched(kept: Spool, catalogue: pl.Series) -> int:
    """How many of the rows name a track of the lake."""
    known = pl.col("track_id").is_in(catalogue.implode()).sum()
    return sum(group.select(known).item() for group in kept.groups(IN_MEMORY, ["track_id"]))


def _read(header: Header, source: Source, zone: str | None, kept: Spool, progress: Progress | None) -> tuple[Refused, int]:
    """Rejected rows, rows read; the good ones go to ``kept``. Those of a table with a key wait in memory until all are known."""
    table, refused = header.table, Refused()
    keyed: list[pl.DataFrame] = [pl.DataFrame(schema={LINE: pl.Int64, **table.schema})]
    read = good_rows = 0
    blocks = _blocks(source, header, progress)
    for block in ahead(blocks) if table is EVENTS else blocks:  # of other tables, a later block may change how one is read
        good, bad = _judged(header, block, zone)
        read += good.height + bad.height  # a line may hold several objects
        good_rows += good.height
        if table is EVENTS:
            kept.add(_finished(table, good.drop(LINE), source))
        elif good.height:
            keyed.append(good)
        refused.add(bad)
        refuse_hopeless(source, read, good_rows, refused)
    if table is not EVENTS:
        whole, repeats = without_repeats(pl.concat(keyed), table.key, " and ".join(table.key))
        for part in repeats:
            refused.add(part)
        kept.add(_finished(table, whole.drop(LINE), source))
    return refused, read


def _judged(header: Header, block: Rows | Plain, zone: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows kept and rejected, as of :func:`validate`; what is refused of lines read at once is read again one by one."""
    if isinstance(block, Rows):
        return validate(header.table, header.completed(block), zone)
    trial = header.fresh(header.hive.items())
    good, bad = validate(header.table, trial.completed(block.rows), zone)
    refused = pl.concat([bad[LINE], block.left])
    if refused.is_empty():
        header.count(trial)
        return good, bad
    header.completed(Rows(block.rows.frame.filter(~pl.col(LINE).is_in(refused.implode()))))  # counts these alone
    more, bad = validate(header.table, header.completed(block.again(refused)), zone)
    return pl.concat([good, more]).sort(LINE), bad


def _blocks(source: Source, header: Header, progress: Progress | None) -> Generator[Rows | Plain, None, None]:
    """The rows of a table file, whatever its format."""
    kind, size = files.kind(source), source.size
    if kind == "parquet":
        yield from parquet.read(source, header, lambda share: progress and progress(source.name, int(share * size), size))
        return
    with source.raw() as raw, files.unpacked(raw) as stream:
        text = lines.stretches(stream, lambda: progress and progress(source.name, raw.tell(), size))
        if kind == "csv":
            yield from _csv(source, (stretch.lines() for stretch in text), header)
        else:
            yield from _json(source, text, header)


def _csv(source: Source, text: Iterator[Lines], header: Header) -> Iterator[Rows]:
    first = next(text)
    filled = first.frame.filter(pl.col("text").str.contains(r"\S"))
    number, line = filled.row(0) if filled.height else (0, "")
    separator = csv.separator_of(line)
    if (told := _SEPARATOR_LINE.fullmatch(line)) and filled.height > 1:  # what Excel writes and reads
        (number, line), separator = filled.row(1), told[1].replace("\\t", "\t")
    if first.broken.height and first.broken[LINE][0] <= max(number, 1):
        raise InputError(f"{source.label}: header: {first.broken['reason'][0]}")
    if "|" in line and separator not in line:
        raise InputError(
            f"{source.label}: columns are separated by |; write the table with commas, semicolons or tabs between them"
        )
    names = csv.fields(line, separator)
    if names is None:
        raise InputError(f"{source.label}: header: a quoted name is not closed. Allowed: {', '.join(header.table.names)}")
    names = header.read(source.label, [name.strip() for name in names], nested=False)
    rest = Lines(first.frame.filter(pl.col(LINE) > number), first.broken)
    for block in csv.rows(chain([rest], text), names, separator):
        frame = block.frame.drop(header.dropped)
        yield Rows(header.with_points(frame) if separator == ";" else frame, block.texts, block.broken)


def _json(source: Source, text: Iterator[Stretch], header: Header) -> Iterator[Rows | Plain]:
    named = partial(objects.named, header=header)
    elements = _elements(source, header.table)
    if elements is not None:
        yield from (json.rows(named(block), header.table) for block in elements)
    elif plain.suited(header.table) and not (header.columns or header.scale or header.hive):
        one_by_one = partial(json.one_by_one, table=header.table, named=named)
        yield from (plain.read(stretch, header.table, one_by_one) for stretch in text)
    else:
        yield from json.read((stretch.lines() for stretch in text), header.table, named)


def _elements(source: Source, table: Table) -> Iterator[Objects] | None:
    """The objects of a file that is one JSON document; none for JSON Lines."""
    head = source.head().removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"[") and json.one_per_line(head):
        return None
    with source.open() as stream:
        try:
            document, valid = arrays.document(source, stream.read())
        except InputError:
            if head.startswith(b"["):
                raise
            return None  # every line has its own fault then
    objects.refuse_columns(source.label, document, table)
    listed = objects.unwrapped(document, table.name)
    return arrays.elements(objects.unpaged(listed) if table is TRACKS else listed, valid=valid)


def _finished(table: Table, kept: pl.DataFrame, source: Source) -> pl.DataFrame:
    if table is TRACKS:
        artist = pl.select(pl.coalesce(kept["artists"].list.first(), kept["artist"])).to_series()
        keys = song.song_keys(kept["title"], artist)
        return kept.with_columns(pl.col("origin").fill_null("catalog"), keys.alias("song_key"))
    if table is EVENTS:
        return kept.with_columns(pl.col("source").fill_null(f"{files.kind(source)} {source.name}"))
    return kept
