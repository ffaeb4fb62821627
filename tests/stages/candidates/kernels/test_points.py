"""Points of preset ``default`` against the formula in plain numpy, list by list, and their properties."""

from __future__ import annotations

import numpy as np
import pytest

from recsys import Settings
from recsys.matrices.arrays import Floats, Names
from recsys.stages.candidates.kernels.constants import AVERSION, PROMOTED, SOUND
from recsys.stages.candidates.kernels.points import MOST_COMMERCIAL
from recsys.stages.candidates.kernels.scale import (
    COMMERCIAL,
    CONTENT,
    EXPLORATION,
    FAMILIARITY,
    INSTEAD_CONTENT,
    INSTEAD_POPULARITY,
    POPULARITY,
    SAFETY,
    SIZE,
    TARGET,
    VOTES,
)
from recsys.stages.candidates.scored import Scored, Spread
from recsys.stages.candidates.stage import by_points
from tests.support.chance import world
from tests.support.worlds import prepared


def block(seed: int, measured: int) -> tuple[Scored, Spread]:
    scorer = prepared(world(seed), Settings(pool=8, measured=measured, tempo_octaves=seed % 2 == 0))
    scored = scorer.score(0, len(scorer.history.users))
    assert scored.spread is not None
    return scored, scored.spread


def dense(names: Names, subject: int, width: int) -> Floats:
    row = np.zeros(width)
    own = slice(names.indptr[subject], names.indptr[subject + 1])
    row[names.indices[own]] = names.strength[own]
    return row


def by_set(names: Names, subject: int, scored: Scored) -> Floats:
    """The greatest strength of each set of artists."""
    indptr, bearers = scored.tracks.artist_indptr, scored.tracks.artist_bearers
    strength, out = dense(names, subject, len(indptr) - 1), np.zeros(scored.tracks.artist_sets)
    for name, value in enumerate(strength):
        for group in bearers[indptr[name] : indptr[name + 1]]:
            out[group] = max(out[group], value)
    return out


def measured_tracks(scored: Scored, spread: Spread, row: int, most: int) -> tuple[list[int], list[bool]]:
    """Candidates whose points are counted, and which of them set the scale."""
    subject = scored.lists.subject[row]
    votes, candidates = scored.collaborative[scored.lists.listener[row]], np.flatnonzero(scored.rules[row] == 0).tolist()
    voted = [track for track in candidates if votes[track] > 0]
    if len(voted) < spread.measured:
        return candidates, [True] * len(candidates)
    least = sorted((votes[track] for track in voted), reverse=True)[spread.measured - 1]
    voted = [track for track in voted if votes[track] >= least]
    loves = by_set(spread.ties.familiar, subject, scored)[scored.tracks.artist_of]
    others = [track for track in candidates if loves[track] > 0 and track not in voted]
    others.sort(key=lambda track: -(loves[track] + 1e-3 * votes[track]))
    core = sorted({*voted, *others[: spread.measured // 4]})
    return (core, [True] * len(core)) if len(core) >= most else (candidates, [track in core for track in candidates])


def values_of(scored: Scored, spread: Spread, row: int, core: list[int], counted: Floats) -> tuple[Floats, Floats]:
    """(parts, candidates) values and safety."""
    subject, voice, cold = scored.lists.subject[row], scored.lists.listener[row], spread.ties.cold[scored.lists.subject[row]]
    tracks, wishes, facts = scored.tracks, spread.wishes, spread.facts
    distance = scored.fits.distance[subject][core]
    audio = ~np.isnan(distance)
    values = np.zeros((SIZE, len(core)))
    mean = (1 - distance[audio & counted]).mean() if (audio & counted).any() else None
    content = scored.fits.content[subject][core]
    values[CONTENT] = content if mean is None else np.where(audio, content, np.minimum(1, SOUND * mean + (1 - SOUND) * content))
    values[VOTES] = scored.collaborative[voice][core]
    popularity = facts.popularity[core]
    little = cold and wishes.weight[row, POPULARITY] < 0
    values[POPULARITY] = 1 - abs(popularity - 0.5) if little else popularity
    near = np.sort(distance[audio & counted])
    place = np.full(len(core), 0.5)
    for at in np.flatnonzero(audio):
        if mean is not None:
            # equal distances stand in the order of the tracks
            earlier = sum(distance[other] == distance[at] for other in range(at, len(core)) if counted[other] and other != at)
            rank = np.searchsorted(near, distance[at])
            place[at] = (rank + earlier + 0.5) / len(near) if counted[at] else rank / len(near)
    values[EXPLORATION] = 1 - abs(place - wishes.distance[row])
    loves = by_set(spread.ties.familiar, subject, scored)[tracks.artist_of[core]]
    values[FAMILIARITY] = loves
    wanted = ~np.isnan(wishes.targets[row])
    if wanted.any():
        away = np.abs(facts.scaled[core] - wishes.targets[row])
        tempo = facts.scaled[core][:, 8]
        if wishes.octaves:
            away[:, 8] = np.min([abs(factor * tempo - wishes.targets[row, 8]) for factor in (0.5, 1.0, 2.0)], axis=0)
        away[:, 9:] = away[:, 9:] >= 1e-9
        fit = np.exp(-away[:, wanted].mean(axis=1) / wishes.tolerance[row])
        own = tracks.audio[core]
        there = own & counted
        values[TARGET] = np.where(own, fit, fit[there].mean() if there.any() else 0.0)
    disliked = by_set(scored.subjects.disliked_artists, subject, scored)[tracks.artist_of[core]]
    safety = np.where(loves > 0, tracks.quality[core] * (1 - AVERSION * 0.9 * disliked), scored.fits.safety[subject][core])
    safety = safety * (1 - AVERSION * dense(spread.ties.averse, subject, len(tracks.audio))[core])
    safety = safety * np.where(cold, facts.doubtful[core], 1.0)
    return values, np.where(~scored.lists.explicit_safe[row] & tracks.silenced[core], 0.0, safety)


def expected(scored: Scored, spread: Spread, row: int, most: int) -> list[tuple[int, float, list[float]]]:
    """Track, score and columns of the best candidates of one list."""
    core, chosen = measured_tracks(scored, spread, row, most)
    if not core:
        return []
    counted = np.array(chosen)
    values, safety = values_of(scored, spread, row, core, counted)
    weight = spread.wishes.weight[row].copy()
    if spread.ties.cold[scored.lists.subject[row]]:
        weight[POPULARITY] = abs(weight[POPULARITY])
    votes = values[VOTES]
    strong, knee = votes.max(), sorted(votes, reverse=True)[: min(100, len(votes))][-1]
    unsaid = weight[VOTES] * (1 - strong) ** 2
    weight = weight + np.array([INSTEAD_CONTENT * unsaid, (strong - 1) * weight[VOTES], INSTEAD_POPULARITY * unsaid, 0, 0, 0])
    scale = values.copy()
    scale[VOTES] = np.log1p(votes / (knee or strong)) if strong else 0.0
    low, high = scale[:, counted].min(axis=1), scale[:, counted].max(axis=1)
    unit = np.maximum(scale[:, counted].std(axis=1), (high - low) / 6)
    rate = np.divide(weight, unit, out=np.zeros(SIZE), where=unit > 0)
    whole = (abs(rate) * (high - low)).sum()
    rate *= 100 / whole if whole else 0.0
    points = np.maximum(0.0, (scale - np.where(rate > 0, low, high)[:, None]) * rate[:, None])
    boost = np.where(values[CONTENT] >= PROMOTED, np.minimum(100 * scored.tracks.boost[core], MOST_COMMERCIAL) * safety, 0.0)
    score = points.sum(axis=0) * safety + boost
    table = np.vstack([values, points, safety, boost])
    best = sorted(range(len(core)), key=lambda at: (-round(score[at], 9), core[at]))[:most]
    return [(core[at], score[at], table[:, at].tolist()) for at in best]


@pytest.mark.parametrize(("seed", "measured"), [(1, 2), (2, 6), (3, 12), (4, 100), (5, 6), (6, 6)])
def test_is_the_formula(seed: int, measured: int) -> None:
    scored, spread = block(seed, measured)
    pool = by_points(scored, np.arange(len(scored.rules)), scored.rules, 9)
    for row in range(len(scored.rules)):
        own = slice(pool.indptr[row], pool.indptr[row + 1])
        wanted = expected(scored, spread, row, 9)
        np.testing.assert_allclose(pool.score[own], [score for _, score, _ in wanted], atol=1e-9)
        scores = {track: (score, columns) for track, score, columns in expected(scored, spread, row, 10**6)}
        for track, score, columns in zip(pool.track[own], pool.score[own], np.asarray(pool.columns)[own], strict=True):
            assert scores[track][0] == pytest.approx(score, abs=1e-9)
            np.testing.assert_allclose(columns, scores[track][1], atol=1e-9)


def test_score_is_the_points_times_safety_and_promotion() -> None:
    scored, _ = block(7, 6)
    pool = by_points(scored, np.arange(len(scored.rules)), scored.rules, 9)
    columns = np.asarray(pool.columns)
    np.testing.assert_allclose(pool.score, columns[:, SIZE : 2 * SIZE].sum(axis=1) * columns[:, SAFETY] + columns[:, COMMERCIAL])
    assert columns[:, SIZE : 2 * SIZE].min() >= 0
    assert pool.score.max() <= 100 + MOST_COMMERCIAL


def test_lists_of_a_block_do_not_touch_each_other() -> None:
    scored, _ = block(8, 6)
    together = by_points(scored, np.arange(len(scored.rules)), scored.rules, 9)
    for row in range(len(scored.rules)):
        alone = by_points(scored, np.array([row]), scored.rules[[row]], 9)
        own = slice(together.indptr[row], together.indptr[row + 1])
        assert alone.track.tolist() == together.track[own].tolist()
        assert alone.score.tobytes() == together.score[own].tobytes()
