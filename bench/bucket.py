"""Nights of the demo on a bucket of this machine against the same nights on a folder: ``python -m bench.bucket --pairs 7``.

Commands in processes of their own, in turn; processor time is theirs alone, without the server of buckets.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recsys.lake.bucket.address import CACHE
from recsys.tables import INPUTS
from tests.support import buckets

BUCKET, FOLDER = "s3://music/one", "folder"


def recsys(home: Path, *arguments: str) -> tuple[float, float]:
    """Seconds on the clock, and of the processor, that a command takes."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", "from recsys.cli import main; main()", *arguments], cwd=home, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def nights(home: Path, pairs: int) -> list[tuple[float, float]]:
    """Bucket divided by folder, clock and processor, of each pair of nights."""
    recsys(home, "demo", "--lake", FOLDER)
    for table in INPUTS:
        (file,) = (home / "data/demo").glob(f"{table}.*")
        recsys(home, "ingest", table, str(file), "--lake", BUCKET, "--quiet")
    ratios = []
    for number in range(pairs):
        order = (BUCKET, FOLDER) if number % 2 else (FOLDER, BUCKET)
        night = ("run", "--as-of", f"2026-07-{number + 1:02d}", "--accept", "measured", "--quiet", "--lake")
        spent = {place: recsys(home, *night, place) for place in order}
        ratios.append((spent[BUCKET][0] / spent[FOLDER][0], spent[BUCKET][1] / spent[FOLDER][1]))
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory(prefix="recsys-bench-") as home, buckets.server() as port:
        buckets.make_bucket(port, "music")
        os.environ.update(buckets.ENVIRONMENT, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
        os.environ[CACHE] = f"{home}/copies"
        ratios = nights(Path(home), pairs)
    for what, values in zip(("clock", "processor"), zip(*ratios, strict=True), strict=True):
        print(f"bucket / folder, {what}: {statistics.median(values):.2f} ({', '.join(f'{value:.2f}' for value in values)})")


if __name__ == "__main__":
    main()
