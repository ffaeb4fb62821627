"""Judging of choices: everything is fitted without one hidden part (:mod:`.hiding`), once, which each choice then looks for.

What is fitted and what is judged are tasks (:mod:`.tasks`), of arrays called after the round and the parameters that they follow
from; a choice needs only those that no choice before it needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from itertools import pairwise

import numpy as np

from recsys.evaluation.metrics import hits, ndcg, top
from recsys.matrices.arrays import Floats
from recsys.stages.neighbors.als import AlsFactors
from recsys.stages.neighbors.chance import Chance, fit_chance
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.fitting import (
    LEARNED,
    als_name,
    fits,
    learned,
    near_name,
    side_name,
    sides,
)
from recsys.stages.neighbors.hiding import Window, hide
from recsys.stages.neighbors.model import TILE, Parameters
from recsys.stages.neighbors.near import Near
from recsys.stages.neighbors.tasks import Arrays, ArrayStore, FitTask, Runner, matrix_names

CONSIDERED = 50
"""Tracks looked at when a choice is judged: more than a listener sees, because ten say too little to tell choices apart."""


class Judging:
    """Gains of choices, on some rounds with different hidden parts of the arrays ``sample`` and, where ``dated``, ``times``.

    ``windows``: of time, one a round; none = a part of each listener's own ratings.
    """

    def __init__(
        self, runner: Runner, rounds: Sequence[Parameters], judged: int, dated: bool, windows: Sequence[Window] = ()
    ) -> None:
        self._runner, self._rounds, self._judged = runner, [str(at) for at in range(len(rounds))], judged
        self._gains: dict[Parameters, Floats] = {}
        parts = (*LEARNED, *matrix_names("test"))
        own: Sequence[Window | None] = windows or [None] * len(rounds)
        hidden = zip(self._rounds, rounds, own, strict=True)
        runner.run([FitTask(at, hide, (seeded, judged, dated, window), parts) for at, seeded, window in hidden])

    def best(self, choices: Sequence[Parameters]) -> Parameters:
        """The choice with the greatest mean gain; the first of equals."""
        best = self._greatest(choices)
        self._forget_all_but(best, choices)
        return best

    def surely_best(self, chosen: Parameters, others: Sequence[Parameters]) -> Parameters:
        """The best of ``others`` where its mean gain is surely greater than that of ``chosen``, else that."""
        best = self._greatest([chosen, *others])
        better = best if self.surely(chosen, best) else chosen
        self._forget_all_but(better, [chosen, *others])
        return better

    def first_as_good(self, choices: Sequence[Parameters]) -> Parameters:
        """The first choice than which none has a mean gain that is surely greater."""
        best = self._greatest(choices)
        first = next(choice for choice in choices if not self.surely(choice, best))
        self._forget_all_but(first, choices)
        return first

    def _greatest(self, choices: Sequence[Parameters]) -> Parameters:
        self._judge(choices)
        return max(choices, key=lambda choice: float(np.nanmean(self._gains[choice])))

    def _forget_all_but(self, best: Parameters, choices: Sequence[Parameters]) -> None:
        """Leaves of what was fitted what further choices on top of ``best`` build on: a variant of the ALS factors has as many
        bytes as all ratings of a round."""
        for needs in (self._fits, sides):
            kept = {task.name for at in self._rounds for task in needs(at, best)}
            others = [task for choice in choices for at in self._rounds for task in needs(at, choice) if task.name not in kept]
            self._runner.forget(others)

    def _fits(self, at: str, choice: Parameters) -> Iterator[FitTask]:
        return fits(at, choice, self._judged)

    def surely(self, before: Parameters, after: Parameters) -> bool:
        """Whether the mean gain grows by more than its standard error: a track side costs time, and a wrong one hurts."""
        apart = self._gains[after] - self._gains[before]
        apart = apart[~np.isnan(apart)]
        return bool(apart.mean() > apart.std() / np.sqrt(apart.size))

    def chance(self, choice: Parameters) -> Chance:
        """Of the ``CONSIDERED`` best tracks of each listener of the first round with a hidden track, which were hidden."""
        self._fit([choice])
        store = self._runner.store
        return _round(store, self._rounds[0]).chance(store, choice)

    def _judge(self, choices: Sequence[Parameters]) -> None:
        """NDCG@50 of each judged listener of each round, NaN without a hidden track."""
        new = [choice for choice in dict.fromkeys(choices) if choice not in self._gains]
        self._fit(new)
        parts = min(self._runner.workers, -(-self._judged // TILE))
        bounds = [min(self._judged, -(-self._judged * part // parts // TILE) * TILE) for part in range(parts)] + [self._judged]
        tasks = {
            choice: [
                FitTask(f"{at}.gain-{_named(choice)}-{first}", judge_choice, (at, choice, first, last), ("ndcg",))
                for at in self._rounds
                for first, last in pairwise(bounds)
            ]
            for choice in new
        }
        self._runner.run([task for own in tasks.values() for task in own])
        for choice, own in tasks.items():
            self._gains[choice] = np.concatenate([self._runner.store[task.names[0]] for task in own])

    def _fit(self, choices: Sequence[Parameters]) -> None:
        """What the choices need; a track side is put together from both of its views."""
        for needs in (self._fits, sides):
            wanted = [task for choice in choices for at in self._rounds for task in needs(at, choice)]
            self._runner.run([*{task.name: task for task in wanted}.values()])


def _named(choice: Parameters) -> str:
    return "-".join(map(str, astuple(choice)))


def judge_choice(store: ArrayStore, at: str, choice: Parameters, first: int, last: int, *, threads: int) -> Arrays:
    """NDCG@50 of the judged listeners ``first`` … ``last`` − 1, NaN without a hidden track."""
    own = _round(store, at)
    model = own.model(store, choice)
    with ThreadPoolExecutor(threads) as workers:
        tiles = workers.map(lambda begin: own.gain(model, begin, min(begin + TILE, last)), range(first, last, TILE))
        return {"ndcg": np.concatenate(list(tiles))}


class _Round:
    """What one round's arrays are. The store keeps it, so that it does not keep the store: each would wait for the other to go,
    and the arrays of all rounds with them."""

    def __init__(self, store: ArrayStore, at: str) -> None:
        self._at = at
        self.learned, self.test = learned(store, at), store.matrix(f"{at}.test")
        self.known = self.learned.rated[: self.test.shape[0]]
        self._model: tuple[tuple[float, ...], Collaborative] | None = None

    def gain(self, model: Collaborative, first: int, last: int) -> Floats:
        lists = top(model.scores(first, last), self.known[first:last], CONSIDERED)
        return ndcg(lists, self.test[first:last], CONSIDERED)

    def chance(self, store: ArrayStore, choice: Parameters) -> Chance:
        model, scores, lists = self.model(store, choice), [], []
        for first in range(0, self.test.shape[0], TILE):
            last = min(first + TILE, self.test.shape[0])
            values = model.scores(first, last)
            lists.append(top(values, self.known[first:last], CONSIDERED))
            scores.append(np.take_along_axis(values, np.maximum(lists[-1], 0), axis=1).astype(np.float64))
        listed, raw = np.concatenate(lists), np.concatenate(scores)
        back = np.diff(self.test.indptr) > 0
        sizes = np.repeat(np.diff(self.known.indptr)[back], CONSIDERED)
        return fit_chance(np.where(listed < 0, 0.0, raw)[back].ravel(), sizes, hits(listed, self.test)[back].ravel())

    def model(self, store: ArrayStore, choice: Parameters) -> Collaborative:
        key = choice.popularity_damping, choice.kept, choice.rank, choice.ridge
        preferences = store.columns(AlsFactors, als_name(self._at, choice, self.test.shape[0]), AlsFactors._fields)
        if self._model is None or self._model[0] != key:
            near = store.columns(Near, near_name(self._at, choice, self.test.shape[0]), Near._fields)
            # the last one alone: choices with the same one follow each other
            self._model = key, Collaborative.of(self.learned, near, preferences, choice)
        side = store.matrix(side_name(self._at, choice)) if choice.track_share > 0.0 else None
        return self._model[1].blended(preferences, choice, side)


def _round(store: ArrayStore, at: str) -> _Round:
    return store.derived(("round", at), lambda: _Round(store, at))
