"""How long picking a varied list takes, beside the same picks made by comparing every candidate with every pick, in one run.

    python -m bench.diversity [--tracks 20000] [--limit 50] [--listeners 8] [--rounds 5] [--json]

Candidates and scores are those of a synthetic world's lists. Both ways must give the same picks, to the bit. Times are medians
of rounds after a first one, which compiles, on one thread; ``processor`` leaves out the time that other work had the core.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from numba import njit

from bench import worlds
from bench.neighbors import show, working_memory
from recsys import Settings
from recsys.matrices.arrays import Items
from recsys.pipeline import prepare
from recsys.settings import Preset
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import Ordered, pools
from recsys.stages.rankings.kernels.diversity import pick_many
from recsys.stages.rankings.kernels.picking import Pool, Rules
from recsys.stages.rankings.stage import pool_depth
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot


@njit(nogil=True)
def brute(items: Items, tracks: np.ndarray, scores: np.ndarray, limit: int, lam: float, scale: float) -> np.ndarray:
    """Places picked without any rule, every candidate compared with every pick; the candidates are more than ``limit``."""
    closest, snapshot = np.ones(len(tracks)), np.zeros(len(tracks), np.bool_)
    picks = np.empty(limit, np.int64)
    for turn in range(limit):
        best, greatest = -1, -np.inf
        for place in range(len(tracks)):
            value = lam * scores[place] + (1.0 - lam) * closest[place]
            tied = value == greatest and scores[place] > scores[best]
            if not snapshot[place] and (value > greatest or tied):
                best, greatest = place, value
        picks[turn], snapshot[best] = best, True
        for place in range(len(tracks)):
            closest[place] = min(closest[place], max(0.0, apart(items, tracks[place], tracks[best], scale)))
    return picks


@njit(nogil=True)
def apart(items: Items, one: int, other: int, scale: float) -> float:
    if items.audio[one] and items.audio[other]:
        cosine = 0.0
        for feature in range(12):
            cosine += items.unit[one, feature] * items.unit[other, feature]
        return 1.0 - cosine
    if items.artist[one] >= 0 and items.artist[one] == items.artist[other]:
        return 0.12 * scale
    for at in range(items.genres_indptr[one], items.genres_indptr[one + 1]):
        for beside in range(items.genres_indptr[other], items.genres_indptr[other + 1]):
            if items.genres_indices[at] == items.genres_indices[beside]:
                return 0.38 * scale
    return 0.78 * scale


def timed(task: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Median milliseconds on the clock and of the processor."""
    task()
    seconds = []
    for _ in range(rounds):
        begin = perf_counter(), thread_time()
        task()
        seconds.append((perf_counter() - begin[0], thread_time() - begin[1]))
    clock, processor = np.median(seconds, axis=0)
    return 1e3 * clock, 1e3 * processor


def scorer(preset: Preset, tracks: int) -> Scorer:
    settings = Settings.preset_of(preset, threads=1, neighborhood="co_rated")  # which neighbours decides nothing here
    snapshot = take_snapshot(worlds.inputs(max(50, tracks // 10), tracks, 20 * tracks, 1), settings, worlds.AS_OF)
    return prepare(snapshot, rate(snapshot, settings), settings)


def measure(made: Scorer, pool: Ordered, items: Items, limit: int, rules: tuple[int, bool], rounds: int) -> dict[str, Any]:
    """Both ways on the lists of some listeners. Without rules the picks are compared."""
    lam, scale, count = made.settings.diversity_lambda, made.settings.metadata_distance_scale, len(pool.total)
    candidates, limits = Pool(pool.track, pool.score), np.full(count, limit)
    given = (items, candidates, pool.indptr, limits, Rules(lam, scale, *rules, 0))
    parts = [slice(*pool.indptr[row : row + 2]) for row in range(count)]

    def one_by_one(some: list[slice]) -> list[np.ndarray]:
        return [brute(items, pool.track[part], pool.score[part], limit, lam, scale) for part in some]

    clock, processor = timed(lambda: pick_many(*given), rounds)
    slow = timed(lambda: one_by_one(parts[::8]), 3)[1] / len(parts[::8])
    plain = pick_many(*given[:4], Rules(lam, scale, 0, False, 0))[1].position.reshape(count, limit)
    same = all((one == other).all() for one, other in zip(plain, one_by_one(parts), strict=True))
    return {
        "candidates": round(float(np.diff(pool.indptr).mean())),
        "rules": f"{rules[0]} an artist, one version" if rules[0] else "none",
        "ms": round(clock / count, 3),
        "processor_ms": round(processor / count, 3),
        "brute_ms": round(slow, 2),
        "same": "yes" if same else "NO",
        "work_mib": round(working_memory(lambda: pick_many(*given)), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("tracks", 20_000), ("limit", 50), ("listeners", 8), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    presets: tuple[Preset, ...] = ("reference", "default")
    for preset in presets:
        made = scorer(preset, given.tracks)
        scored = made.score(0, given.listeners)
        for depth in (None, pool_depth(Settings())):
            pool = pools(scored, given.limit, depth)[1]
            for sound in ("most", "no"):
                items = made.items if sound == "most" else made.items._replace(audio=np.zeros_like(made.items.audio))
                for rules in ((0, False), (3, True)):
                    row = measure(made, pool, items, given.limit, rules, given.rounds)
                    rows.append({"preset": preset, "tracks with audio": sound, **row, "load": round(os.getloadavg()[0], 1)})
    if given.json:
        print(json.dumps(rows))
    else:
        show(f"milliseconds a list, {given.limit} picks, synthetic world of {given.tracks:,} tracks", rows)


if __name__ == "__main__":
    main()
