"""Stage ``neighbors``: shrinkage, votes and the stored table; the kernels have tests of their own."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from recsys import Inputs, Settings, models
from recsys.matrices.catalog import build_catalog
from recsys.matrices.history import History, build_history
from recsys.pipeline import prepare
from recsys.stages.neighbors.stage import Blended, collaborative, neighbor_rows, neighborhood
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.tables import NEIGHBORS, RATINGS, TRACKS
from tests.support.chance import world
from tests.support.rated import groups
from tests.support.worlds import AS_OF, frame, silent

REFERENCE = Settings.reference()
RATED = {
    "ann": {"a": 1.0, "b": 2.0, "c": 3.0},
    "bob": {"a": 2.0, "b": 4.0, "c": 6.0, "d": 9.0, "e": 1.0},
    "cem": {"a": 1.0, "b": 2.0, "c": 2.0, "e": 4.0, "gone": 8.0},
    "dan": {"a": 3.0, "b": 2.0, "c": 1.0, "f": 7.0},
    "eve": {"f": 1.0},
}


def listened(rated: dict[str, dict[str, float]] = RATED) -> History:
    rows = [
        {"user_id": user, "track_id": track, "rating": points, "liked": 0, "disliked": 0, "known": True, "rejected": False}
        for user, given in rated.items()
        for track, points in given.items()
    ]
    return build_history(frame(RATINGS, rows), list(rated), build_catalog(frame(TRACKS, map(silent, "abcdef")), REFERENCE))


def shares(settings: Settings, rated: dict[str, dict[str, float]] = RATED, first: int = 0, last: int = 1) -> np.ndarray:
    heard = listened(rated)
    return collaborative(heard, neighborhood(heard, first, last), np.arange(6, dtype=np.int32), settings)


def test_weight_is_similarity_shrunk_by_overlap() -> None:
    near = neighborhood(listened(), 0, 2)
    half = np.sqrt(3) / 2
    assert near.neighbors.tolist() == [1, 2, 0]
    assert near.similarity[:2] == pytest.approx([1, half])
    assert near.weight == pytest.approx([1 * 3 / 6, half * 3 / 6, 1 * 3 / 6])


def test_collaborative_by_hand() -> None:
    # bob gives d 9 and e 1, cem gives e 4 and gone 8
    bob, cem = 0.5, np.sqrt(3) / 4
    votes = {"d": bob * 9, "e": bob * 1 + cem * 4, "gone": cem * 8}
    top = max(votes.values())
    assert shares(REFERENCE)[0] == pytest.approx([0, 0, 0, votes["d"] / top, votes["e"] / top, 0])


def test_a_track_the_catalogue_lacks_may_take_the_maximum_only_in_reference() -> None:
    rated = RATED | {"cem": RATED["cem"] | {"gone": 80.0}}
    assert shares(REFERENCE, rated).max() < 0.2
    assert shares(REFERENCE.model_copy(update={"restrict_collaborative": True}), rated).max() == 1.0


def test_little_evidence_is_little_vote_only_in_default() -> None:
    rated = {"ann": {"a": 1.0, "b": 2.0}, "bob": {"a": 1.0, "b": 2.0, "c": 0.01}}
    assert shares(REFERENCE, rated)[0, 2] == 1.0
    assert shares(REFERENCE.model_copy(update={"collaborative_shrink": 1.0}), rated)[0, 2] == pytest.approx(0.004 / 1.004)


def test_listener_without_history_gets_no_votes() -> None:
    rated = {"*": {}, **RATED}
    assert not shares(REFERENCE, rated).any()


def test_table_holds_the_heaviest_first() -> None:
    heard = listened({"ann": RATED["ann"], **dict.fromkeys(("x3", "x1", "x2"), RATED["bob"]), "y": RATED["cem"]})
    rows = neighbor_rows(heard, neighborhood(heard, 0, 1), REFERENCE)
    assert rows.schema == NEIGHBORS.schema
    assert rows["neighbor_id"].to_list() == ["x3", "x1", "x2", "y"]  # equals in the order of listeners
    assert rows["overlap"].to_list() == [3, 3, 3, 3]
    few = neighbor_rows(heard, neighborhood(heard, 0, 1), Settings.reference(neighbors_kept=2))
    assert few["neighbor_id"].to_list() == ["x3", "x1"]


def test_nobody_is_near() -> None:
    heard = listened({"eve": RATED["eve"]})
    assert neighbor_rows(heard, neighborhood(heard, 0, 1), REFERENCE).is_empty()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_model_in_sql_finds_the_same(seed: int) -> None:
    taken = take_snapshot(world(seed, events=400), REFERENCE, AS_OF)
    rated = rate(taken, REFERENCE)
    heard = prepare(taken, rated, REFERENCE).history
    result = neighbor_rows(heard, neighborhood(heard, 0, len(heard.users)), REFERENCE)
    expected = models.run("neighbors", {"ratings": rated})
    keys = ["user_id", "neighbor_id"]
    assert result.height > 10
    assert result.sort(keys).select(*keys, "overlap").equals(expected.sort(keys).select(*keys, "overlap"))
    for name in ("similarity", "weight"):
        np.testing.assert_allclose(result.sort(keys)[name], expected.sort(keys)[name], atol=1e-12)


@pytest.fixture(scope="module")
def similar() -> Blended:
    settings = Settings(evidence_half=0.0)
    scorer = prepare(snapshot := take_snapshot(world(5), settings, AS_OF), rate(snapshot, settings), settings)
    assert isinstance(scorer.similar, Blended)
    return scorer.similar


@pytest.mark.parametrize("rows", [3, 8, 64])
def test_memory_that_is_used_again_changes_no_vote(similar: Blended, rows: int) -> None:
    """Whatever lies in it, and whether it also has room to compute the listeners around, or only for the votes."""
    near, room = similar.near(5, 8), np.full((rows, len(similar.canonical)), np.nan, np.float32)
    for _ in range(2):
        similar.tile.begin = -1  # another thread's, which computed nothing yet
        votes = similar.votes(near, room)
        assert np.shares_memory(votes.share, room)
        np.testing.assert_array_equal(votes.values(), similar.votes(near).values())


class TestSeeded:
    """Votes of lists with seeds: those of somebody whose history are the seeds, ordered by the listener's own as well."""

    def wanted(self, similar: Blended, listener: int, seeds: csr_array, share: float) -> np.ndarray:
        history = similar.history
        own, others = similar.model.scores(listener, listener + 1)[0], similar.model.model.fold_in(seeds)[0]
        own, others = np.maximum(own, 0), np.maximum(others, 0)
        raw = others * (share + (1 - share) * own / np.sqrt((own**2).mean()))
        columns = history.rating[[listener]].indices
        raw[columns[columns < history.tracks]] = 0.0
        return np.asarray((raw / max(raw.max(), 1e-30))[similar.canonical])

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
    def test_by_the_formula(self, similar: Blended, share: float) -> None:
        heard = np.flatnonzero(np.diff(similar.history.rating.indptr) > 2)[[0, 3]].astype(np.int32)
        seeds = csr_array((np.ones(4), ([0, 0, 1, 1], [1, 4, 2, 7])), shape=(2, similar.history.tracks))
        result = similar.seeded(heard, seeds, share).values()
        for row, listener in enumerate(heard.tolist()):
            np.testing.assert_allclose(result[row], self.wanted(similar, listener, seeds[[row]], share), atol=1e-4)

    def test_who_has_no_history_is_scored_by_the_seeds_and_a_list_without_by_the_history(self, similar: Blended) -> None:
        counts = np.diff(similar.history.rating.indptr)
        silent_one, heard = int(np.flatnonzero(counts == 0)[0]), int(np.flatnonzero(counts > 2)[0])
        seeds = csr_array((np.ones(1), ([0], [1])), shape=(2, similar.history.tracks))
        result = similar.seeded(np.array([silent_one, heard], np.int32), seeds, 0.5).values()
        assert result.max(axis=1).tolist() == [1.0, 1.0]
        alone = np.maximum(similar.model.model.fold_in(seeds[[0]])[0], 0)
        np.testing.assert_allclose(result[0], (alone / alone.max())[similar.canonical], atol=1e-4)
        np.testing.assert_allclose(result[1], similar.votes(similar.near(heard, heard + 1)).values()[0], atol=1e-4)

    def test_seeds_far_from_the_own_taste_decide(self) -> None:
        """Listeners and tracks of four kinds; somebody of kind 0 asks for kind 1, and does not get the best of kind 0."""
        rated = groups(120, 80)
        users, tracks = (pl.Series([f"{letter}{at:03}" for at in range(size)]) for letter, size in (("u", 120), ("t", 80)))
        events = {
            "user_id": users.gather(np.repeat(np.arange(120), np.diff(rated.indptr))),
            "track_id": tracks.gather(rated.indices),
        }
        heard = Inputs(tracks=pl.DataFrame({"id": tracks}), events=pl.DataFrame(events).with_columns(type=pl.lit("like")))
        scorer = prepare(snapshot := take_snapshot(heard, Settings(), AS_OF), rate(snapshot, Settings()), Settings())
        listener = scorer.history.users.index("u000")
        seeds = csr_array((np.ones(4), ([0] * 4, [1, 5, 9, 13])), shape=(1, 80))
        own = scorer.similar.votes(scorer.similar.near(listener, listener + 1)).values()[0]
        result = scorer.similar.seeded(np.array([listener], np.int32), seeds, Settings().seed_share).values()[0]
        result[[1, 5, 9, 13]] = 0.0  # a list never holds its seeds
        assert (np.argsort(-own)[:5] % 4).tolist() == [0] * 5
        assert (np.argsort(-result)[:10] % 4 == 1).mean() >= 0.8
