"""The lookup's own files beside keyed stores of well-kept libraries: ``python -m bench.lookup --stores`` calls this.

LMDB and SQLite hold the same bytes under a listener's id and under id and list; every store's bytes are checked and unpacked by
the same code, so that only finding and fetching them differs. Then the same faults are done to a copy of each, under a process
that has it open: its bytes are flipped, and it is cut short.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import lmdb
import numpy as np
import orjson
from isal.isal_zlib import crc32

from recsys.errors import LakeError
from recsys.lake import Lake
from recsys.lookup.columns import sealed
from recsys.lookup.names import DEFAULT_LIMIT, name
from recsys.lookup.reader import Listed, Reader, _unpacked

Get = Callable[[bytes], "bytes | memoryview | None"]
"""The bytes under a key."""
Ask = Callable[[str, str, int], bytes]
"""Listener, list and rows (20 or 50) → the profile and the rows."""
Open = Callable[[Path], Ask]

LIST, ROWS, ROUNDS, ASKED = "comfort", 50, 5, 8_000
TRIALS, FLIPPED, SMALL = {"flips": 100, "cut": 20}, 64, 300
_RESIDUE = 0x2144DF1C
_fork = multiprocessing.get_context("fork")


def compare(lake: Lake, small: Lake, folder: Path, listeners: int) -> None:
    """Times of one listener's rows from each store, in turns; what each does when files of the ``small`` one are damaged."""
    users = [f"u{number:07}" for number in range(listeners)]
    places = built(lake, folder / f"stores-{listeners}", users)
    timed({store: (STORES[store](path)) for store, path in places.items()}, users)
    for store, path in built(small, folder / "stores-small", users[:SMALL]).items():
        for fault in TRIALS:
            print(f"{store}, {fault}: {dict(sorted(outcomes(store, path, folder / 'damaged', fault).items()))}")


def timed(stores: dict[str, Ask], users: list[str]) -> None:
    """p50 and p99 of each, the best of some rounds that alternate; the answers must be the same bytes."""
    choose, figures = random.Random(2), {}  # noqa: S311
    for rows in (ROWS, DEFAULT_LIMIT):
        for _ in range(ROUNDS):
            chosen = choose.choices(users, k=ASKED)
            sums = {store: _round(ask, chosen, rows, figures.setdefault((store, rows), [])) for store, ask in stores.items()}
            if len(set(sums.values())) > 1:
                raise SystemExit(f"the stores answer with other bytes: {sums}")
    for (store, rows), rounds in figures.items():
        p50, p99 = np.min(rounds, axis=0) / 1000
        print(f"{store}, {rows} rows: p50 {p50:.1f} µs, p99 {p99:.1f} µs (best of {ROUNDS} rounds)")


def _round(ask: Ask, users: list[str], rows: int, figures: list[np.ndarray]) -> int:
    """Notes the percentiles of one round; returns a sum of all answers."""
    for user in users:  # the pages are in memory for everybody
        ask(user, LIST, rows)
    taken, total = [], 0
    for user in users:
        started = time.perf_counter_ns()
        answer = ask(user, LIST, rows)
        taken.append(time.perf_counter_ns() - started)
        total = crc32(answer, total)
    figures.append(np.percentile(taken, [50, 99]))
    return total


def built(lake: Lake, folder: Path, users: list[str]) -> dict[str, Path]:
    """Every store with these listeners; written only once. The own one is the run as it is."""
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        reader = Reader(lake.published())
        for store, write in (("lmdb", _write_lmdb), ("sqlite", _write_sqlite)):
            started = time.perf_counter()
            write(folder / store, pairs(reader, users))
            print(f"{store} of {len(users):,} listeners written in {time.perf_counter() - started:.0f} s")
        (folder / "done").touch()
    return {"own": lake.root, "lmdb": folder / "lmdb", "sqlite": folder / "sqlite"}


def pairs(reader: Reader, users: list[str]) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values in order of the keys: the record of a listener, and every list as it lies in the own file."""
    for user in users:
        listener = reader.listener(user)
        yield user.encode(), sealed(b"\n".join(listener[1:]))
        for listed_name, listed in sorted(reader.lists(listener).items()):
            first = reader._rows.read(listed.bytes, listed.offset)
            yield f"{user}\0{listed_name}".encode(), first


def _write_lmdb(path: Path, entries: Iterator[tuple[bytes, bytes]]) -> None:
    with lmdb.open(str(path), subdir=False, map_size=2**35, sync=False) as store:
        with store.begin(write=True) as writing:
            for key, value in entries:
                writing.put(key, value, append=True)
        store.sync(force=True)


def _write_sqlite(path: Path, entries: Iterator[tuple[bytes, bytes]]) -> None:
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA page_size = 16384")  # 4,096 and 65,536 were slower
        store.execute("CREATE TABLE store (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
        store.executemany("INSERT INTO store VALUES (?, ?)", entries)
    store.close()


def _own(path: Path) -> Ask:
    reader = Reader(Lake(path).published())

    def ask(user: str, wanted: str, rows: int) -> bytes:
        reader.check()
        listener = reader.listener(user)
        return listener.profile + reader.rows(reader.find_list(listener, wanted), 0, rows)

    return ask


def _lmdb(path: Path) -> Ask:
    store = lmdb.open(str(path), subdir=False, readonly=True, lock=False, readahead=False)
    return _keyed(store.begin(buffers=True).get)


def _sqlite(path: Path) -> Ask:
    store = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    one = store.cursor()

    def get(key: bytes) -> bytes | None:
        row = one.execute("SELECT value FROM store WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    return _keyed(get)


STORES: dict[str, Open] = {"own": _own, "lmdb": _lmdb, "sqlite": _sqlite}


def _keyed(get: Get) -> Ask:
    """What :class:`Reader` does with its files, over a keyed store."""

    def ask(user: str, wanted: str, rows: int) -> bytes:
        profile, _, lists = bytes(_checked(get(user.encode()))).split(b"\n")
        listed = Listed(*orjson.loads(lists)[wanted])
        value = memoryview(get(f"{user}\0{wanted}".encode()) or b"")
        first = _checked(value[: listed.first_bytes])
        numbers = listed.bytes - 4 * listed.rows_count - 4
        others = _checked(value[listed.first_bytes : numbers]) if rows > DEFAULT_LIMIT else None
        return profile + _unpacked(first, listed.rows_count, others)

    return ask


def _checked(data: bytes | memoryview | None) -> memoryview:
    if data is None or crc32(data) != _RESIDUE:
        raise LakeError("missing or damaged")
    return memoryview(data)[:-4]


def outcomes(store: str, path: Path, folder: Path, fault: str) -> Counter[str]:
    """How processes fared whose store was damaged while they had it open: every listener's answer right or refused, some answers
    wrong, or the process killed.
    """
    counts: Counter[str] = Counter()
    for trial in range(TRIALS[fault]):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        copy = Path((shutil.copytree if path.is_dir() else shutil.copy)(path, folder / "copy"))
        runs = (copy / "runs").iterdir() if copy.is_dir() else ()
        files = [run / name(file) for run in runs for file in ("users", "rows")] or [copy]
        counts[_one(store, copy, files, fault, trial)] += 1
    return counts


def _one(store: str, copy: Path, files: list[Path], fault: str, trial: int) -> str:
    here, there = _fork.Pipe()
    process = _fork.Process(target=probe, args=(STORES[store], copy, there))
    process.start()
    there.close()
    here.recv()
    chosen = random.Random(trial)  # noqa: S311
    damage(chosen.choice(files), fault, chosen)
    here.send("damaged")
    try:
        said: str = here.recv() if here.poll(60) else "hangs"
    except EOFError:
        said = "killed"
    process.kill()
    process.join()
    return said


def damage(path: Path, fault: str, chosen: random.Random) -> None:
    """Flip bytes, without a trace in the time of the last change, as a disk does; or cut the file."""
    status, size = path.stat(), path.stat().st_size
    with path.open("r+b") as file:
        if fault == "cut":
            file.truncate(int(size * chosen.random()))
            return
        for _ in range(FLIPPED):
            at = chosen.randrange(size)
            file.seek(at)
            value = file.read(1)[0]
            file.seek(at)
            file.write(bytes([value ^ (1 << chosen.randrange(8))]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def probe(opened: Open, path: Path, parent: Connection) -> None:
    """Asks for every listener, hears that the store was damaged, asks again, and says how that went."""
    ask, users = opened(path), [f"u{number:07}" for number in range(SMALL)]
    before = [ask(user, LIST, ROWS) for user in users]
    parent.send("ready")
    parent.recv()
    time.sleep(0.01)
    seen = set()
    for user, right in zip(users, before, strict=True):
        try:
            seen.add("right" if ask(user, LIST, ROWS) == right else "wrong")
        except (LakeError, sqlite3.Error, lmdb.Error, KeyError, ValueError):
            seen.add("refused")
    parent.send("some wrong" if "wrong" in seen else "right or refused")
