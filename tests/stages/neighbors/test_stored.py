"""The stored model: opened for one listener, it scores as the fit did, to the last bit; and it names nobody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from recsys import Settings, build
from recsys.matrices.arrays import Ragged
from recsys.matrices.history import History
from recsys.pipeline import arrange
from recsys.readers.scoring import open_scorer, rank
from recsys.stages.neighbors.chance import Chance
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.stage import Blended
from recsys.stages.neighbors.stored import model_tables, open_neighbors
from recsys.stages.neighbors.weighting import cleaned
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.tables import MODEL, MODEL_TRACKS, TABLES
from tests.support.chance import world
from tests.support.worlds import AS_OF

pytestmark = pytest.mark.slow  # whole runs

SMALL = Parameters(pool=6, kept=4, rank=4, als_rank=3)
CHANCE = Chance(-2.0, 0.5, 0.25)


def fitted(parameters: Parameters, chance: Chance | None = None) -> tuple[Blended, History, list[str]]:
    settings = Settings()
    snapshot = take_snapshot(world(3), settings, AS_OF)
    catalog, history = arrange(snapshot, rate(snapshot, settings), settings)
    model = Collaborative.fit(history.in_catalog("approval"), parameters)
    return Blended(history, catalog.canonical, settings, model, chance), history, catalog.ids


@pytest.mark.parametrize(("als", "side"), [(0.5, 0.0), (0.0, 0.3), (0.25, 0.15)])
def test_scores_of_every_listener_are_the_bits_of_the_fit(als: float, side: float) -> None:
    similar, history, ids = fitted(replace(SMALL, als_share=als, track_share=side), CHANCE)
    tables = model_tables(similar, ids)
    count = len(history.users)
    pairs = Ragged(np.array([0, len(ids)]), np.arange(len(ids), dtype=np.int32))
    assert count > 3
    for listener in range(count):
        opened = open_neighbors(tables, history, similar.canonical, similar.settings)(listener, listener + 1)
        near = similar.near(listener, listener + 1)
        for mine, theirs in zip(near, opened.near(listener, listener + 1), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        assert opened.votes(near).values().tobytes() == similar.votes(near).values().tobytes()
        assert opened.chances(listener, pairs).tobytes() == similar.chances(listener, pairs).tobytes()
        for mine, theirs in zip(similar.shares(listener, pairs), opened.shares(listener, pairs), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_chances_are_those_of_the_raw_scores_and_unknown_without_ratings() -> None:
    similar, history, ids = fitted(SMALL, CHANCE)
    pairs = Ragged(np.array([0, len(ids)]), np.arange(len(ids), dtype=np.int32))
    raw, sizes = similar.model.scores(0, len(history.users)), np.diff(cleaned(history.in_catalog("approval")).indptr)
    for listener, size in enumerate(sizes.tolist()):
        wanted = CHANCE.of(raw[listener : listener + 1], sizes[listener : listener + 1])[0] if size else np.full(len(ids), np.nan)
        np.testing.assert_allclose(similar.chances(listener, pairs), wanted)
    assert np.isnan(fitted(SMALL)[0].chances(1, pairs)).all()
    assert (sizes == 0).any()


@pytest.mark.parametrize("settings", [Settings(list_limit=8), Settings.reference(list_limit=8)], ids=["default", "reference"])
def test_lists_are_made_row_for_row(settings: Settings) -> None:
    tables = build(world(5), settings, as_of=AS_OF)
    for user in tables["profiles"]["user_id"]:
        own = {name: tables[name].filter(pl.col("user_id") == user) for name in ("lists", "rankings")}
        rankings, lists = rank(*open_scorer(tables, settings, AS_OF, user, own["lists"]))
        assert lists.equals(own["lists"])
        assert rankings.equals(own["rankings"])


def test_no_table_of_the_model_names_a_listener() -> None:
    for table in ("model", "model_tracks"):
        assert not {"user_id", "neighbor_id"} & {*TABLES[table].names}
    similar, history, ids = fitted(SMALL, CHANCE)
    for frame in model_tables(similar, ids).values():
        texts = {text for name, dtype in frame.schema.items() if dtype == pl.String for text in frame[name]}
        assert not texts & {*history.users}


def test_preset_reference_stores_none() -> None:
    tables = build(world(5), Settings.reference(), as_of=AS_OF)
    assert tables["model"].equals(MODEL.empty())
    assert tables["model_tracks"].equals(MODEL_TRACKS.empty())
    assert tables["rankings"]["chance"].null_count() == tables["rankings"].height


def test_a_model_of_other_tracks_is_refused() -> None:
    similar, history, ids = fitted(SMALL)
    tables = model_tables(similar, ids)
    tables["model_tracks"] = tables["model_tracks"].head(3)
    with pytest.raises(ValueError, match=f"the model is of 3 tracks, the run has {len(ids)}"):
        open_neighbors(tables, history, similar.canonical, similar.settings)
