"""How long it takes to fold new listeners into a fitted model, and to say which own tracks their best scores come from.

    python -m bench.folding [--users 100000] [--tracks 100000] [--events 10000000] [--rows 256]

The world is synthetic. New listeners have 5 to 100 tracks; of each, the best 300 tracks are attributed. Times are processor time
of one thread, everything being compiled before.
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from bench.worlds import ratings
from recsys.stages.neighbors.attribution import attribute, form
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.model import Model

LISTED = 300
SHORTEST, LONGEST = 5, 100


def sparse(frame: pl.DataFrame, users: int, tracks: int) -> csr_array:
    """Ratings (users, tracks), columns in ascending order."""
    rated = csr_array(
        (frame["r"].to_numpy().astype(float), (frame["u"].to_numpy(), frame["i"].to_numpy())), shape=(users, tracks)
    )
    rated.sort_indices()
    return rated


def newcomers(tracks: int, rows: int) -> csr_array:
    """Listeners of the same kind of world with ``SHORTEST`` to ``LONGEST`` tracks."""
    users = 20 * rows
    drawn = sparse(ratings(users, tracks, 40 * users, seed=1), users, tracks)
    count = np.diff(drawn.indptr)
    return drawn[np.flatnonzero((count >= SHORTEST) & (count <= LONGEST))[:rows]]


def measure(model: Model, new: csr_array) -> None:
    """Prints milliseconds a row of the three steps."""
    rows = new.shape[0]
    model.fold_in(new[:2])
    clock = [process_time()]
    listeners = model.listeners(new)
    clock.append(process_time())
    scores = model.scores(listeners)
    clock.append(process_time())
    folding, scoring = 1e3 * np.diff(clock) / rows
    best = np.sort(np.argpartition(-scores, LISTED, axis=1)[:, :LISTED], axis=1)
    pairs, of_new, linear = (np.arange(rows + 1) * LISTED, best.ravel()), model.standardised(new), form(model)
    attribute(linear, of_new.part(0, 2), listeners.part(0, 2), (pairs[0][:3], pairs[1][: 2 * LISTED]))
    begun = process_time()
    attribute(linear, of_new, listeners, pairs)
    attributing = 1e6 * (process_time() - begun) / len(pairs[1])
    print(f"{rows} rows of {new.nnz / rows:.0f} tracks: fold-in {folding:.2f} ms, scores {scoring:.2f} ms a row")
    print(f"attribution {attributing:.1f} µs a pair, {LISTED} a listener")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rows", type=int, default=256)
    arguments = parser.parse_args()
    rated = sparse(ratings(arguments.users, arguments.tracks, arguments.events), arguments.users, arguments.tracks)
    measure(Collaborative.fit(rated, threads=2).model, newcomers(arguments.tracks, arguments.rows))


if __name__ == "__main__":
    main()
