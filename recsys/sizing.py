"""How much memory, disk and time a run takes, from counts: said before it begins, and by ``recsys doctor``.

The numbers are measured (``docs/sizing.md``), rounded up; what a run really takes hangs on how its listeners overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

from recsys.errors import RecsysError
from recsys.text import counted

MIB, GIB = 2**20, 2**30
PROGRAM = 1_200 * MIB
"""Memory of the program, its libraries and compiled code, and of a part of the lists."""
MEMORY_RATING, MEMORY_LISTENER, MEMORY_TRACK = 70, 2_500, 4_500
"""Bytes of memory for each rating, listener and track of a run."""
DISK_EVENT, DISK_RATING, DISK_LISTENER, DISK_TRACK = 50, 85, 6_000, 2_500
"""Bytes of disk for each event (while the ratings are made), rating, listener and track: of tables, and of mapped arrays."""
DISK_CANDIDATE, DISK_ROW = 220, 420
"""Bytes of disk for each candidate and each row of a list: in the tables, and again in the lookup's files."""

WORK_NIGHT = 48.0
"""Seconds of processor time of a run, whatever it holds."""
WORK_EVENT, WORK_ROW, WORK_PAIR, WORK_MEETING = 17.0, 41.0, 0.025, 1.0
"""Microseconds of processor time for each event, row of a list, pair of a listener and a track, and million of pairs of ratings:
how often two listeners meet at a track grows with the square of the ratings."""


@dataclass(frozen=True)
class Size:
    """Counts of a run. ``ratings``: pairs of a listener and a track; ``candidates`` and ``rows``: of all lists together."""

    events: int
    ratings: int
    listeners: int
    tracks: int
    candidates: int
    rows: int

    @property
    def memory(self) -> int:
        """Bytes that the process takes at its peak."""
        own = MEMORY_RATING * self.ratings + MEMORY_LISTENER * self.listeners + MEMORY_TRACK * self.tracks
        return PROGRAM + own

    @property
    def disk(self) -> int:
        """Bytes that the run's files take at their peak, beside the lake as it is."""
        own = DISK_RATING * self.ratings + DISK_LISTENER * self.listeners + DISK_TRACK * self.tracks
        lists = DISK_CANDIDATE * self.candidates + DISK_ROW * self.rows
        return own + lists + DISK_EVENT * self.events

    @property
    def work(self) -> float:
        """Seconds of processor time, on the machine of ``docs/sizing.md``."""
        counted = WORK_EVENT * self.events + WORK_ROW * self.rows
        pairs = WORK_PAIR * self.listeners * self.tracks + WORK_MEETING * self.ratings**2 / 1e6
        return WORK_NIGHT + (counted + pairs) / 1e6

    @property
    def words(self) -> str:
        """The counts, and what they take."""
        named = ((self.listeners, "listener"), (self.tracks, "track"), (self.events, "event"))
        counts = f"{', '.join(counted(*each) for each in named)} and {counted(self.rows, 'row')} of lists"
        return f"{counts} take about {gib(self.memory)} of memory and {gib(self.disk)} of disk"

    def require(self, memory: int, disk: int) -> None:
        """Raises :class:`RecsysError` where there are not so many bytes: in words with numbers, and what to do."""
        lacking = [
            f"{what} has {gib(there)}"
            for what, needed, there in (("this machine", self.memory, memory), ("its disk", self.disk, disk))
            if needed > there
        ]
        if lacking:
            cure = "leave out lists (setting lists), make room, take a larger machine, or try all the same with oversize = true"
            raise RecsysError(f"the run does not fit: {self.words}, but {' and '.join(lacking)}; {cure}")


def gib(size: int) -> str:
    """Bytes in words; in MiB where tenths of a GiB would hide them.

    >>> gib(3 * 2**29), gib(87 * 2**20)
    ('1.5 GiB', '87 MiB')
    """
    if size < GIB:
        return f"{size / MIB:,.0f} MiB"
    return f"{size / GIB:,.1f} GiB"
