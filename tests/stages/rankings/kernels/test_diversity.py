"""Diversity against a hand-sized table, a brute-force reference and the properties of greedy selection."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.matrices.arrays import Items, Ragged
from recsys.stages.rankings.kernels import diversity
from recsys.stages.rankings.kernels.diversity import Picks
from recsys.stages.rankings.kernels.picking import Pool, Rules
from tests.support.picks import pick, pick_many


def rows(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    indptr = np.cumsum([0, *(len(set(ids)) for ids in lists)])
    return indptr, np.array([value for ids in lists for value in sorted(set(ids))], np.int32)


def catalogue(
    vectors: np.ndarray,
    audio: list[bool] | None = None,
    artists: list[int] | None = None,
    genres: list[list[int]] | None = None,
    songs: list[int] | None = None,
) -> Items:
    """Tracks with these vectors; by default all with audio and each of an artist, song and no genre of its own."""
    count = len(vectors)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    artists = list(range(count)) if artists is None else artists
    return Items(
        np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0),
        np.array([True] * count if audio is None else audio),
        np.array(artists, np.int32),
        *rows([[]] * count if genres is None else genres),
        *rows([[artist] for artist in artists]),
        np.array(range(count) if songs is None else songs, np.int32),
    )


@dataclass
class World:
    items: Items
    tracks: np.ndarray
    scores: np.ndarray


def world(seed: int, count: int, levels: int = 0) -> World:
    """Random tracks in score order; with ``levels``, scores and vectors repeat and make exact ties."""
    random = np.random.default_rng(seed)
    vectors = random.integers(0, 3, (count, 12)).astype(float) if levels else random.random((count, 12))
    scores = random.integers(0, levels, count) / levels if levels else random.random(count)
    items = catalogue(
        vectors,
        list(random.random(count) < 0.7),
        list(random.integers(-1, count // 2 + 1, count)),
        [list(random.integers(0, 6, random.integers(0, 3))) for _ in range(count)],
        list(random.integers(-1, count, count)),
    )
    items = items._replace(
        credits_indptr=(c := rows([list({abs(a), 1}) if a % 5 == 0 else [abs(a)] for a in items.artist]))[0], credits_indices=c[1]
    )
    return World(items, random.permutation(count).astype(np.int32), -np.sort(-scores))


def distance(items: Items, x: int, y: int, scale: float) -> float:
    if items.audio[x] and items.audio[y]:
        return float(1 - items.unit[x] @ items.unit[y])
    genres = [set(items.genres_indices[items.genres_indptr[t] : items.genres_indptr[t + 1]]) for t in (x, y)]
    same_artist = items.artist[x] == items.artist[y] >= 0
    return scale * (0.12 if same_artist else 0.38 if genres[0] & genres[1] else 0.78)


def brute_force(w: World, limit: int, lam: float, scale: float, cap: int, one_version: bool) -> list[tuple[int, float, bool]]:
    """(position, diversity, over_cap) of every pick, all distances computed afresh at every pick."""
    items, tracks, picks = w.items, w.tracks, list[tuple[int, float, bool]]()
    credited = [set(items.credits_indices[items.credits_indptr[t] : items.credits_indptr[t + 1]]) for t in range(len(items.song))]
    while len(picks) < limit:
        chosen = [tracks[p] for p, _, _ in picks]
        songs = {items.song[t] for t in chosen if one_version} - {-1}
        left = [p for p in range(len(tracks)) if p not in [q for q, _, _ in picks] and items.song[tracks[p]] not in songs]
        full = {a for a in set().union(*credited) if sum(a in credited[t] for t in chosen) >= cap} if cap else set()
        over = not (allowed := [p for p in left if not credited[tracks[p]] & full])
        if not (left := allowed or left):
            break
        near = {p: min([1.0, *(max(0, distance(items, tracks[p], t, scale)) for t in chosen)]) for p in left}
        if len(tracks) <= limit:
            near = dict.fromkeys(left, 0.0)
        best = max(left, key=lambda p: (round(lam * w.scores[p] + (1 - lam) * near[p], 13) if len(tracks) > limit else 0, -p))
        picks.append((best, near[best], over))
    return picks


def assert_same(picks: Picks, expected: list[tuple[int, float, bool]]) -> None:
    assert picks.position.tolist() == [position for position, _, _ in expected]
    np.testing.assert_allclose(picks.diversity, [near for _, near, _ in expected], atol=1e-12)
    assert picks.over_cap.tolist() == [over for _, _, over in expected]


def corners(*angles: float) -> np.ndarray:
    """Vectors in the plane of the first two features."""
    vectors = np.zeros((len(angles), 12))
    vectors[:, 0], vectors[:, 1] = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    return vectors


def in_order(items: Items, scores: list[float]) -> World:
    return World(items, np.arange(len(scores), dtype=np.int32), np.array(scores))


class TestHandTable:
    def test_audio(self) -> None:
        w = in_order(catalogue(corners(0, 0, 60, 90)), [0.9, 0.5, 0.5, 0.1])
        result = pick(w.items, w.tracks, w.scores, 3, lam=0.5)
        assert result.position.tolist() == [0, 3, 2]
        np.testing.assert_allclose(result.diversity, [1, 1, 1 - np.sqrt(3) / 2], atol=1e-12)
        assert result.nearest.tolist() == [-1, 0, 3]
        np.testing.assert_allclose(result.marginal, [0.95, 0.55, 0.5 * (0.5 + 1 - np.sqrt(3) / 2)], atol=1e-12)
        assert not result.over_cap.any()

    def test_without_audio(self) -> None:
        items = catalogue(
            corners(0, 90, 0, 0, 0), [True, False, False, False, False], [1, 1, 2, 3, -1], [[1, 4], [], [4], [], []]
        )
        w = in_order(items, [1.0, 0.0, 0.0, 0.0, 0.0])
        for scale in (1.0, 0.46):
            result = pick(w.items, w.tracks, w.scores, 4, lam=0.01, scale=scale)
            assert result.position.tolist() == [0, 3, 4, 2]
            np.testing.assert_allclose(result.diversity, [1, 0.78 * scale, 0.78 * scale, 0.38 * scale])
            assert result.nearest.tolist() == [-1, 0, 0, 0]

    def test_zero_vector_is_far_from_all(self) -> None:
        vectors = corners(0, 0, 0)
        vectors[1] = 0
        w = in_order(catalogue(vectors), [0.9, 0.2, 0.3])
        result = pick(w.items, w.tracks, w.scores, 2, lam=0.5)
        assert result.position.tolist() == [0, 1]
        assert result.diversity[1] == 1

    def test_few_candidates_keep_their_order(self) -> None:
        w = in_order(catalogue(corners(0, 1, 90)), [0.9, 0.8, 0.1])
        result = pick(w.items, w.tracks, w.scores, 3, lam=0.1)
        assert result.position.tolist() == [0, 1, 2]
        assert result.diversity.tolist() == [0, 0, 0]
        assert result.nearest.tolist() == [-1, -1, -1]


class TestBruteForce:
    @pytest.mark.parametrize("levels", [0, 3], ids=["no ties", "ties"])
    @given(
        seed=st.integers(0, 10_000),
        count=st.integers(1, 24),
        limit=st.integers(1, 12),
        lam=st.sampled_from([0.0, 0.3, 0.74, 1.0]),
        scale=st.sampled_from([1.0, 0.46, 2.0]),
        cap=st.integers(0, 3),
        one_version=st.booleans(),
    )
    def test_pick(
        self, levels: int, seed: int, count: int, limit: int, lam: float, scale: float, cap: int, one_version: bool
    ) -> None:
        w = world(seed, count, levels)
        result = pick(w.items, w.tracks, w.scores, limit, lam, scale, cap, one_version)
        expected = brute_force(w, limit, lam, scale, cap, one_version)
        if levels and result.position.tolist() != [position for position, _, _ in expected]:
            assert_equally_good(w, result, lam, expected)
        else:
            assert_same(result, expected)

    @pytest.mark.slow
    def test_large(self) -> None:
        w = world(3, 700)
        assert_same(pick(w.items, w.tracks, w.scores, 40, 0.74, 0.46, 2, True), brute_force(w, 40, 0.74, 0.46, 2, True))


def assert_equally_good(w: World, picks: Picks, lam: float, expected: list[tuple[int, float, bool]]) -> None:
    """Where rounding decides a tie, the first pick that differs is worth the same."""
    first = next(i for i, (one, other) in enumerate(zip(picks.position, expected, strict=False)) if one != other[0])
    position, near, _ = expected[first]
    assert picks.marginal[first] == pytest.approx(lam * w.scores[position] + (1 - lam) * near, abs=1e-12)


class TestProperties:
    @given(seed=st.integers(0, 10_000), limit=st.integers(1, 20))
    def test_lambda_one_is_the_order_of_scores(self, seed: int, limit: int) -> None:
        w = world(seed, 25)
        assert pick(w.items, w.tracks, w.scores, limit, lam=1.0).position.tolist() == list(range(limit))

    @given(seed=st.integers(0, 10_000))
    def test_lambda_zero_ignores_scores_after_the_first(self, seed: int) -> None:
        w = world(seed, 25)
        flat = np.full(25, w.scores[0])
        one, other = (pick(w.items, w.tracks, scores, 9, lam=0.0).position.tolist() for scores in (w.scores, flat))
        assert one == other

    @given(seed=st.integers(0, 10_000), limit=st.integers(1, 24), cap=st.integers(0, 2))
    def test_a_shorter_list_is_the_beginning_of_a_longer_one(self, seed: int, limit: int, cap: int) -> None:
        w = world(seed, 26)
        short, long = (pick(w.items, w.tracks, w.scores, size, 0.74, 1.0, cap, True).position for size in (limit, 25))
        assert short.tolist() == long[:limit].tolist()

    @given(seed=st.integers(0, 10_000), limit=st.integers(1, 40), cap=st.integers(0, 2), one_version=st.booleans())
    def test_picks_are_distinct_candidates(self, seed: int, limit: int, cap: int, one_version: bool) -> None:
        w = world(seed, 30)
        result = pick(w.items, w.tracks, w.scores, limit, 0.74, 1.0, cap, one_version)
        assert len(set(result.position)) == result.position.size <= min(limit, 30)
        assert one_version or result.position.size == min(limit, 30)
        assert ((result.diversity >= 0) & (result.diversity <= 1)).all()
        assert (result.nearest < 30).all()


class TestRules:
    def test_cap_is_lifted_only_when_nothing_else_is_left(self) -> None:
        w = in_order(catalogue(corners(0, 10, 20, 30, 40), artists=[7, 7, 7, 8, 8]), [0.9, 0.8, 0.7, 0.6, 0.5])
        result = pick(w.items, w.tracks, w.scores, 4, lam=1.0, max_per_artist=1)
        assert result.position.tolist() == [0, 3, 1, 2]
        assert result.over_cap.tolist() == [False, False, True, True]

    def test_cap_in_a_list_that_holds_all_candidates(self) -> None:
        w = in_order(catalogue(corners(0, 10, 20), artists=[7, 7, 8]), [0.9, 0.8, 0.7])
        result = pick(w.items, w.tracks, w.scores, 5, lam=0.5, max_per_artist=1)
        assert result.position.tolist() == [0, 2, 1]
        assert result.over_cap.tolist() == [False, False, True]
        assert result.diversity.tolist() == [0, 0, 0]

    def test_an_artist_may_have_as_many_more_for_each_seed_in_that_list_alone(self) -> None:
        w = in_order(catalogue(corners(0, 10, 20, 30, 40, 50), artists=[7, 7, 7, 8, 8, 7]), [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
        pools = Pool(np.tile(w.tracks, 4), np.tile(w.scores, 4))
        seeds = Ragged.of([np.array(tracks, np.int32) for tracks in ([], [5], [5, 0], [])])
        rules, bounds = Rules(1.0, 1.0, 1, False, 0), np.arange(0, 25, 6)
        offsets, picks = diversity.pick_many(w.items, pools, bounds, [4, 4, 4, 4], rules, None, seeds)
        own = [picks.position[offsets[row] : offsets[row + 1]].tolist() for row in range(4)]
        assert own == [[0, 3, 1, 2], [0, 1, 3, 2], [0, 1, 2, 3], [0, 3, 1, 2]]
        over = [picks.over_cap[offsets[row] : offsets[row + 1]].tolist() for row in range(4)]
        assert over == [[False, False, True, True], [False, False, False, True], [False] * 4, [False, False, True, True]]

    def test_cap_counts_every_credited_artist(self) -> None:
        indptr, indices = rows([[1], [1, 2], [2]])
        items = catalogue(corners(0, 10, 20))._replace(credits_indptr=indptr, credits_indices=indices)
        w = in_order(items, [0.9, 0.8, 0.7])
        assert pick(w.items, w.tracks, w.scores, 2, lam=1.0, max_per_artist=1).position.tolist() == [0, 2]

    def test_a_song_is_never_repeated(self) -> None:
        w = in_order(catalogue(corners(0, 10, 20, 30), songs=[4, 4, -1, -1]), [0.9, 0.8, 0.7, 0.6])
        result = pick(w.items, w.tracks, w.scores, 4, lam=0.5, max_per_artist=1, one_version=True)
        assert result.position.tolist() == [0, 2, 3]

    def test_exact_ties_go_to_the_earlier(self) -> None:
        w = in_order(catalogue(corners(0, 0, 0, 0)), [0.5] * 4)
        assert pick(w.items, w.tracks[::-1].copy(), w.scores, 3, lam=0.74).position.tolist() == [0, 1, 2]

    def test_repeated_track(self) -> None:
        w = in_order(catalogue(corners(0, 90)), [0.5] * 3)
        result = pick(w.items, np.array([0, 0, 1], np.int32), w.scores, 2, lam=0.5)
        assert result.position.tolist() == [0, 2]

    @pytest.mark.parametrize("limit", [0, 3])
    def test_no_candidates(self, limit: int) -> None:
        empty = np.array([], np.int32)
        assert pick(catalogue(corners(0)), empty, empty.astype(float), limit, lam=0.5).position.size == 0


def test_many_lists_are_the_single_lists() -> None:
    w = world(1, 60)
    bounds, limits = [0, 25, 25, 60], [9, 4, 12]
    tracks = np.concatenate([w.tracks[:25], w.tracks[:35]])
    scores = np.concatenate([w.scores[:25], w.scores[:35]])
    offsets, result = pick_many(w.items, tracks, scores, np.array(bounds), limits, 0.74, 0.46, 2, True)
    for index, limit in enumerate(limits):
        part = slice(bounds[index], bounds[index + 1])
        single = pick(w.items, tracks[part], scores[part], limit, 0.74, 0.46, 2, True)
        for one, many in zip(single, result, strict=True):
            assert one.tolist() == many[offsets[index] : offsets[index + 1]].tolist()
