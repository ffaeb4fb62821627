"""How many (listener, track) pairs a second are scored, all parts, and the best kept, on one thread.

    python -m bench.scores [--listeners 60] [--tracks 20000] [--most 500] [--rounds 5] [--json]

The world is synthetic. With one list a listener every pair is scored once; with the three built-in lists the parts that belong
to a taste are shared, and pairs are (list, track). ``neighbours`` is the time of their votes, which comes on top. The best are
compared with a full sort of all scores, to the bit. Times are medians after a first round, which compiles.
"""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

import numpy as np

from bench import worlds
from bench.diversity import timed
from bench.neighbors import show, working_memory
from recsys import Settings
from recsys.pipeline import prepare
from recsys.settings import Preset
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import Ordered, ordered
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot


def scorer(preset: Preset, lists: tuple[str, ...], tracks: int) -> Scorer:
    settings = Settings.preset_of(preset, threads=1, lists=lists)
    snapshot = take_snapshot(worlds.inputs(max(50, tracks // 10), tracks, 20 * tracks, 1), settings, worlds.AS_OF)
    return prepare(snapshot, rate(snapshot, settings), settings)


def exact(scored: Scored, result: Ordered, most: int) -> bool:
    """Whether the best are those of a full sort of every list's candidates."""
    for row, (scores, rules) in enumerate(zip(scored.score, scored.rules, strict=True)):
        candidates = np.flatnonzero(rules == 0)
        best = candidates[np.argsort(-scores[candidates], kind="stable")][:most]
        part = slice(*result.indptr[row : row + 2])
        if (
            result.track[part].tobytes() != best.astype(np.int32).tobytes()
            or result.score[part].tobytes() != scores[best].tobytes()
        ):
            return False
    return True


def measure(made: Scorer, listeners: int, most: int, rounds: int) -> dict[str, Any]:
    scored = made.score(0, listeners)
    pairs = scored.rules.size
    clock, processor = timed(lambda: ordered(scored, most), rounds)
    return {
        "lists": len(scored.rules) // listeners,
        "pairs": pairs,
        "best kept": most,
        "M pairs/s": round(pairs / clock / 1e3, 1),
        "M pairs/s of processor time": round(pairs / processor / 1e3, 1),
        "neighbours ms/listener": round(timed(lambda: made.similar.scores(scored.near), 3)[1] / listeners, 3),
        "exact": "yes" if exact(scored, ordered(scored, most), most) else "NO",
        "work_mib": round(working_memory(lambda: ordered(scored, most)), 1),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("listeners", 60), ("tracks", 20_000), ("most", 500), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    presets: tuple[Preset, ...] = ("reference", "default")
    for preset in presets:
        for lists in (("balanced",), ("balanced", "comfort", "discovery")):
            row = measure(scorer(preset, lists, given.tracks), given.listeners, given.most, given.rounds)
            rows.append({"preset": preset, **row})
    if given.json:
        print(json.dumps(rows))
    else:
        show(f"scores of a synthetic world of {given.tracks:,} tracks", rows)


if __name__ == "__main__":
    main()
