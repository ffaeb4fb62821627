"""What a look at a few listeners computes of a block: the same as single pairs of subject and track by the formula."""

from __future__ import annotations

import numpy as np
import pytest

from recsys import Settings
from recsys.stages.candidates.kernels.constants import PROMOTED
from recsys.stages.candidates.kernels.fits import fit_pairs
from recsys.stages.candidates.scored import Scored
from tests.support.chance import world
from tests.support.worlds import prepared

pytestmark = pytest.mark.slow  # whole runs

PRESETS = pytest.mark.parametrize("settings", [Settings(parts_scale="raw", netted_evidence=False), Settings.reference()])


def block(settings: Settings) -> Scored:
    scorer = prepared(world(5), settings)
    return scorer.score(0, len(scorer.history.users))


@PRESETS
def test_fits_of_every_pair_are_those_of_single_ones(settings: Settings) -> None:
    scored = block(settings)
    subjects, tracks = len(scored.subjects.audio), scored.rules.shape[1]
    pairs = np.repeat(np.arange(subjects, dtype=np.int32), tracks), np.tile(np.arange(tracks, dtype=np.int32), subjects)
    content, distance, safety = (np.empty(subjects * tracks) for _ in range(3))
    fit_pairs(scored.tracks, scored.subjects, scored.weights.floor, pairs, (content, distance, safety))
    for every, single in zip(scored.fits, (content, distance, safety), strict=True):
        assert every.shape == (subjects, tracks)
        assert every.tobytes() == single.tobytes()
    heard = scored.subjects.audio[:, None] & scored.tracks.audio
    assert np.isnan(scored.fits.distance).tolist() == (~heard).tolist()
    assert scored.fits is scored.fits


@PRESETS
def test_score_is_the_weighted_sum_times_safety(settings: Settings) -> None:
    scored = block(settings)
    weights, tracks = scored.weights, scored.tracks
    for row, score in enumerate(scored.score):
        subject, voice = scored.lists.subject[row], scored.lists.listener[row]
        content, distance, safety = (part[subject] for part in scored.fits)
        safety = np.where(~scored.lists.explicit_safe[row] & tracks.silenced, 0.0, safety)
        near = np.where(np.isnan(distance), 0.5, 1 - np.abs(distance - scored.lists.target[row]))
        parts = weights.content * content + weights.collaborative * scored.collaborative[voice]
        parts = parts + weights.popularity * tracks.fit[scored.lists.mode[row]] + weights.exploration * np.clip(near, 0, 1)
        promoted = tracks.boost * (safety if weights.safe_boost else 1.0) * (content >= PROMOTED)
        np.testing.assert_allclose(score, parts * safety + promoted, atol=1e-9)


def test_a_run_computes_neither() -> None:
    scored = block(Settings())
    assert scored.spread is not None
    assert not {"fits", "score"} & vars(scored).keys()
