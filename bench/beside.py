"""What one would take instead of the whole job: ``implicit`` ALS, fitted to the same ratings, and its bare top 50 of everybody.

``python -m bench.batch --beside als`` runs it in a process of its own, after each round of ours: it makes one list without
filters by artist, variety, reasons, checks or files, so the ratio says what all of those cost.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from scipy.sparse import csr_array, csr_matrix, load_npz, save_npz

FACTORS, SWEEPS, LISTED = 64, 15, 50
NAME = f"implicit ALS ({FACTORS} factors, {SWEEPS} sweeps, bare top {LISTED})"
ABSENT = "the library implicit is not installed:  pip install 'recsys[evaluate]'"


def beside(ratings: csr_array, threads: int, folder: Path) -> dict[str, Any] | None:
    """Seconds, processor seconds and most MiB of the peer on ``ratings`` (listeners × tracks), of which it takes those above 0.

    None when it is not installed.
    """
    if importlib.util.find_spec("implicit") is None:
        return None
    good = ratings.data > 0
    bounds = np.r_[0, np.cumsum(good)][ratings.indptr]
    liked = csr_matrix((np.log1p(ratings.data[good]).astype(np.float32), ratings.indices[good], bounds), shape=ratings.shape)
    save_npz(folder / "liked.npz", liked, compressed=False)
    # as its authors advise: threads of its own, none of BLAS
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bench.beside", str(folder / "liked.npz"), str(threads)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def peer(liked: csr_matrix, threads: int) -> dict[str, Any]:
    """The peer's fit and lists in this process."""
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(FACTORS, iterations=SWEEPS, num_threads=threads, random_state=0)
    begin = perf_counter(), process_time()
    model.fit(liked, show_progress=False)
    listed, _ = model.recommend(np.arange(liked.shape[0]), liked, N=LISTED)
    seconds = perf_counter() - begin[0], process_time() - begin[1]
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return {
        "seconds": round(seconds[0], 3),
        "processor": round(seconds[1], 3),
        "peak_mib": round(peak),
        "ratings": int(liked.nnz),
        "rows": int((listed >= 0).sum()),
    }


def ratios(ours: dict[str, float], theirs: dict[str, Any]) -> dict[str, float]:
    """How many times as long as the peer the whole job takes, on the clock and in processor time."""
    return {
        "times as long": round(ours["total"] / theirs["seconds"], 2),
        "times the processor time": round(ours["processor"] / theirs["processor"], 2),
    }


if __name__ == "__main__":
    print(json.dumps(peer(load_npz(sys.argv[1]), int(sys.argv[2]))))
