"""What speaks for a row: every column by hand over a small world, and against looking through everything at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys import Settings
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.rankings.evidence import Backing, ShownRows, gather, gathered, liked, stacked, vocabulary
from recsys.stages.rankings.picked import RANKED, ROW_SOURCES
from recsys.stages.rankings.reasons import SOUND_NAMES, RowEvidence, _value
from recsys.tables import PARTS
from tests.support.chance import world
from tests.support.worlds import Row, asked, event, inputs, prepared, silent, track

CALM, LOUD = {"energy": 0.1, "acousticness": 0.9}, {"energy": 0.9, "acousticness": 0.1}
TRACKS = [
    track("a", title="Own Calm", artist="Ada", genres=["folk"], popularity=0.2, **CALM),
    track("b", title="Own Loud", artist="Bel", genres=["metal"], popularity=0.3, **LOUD),
    track("c", title="New Calm", artist="Ada", genres=["folk", "jazz"], popularity=0.8, **CALM),
    track("d", title="New Loud", artist="Cem", genres=["polka"], popularity=0.1, **LOUD),
    silent("e", title="Silent", artist="Dea"),
]
EVENTS = [event("u", "a"), event("u", "a", "save"), event("u", "b")]
EVENTS += [event(user, name) for user in ("v", "w") for name in ("a", "b", "c")] + [event("w", "d", "dislike")]


def block(requests: list[Row]) -> tuple[Scorer, Scored]:
    scorer = prepared(inputs(TRACKS, EVENTS, requests=requests), Settings(lists=()))
    return scorer, scorer.score(0, len(scorer.history.users))


def spelled(scorer: Scorer, *blocks: RowEvidence) -> list[dict[str, Any]]:
    """Rows with names instead of numbers."""
    whole, names = stacked(blocks), vocabulary(scorer.catalog)
    columns = {name: getattr(whole, name).tolist() for name in ("supporters", "neighbors", "by_artist", "cosine", "fresh")}
    columns["known"] = pl.Series(whole.known).fill_nan(None).to_list()
    columns |= {part: whole.points[:, number].tolist() for number, part in enumerate(PARTS)}
    columns |= {f"share_{at + 1}": whole.share[:, at].tolist() for at in range(2)}
    numbers = {"artist": (names.artists, whole.artist), "genre": (names.genres, whole.genre)}
    numbers |= {name: (names.titles, getattr(whole, name)) for name in ("theirs", "nearest")}
    numbers |= {f"own_{at + 1}": (names.titles, whole.own[:, at]) for at in range(2)}
    numbers |= {f"sound_{at + 1}": (pl.Series(SOUND_NAMES), whole.sounds[:, at]) for at in range(2)}
    numbers |= {
        "seed": (names.titles, np.where(whole.seeded, whole.own[:, 0], -1)),
        "source": (pl.Series(ROW_SOURCES), whole.source),
    }
    columns |= {name: gathered(values, column).to_list() for name, (values, column) in numbers.items()}
    columns |= {f"fit_{at + 1}": [_value(names.features, one) for one in whole.fits[:, at].tolist()] for at in range(2)}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def evidence(*tracks: str, points: float = 0.0, **wanted: Any) -> tuple[list[dict[str, Any]], Backing]:
    """Of rows of one list of u."""
    scorer, scored = block([asked("u", **wanted)])
    row = scorer.names.with_row_index().filter(pl.col("user_id") == "u", pl.col("list") == "list")["index"].item()
    numbers = np.array([scorer.catalog.ids.index(name) for name in tracks], np.int32)
    count = len(tracks)
    shown = ShownRows(
        np.full(count, row - scored.first_list), numbers, np.full((count, len(PARTS)), points), np.full(count, RANKED)
    )
    one, backing = gather(scorer, scored, shown)
    return spelled(scorer, one), backing


class TestByHand:
    def test_artist_and_sound_of_own_tracks(self) -> None:
        calm, loud, silence = evidence("c", "d", "e")[0]
        assert (calm["artist"], calm["by_artist"], calm["theirs"]) == ("Ada", 1, "Own Calm")
        assert (loud["artist"], loud["by_artist"], loud["theirs"]) == ("Cem", 0, None)
        assert (calm["nearest"], loud["nearest"], silence["nearest"]) == ("Own Calm", "Own Loud", None)
        assert [calm["cosine"], loud["cosine"]] == pytest.approx([1.0, 1.0])
        assert {calm["sound_1"], calm["sound_2"]} == {"energy-", "acousticness+"}
        # no language has a word for little acousticness
        assert (loud["sound_1"], loud["sound_2"]) == ("energy+", None)
        assert (silence["sound_1"], silence["artist"]) == (None, "Dea")

    def test_the_genre_that_is_liked_and_popularity(self) -> None:
        calm, loud, silence = evidence("c", "d", "e")[0]
        assert (calm["genre"], loud["genre"], silence["genre"]) == ("folk", None, None)
        assert [one["known"] for one in (calm, loud)] == [0.8, 0.1]

    def test_neighbours_who_like_it(self) -> None:
        (calm, loud), backing = evidence("c", "d")
        assert (calm["supporters"], calm["neighbors"], loud["supporters"]) == (2, 2, 0)
        assert (backing.supporters.tolist(), backing.neighbors.tolist()) == ([2, 0], [2, 2])

    def test_own_tracks_behind_the_votes(self) -> None:
        (calm, *_), backing = evidence("c", "e")
        assert {calm["own_1"], calm["own_2"]} == {"Own Calm", "Own Loud"}
        assert calm["share_1"] >= calm["share_2"] > 0
        assert calm["share_1"] == backing.because.share[0, 0]
        assert calm["seed"] is None
        np.testing.assert_allclose(backing.because.share.sum(axis=1) + backing.because.rest, 1.0)

    def test_seeds_stand_in_the_place_of_own_tracks(self) -> None:
        (calm, *_), _ = evidence("c", seed_track_ids=["b"])
        assert (calm["seed"], calm["own_1"], calm["own_2"]) == ("Own Loud", "Own Loud", None)

    @pytest.mark.slow
    def test_the_two_features_nearest_to_what_is_asked_for(self) -> None:
        calm, loud, silence = evidence("c", "d", "e", feature_targets={"energy": 0.1, "valence": 0.9, "tempo": 131.0})[0]
        assert [calm["fit_1"], calm["fit_2"]] == ["energy=0.10", "tempo=130"]
        assert loud["fit_1"] == "tempo=130"
        assert (silence["fit_1"], silence["fit_2"]) == (None, None)
        assert evidence("c")[0][0]["fit_1"] is None

    @pytest.mark.slow
    def test_points_and_source_pass_through(self) -> None:
        row = evidence("c", points=2.5, mode="discovery")[0][0]
        assert [row[part] for part in PARTS] == [2.5] * len(PARTS)
        assert (row["source"], row["fresh"]) == ("ranked", True)
        assert evidence("c")[0][0]["fresh"] is False


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_at_random_against_looking_through_everything(seed: int) -> None:
    """Every candidate of every list of a world with gaps and versions."""
    scorer = prepared(world(seed), Settings())
    scored = scorer.score(0, len(scorer.history.users))
    row, number = np.nonzero(scored.rules == 0)
    count, catalog = len(row), scorer.catalog
    shown = ShownRows(row, number.astype(np.int32), np.zeros((count, len(PARTS))), np.full(count, RANKED))
    whole, backing = gather(scorer, scored, shown)
    own = liked(scorer, 0, len(scorer.history.users))
    stored = scored.near.stored(scorer.settings.neighbors_kept)
    approved = [set(own.numbers[own.indptr[user] : own.indptr[user + 1]].tolist()) for user in range(len(own.indptr) - 1)]
    titles = set(catalog.titles.drop_nulls())
    for at, (one, listed) in enumerate(zip(spelled(scorer, whole), row.tolist(), strict=True)):
        listener = int(scorer.requests.listener[scored.first_list + listed])
        canonical = int(catalog.canonical[number[at]])
        near = stored.numbers[stored.indptr[listener] : stored.indptr[listener + 1]].tolist()
        assert one["supporters"] == sum(canonical in approved[other] for other in near)
        assert one["neighbors"] == len(near)
        assert {one["own_1"], one["nearest"], one["theirs"], one["seed"]} - {None} <= titles
        assert (one["nearest"] is None and one["cosine"] == -1.0) or one["cosine"] >= 0.0 or catalog.audio[number[at]]
        named = backing.because.tracks[at][backing.because.tracks[at] >= 0]
        seeds = scorer.requests.seeds.get(scored.first_list + listed, ())
        if len(seeds):
            assert set(named.tolist()) <= {int(catalog.canonical[one]) for one in seeds} | set(map(int, seeds))


def test_blocks_follow_each_other() -> None:
    scorer, scored = block([asked("u", seed_track_ids=["b"], feature_targets={"energy": 0.1})])
    row, number = np.nonzero(scored.rules == 0)
    shown = ShownRows(row, number.astype(np.int32), np.ones((len(row), len(PARTS))), np.full(len(row), RANKED))
    parts = [ShownRows(*(column[part] for column in shown)) for part in (slice(0, 2), slice(2, None))]
    blocks = [gather(scorer, scored, part)[0] for part in parts]
    assert spelled(scorer, *blocks) == spelled(scorer, gather(scorer, scored, shown)[0])


def test_values_by_number() -> None:
    values = pl.Series(["a", "b"])
    assert gathered(values, np.array([1, -1, 0])).to_list() == ["b", None, "a"]
    assert gathered(values.clear(), np.array([-1])).to_list() == [None]


def test_no_rows() -> None:
    rows, backing = evidence()
    assert rows == []
    assert backing.because.tracks.shape == (0, 3)
