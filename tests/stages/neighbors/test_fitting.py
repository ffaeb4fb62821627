"""What a fit needs as tasks: named after what it follows from, so that nothing is fitted twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.stages.neighbors.fitting import LEARNED, als_name, correlated, fits, learned, learned_arrays, side_name, sides
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.tasks import Here
from recsys.stages.neighbors.track_side import near_tracks, track_side, two_hop
from recsys.stages.neighbors.weighting import cleaned
from tests.support.rated import long_tail

SMALL = Parameters(pool=12, kept=6, rank=5, ridge=1.0)
RATED = cleaned(long_tail(60, 40, 900, disliked=0.1))


def test_what_was_learned_comes_back_from_its_arrays() -> None:
    wanted = correlated(RATED, SMALL)
    here = Here(1)
    here.put({f"x.{name}": array for name, array in learned_arrays(wanted).items()})
    assert {*here.store.arrays} == {f"x.{name}" for name in LEARNED}
    back = learned(here.store, "x")
    np.testing.assert_array_equal(back.rows.weights.toarray(), wanted.rows.weights.toarray())
    for one, other in zip((*back.rows[1:], *back.factors), (*wanted.rows[1:], *wanted.factors), strict=True):
        np.testing.assert_array_equal(one, other)


def test_choices_share_what_they_have_in_common() -> None:
    names = {task.name for share in (0.0, 0.3, 0.5) for task in fits("x", replace(SMALL, als_share=share), 60)}
    assert len(names) == 2
    assert not [*sides("x", SMALL)]
    both = replace(SMALL, track_share=0.3)
    assert len([*fits("x", both, 60)]) == 4
    assert len([*fits("x", replace(both, two_hop_share=1.0), 60)]) == len([*fits("x", replace(both, two_hop_share=0.0), 60)]) == 3


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_side_of_both_views(share: float) -> None:
    choice, here = replace(SMALL, track_share=0.3, two_hop_share=share), Here(1)
    here.put({f"x.{name}": array for name, array in learned_arrays(correlated(RATED, SMALL)).items()})
    here.run([*fits("x", choice, 60)])
    here.run([*sides("x", choice)])
    near = near_tracks(RATED, SMALL.pool, SMALL.kept, SMALL.ridge) if share < 1.0 else None
    wanted = track_side(RATED, near, two_hop(RATED) if share > 0.0 else None, share)
    np.testing.assert_array_equal(here.store.matrix(side_name("x", choice)).toarray(), wanted.toarray())


def test_a_trial_has_vectors_of_the_listeners_asked_for() -> None:
    here = Here(1)
    here.put({f"x.{name}": array for name, array in learned_arrays(correlated(RATED, SMALL)).items()})
    for last in (60, 11):
        here.run([*fits("x", SMALL, last)])
    whole, part = (here.store[f"{als_name('x', SMALL, last)}.listeners"] for last in (60, 11))
    assert part.tobytes() == whole[:11].tobytes()
