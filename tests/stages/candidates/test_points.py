"""What points are made from: facts of the catalogue and ties of listeners, by hand over small worlds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys import Settings
from recsys.matrices.netting import ARTIST, TRACK, base_rate, netted
from recsys.matrices.taste import Evidence, on_artists
from recsys.stages.candidates.points import DOUBT, UNDESCRIBED, UNFINISHED, _names, facts, ties
from recsys.stages.candidates.scoring import Scorer
from tests.support.chance import world
from tests.support.worlds import Row, event, inputs, prepared, silent, track


def scorer(tracks: list[Row], events: list[Row]) -> Scorer:
    return prepared(inputs(tracks, events), Settings())


def popularity(scorer: Scorer) -> dict[str, float]:
    return dict(zip(scorer.catalog.ids, facts(scorer.catalog, scorer.history).popularity.tolist(), strict=True))


def doubts(scorer: Scorer) -> dict[str, float]:
    return dict(zip(scorer.catalog.ids, facts(scorer.catalog, scorer.history).doubtful.tolist(), strict=True))


def test_popularity_is_the_catalogues_else_that_of_the_listeners() -> None:
    """Track a has three listeners, b one, c none; d and e say so themselves."""
    heard = [event(user, "a") for user in "xyz"] + [event("x", "b"), event("x", "d")]
    tracks = [silent(name) for name in "abc"] + [silent("d", popularity=0.1), silent("e", popularity=0.9)]
    assert popularity(scorer(tracks, heard)) == pytest.approx({"a": 1.0, "b": 0.5, "c": 0.0, "d": 0.1, "e": 0.9})


def test_nobody_heard_anything() -> None:
    assert popularity(scorer([silent("a"), silent("b", popularity=0.3)], [])) == pytest.approx({"a": 0.0, "b": 0.3})


def test_noise_and_what_nobody_described_are_doubtful() -> None:
    tracks = [track("music"), track("rain", valence=0.01, danceability=0.1), silent("silent"), track("dance", valence=0.01)]
    result = doubts(scorer(tracks, []))
    assert result == pytest.approx({"music": 1.0, "rain": DOUBT, "silent": UNDESCRIBED, "dance": 1.0})


def test_what_hardly_anyone_finished_is_doubtful() -> None:
    users = [f"u{number}" for number in range(40)]
    events = [event(user, "skipped", "dislike") for user in users] + [event(user, "liked") for user in users]
    one = scorer([track("skipped"), track("liked"), track("unheard")], events)
    result = doubts(one)
    liked, disliked = (float(one.history.in_catalog(name).sum()) for name in ("liked", "disliked"))
    base = (disliked + 1) / (liked + disliked + 10)
    middle = (1 + base) / 2
    rate = (disliked + UNFINISHED * base) / (disliked + UNFINISHED)
    assert result["skipped"] == pytest.approx(1 - (rate - middle) / (1 - middle))
    assert result["skipped"] < 0.5
    assert (result["liked"], result["unheard"]) == (1.0, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_tracks_by_their_artists(seed: int) -> None:
    catalog = prepared(world(seed), Settings()).catalog
    result = facts(catalog, prepared(world(seed), Settings()).history)
    assert len(result.by_artist_indptr) == len(catalog.artist_names) + 1
    members = catalog.artist_members.toarray()
    for artist in range(len(catalog.artist_names)):
        own = result.by_artist[result.by_artist_indptr[artist] : result.by_artist_indptr[artist + 1]]
        assert sorted(own.tolist()) == np.flatnonzero(members[:, artist]).tolist()
    np.testing.assert_allclose(result.scaled * catalog.spreads, catalog.raw)
    assert 0 <= result.doubtful.min() <= result.doubtful.max() <= 1


def test_ties_are_familiar_artists_and_rejected_songs() -> None:
    """An aversion to one release is one to the song."""
    tracks = [silent("a", artist="Ada"), silent("b", artist="Bel", title="Song"), silent("c", artist="Bel", title="Song")]
    catalog = scorer(tracks, []).catalog
    evidence = Evidence(csr_array(np.array([[3.0, 0, 0]])), csr_array(np.array([[0, 30.0, 0]])), np.full((1, 12), np.nan))
    cold = np.array([False])
    result = ties(catalog, evidence, cold, on_artists(catalog, evidence))
    ada = list(catalog.artist_names).index("Ada")
    assert (result.familiar.indices.tolist(), result.familiar.strength.tolist()) == ([ada], [1.0])
    songs = netted(evidence, catalog.work_members, base_rate(evidence), TRACK).averse @ catalog.work_members.T
    assert result.averse.indices.tolist() == [1, 2]
    assert result.averse.strength.tolist() == pytest.approx([songs.toarray().max()] * 2)
    assert result.cold is cold
    assert ARTIST > TRACK


def test_names_are_rows_in_order() -> None:
    matrix = csr_array((np.array([2, 1]), np.array([3, 0]), np.array([0, 0, 2])), shape=(2, 4))
    result = _names(matrix)
    assert [column.tolist() for column in result] == [[0, 0, 2], [0, 3], [1.0, 2.0]]
    assert result.strength.dtype == np.float64
