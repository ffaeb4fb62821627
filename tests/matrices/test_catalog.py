"""The catalogue as arrays: defaults of absent values, names as integers, two records of one id."""

from __future__ import annotations

import pytest

from recsys import Settings
from recsys.matrices.catalog import Catalog, build_catalog
from recsys.matrices.tokens import NameSets
from recsys.tables import TRACKS
from tests.support.worlds import Row, frame, silent, track

DEFAULT, REFERENCE = Settings(), Settings.reference()


def arrays(*rows: Row, settings: Settings = DEFAULT) -> Catalog:
    return build_catalog(frame(TRACKS, rows), settings)


def names(sets: NameSets) -> list[list[str]]:
    """The names of each track."""
    text = {number: name for name, number in sets.names.items()}
    return [[text[member] for member in sets.members[sets.indptr[group] : sets.indptr[group + 1]]] for group in sets.of]


def test_absent_numbers_are_zero_and_absent_flags_false() -> None:
    result = arrays({"id": "a"})
    assert result.raw.tolist() == [[0.0] * 12]
    assert (result.popularity[0], result.quality_penalty[0], result.boost[0]) == (0, 0, 0)
    assert (result.explicit[0], result.audio[0]) == (False, False)
    assert result.artist_fold[0] == -1
    assert names(result.artist_sets) == names(result.genre_sets) == [[]]


def test_boost_counts_only_where_discovery_is_allowed() -> None:
    allowed = {"a": True, "b": False, "c": None}
    rows = [silent(name, commercial_boost=0.02, discovery_allowed=flag) for name, flag in allowed.items()]
    assert arrays(*rows).boost.tolist() == [0.02, 0, 0]


def test_of_two_records_of_one_id_the_last_is_found() -> None:
    result = arrays(track("a"), track("b"), track("b"))
    assert result.row_of == {"a": 0, "b": 2}
    assert result.canonical.tolist() == [0, 2, 2]


def test_normalized_is_one_half_in_the_middle_of_every_range() -> None:
    assert arrays(track("a")).normalized[0] == pytest.approx([0.5] * 12)
    assert arrays(track("a"), track("b", energy=0.9), silent("c")).centroid[:2] == pytest.approx([0.5, 0.7])


def test_artists_that_diversity_compares_ignore_case_but_not_spaces() -> None:
    folds = arrays(*(silent(str(i), artist=name) for i, name in enumerate(("Ada", "ADA", "Ada ", "", None)))).artist_fold.tolist()
    assert folds[0] == folds[1] != folds[2]
    assert folds[3:] == [-1, -1]


def test_reference_knows_works_by_their_keys() -> None:
    tracks = [silent(str(i), song_key=key) for i, key in enumerate(("b", "a", None, "b"))]
    assert arrays(*tracks, settings=REFERENCE).works.tolist() == [1, 0, -1, 1]


def test_works_join_releases_and_versions() -> None:
    """By key, or by title and first artist whatever the version; what has neither is a work of its own."""
    works = arrays(
        silent("a", title="Song", artist="Ada", song_key="1"),
        silent("b", title="Song - Live", artist="Ada", song_key="2"),
        silent("c", title="Other", artist="Ada", song_key="2"),
        silent("d", title="Song", artist="Bel"),
        silent("e"),
        silent("f"),
        silent("g", title="SONG (X Remix)", artist="Guest", artists=["ADA", "X"]),
    ).works.tolist()
    assert works[0] == works[1] == works[2] == works[6]
    assert len({works[0], *works[3:6]}) == 4


class TestNamesByPreset:
    duo = silent("a", artist="Ada feat. Bel", artists=["Ada", "Bel "], genres=["Rock ", "rock", ""])

    def test_default_credits_every_artist_by_token(self) -> None:
        result = arrays(self.duo)
        assert (names(result.artist_sets), names(result.excludable_artists)) == (
            [["ada", "bel"]],
            [["ada", "bel", "adafeatbel"]],
        )
        assert names(result.excludable_genres) == [["rock", "rock"]]
        assert (result.artist_key(" ADA "), result.genre_key(" ROCK")) == ("ada", "rock")

    def test_reference_knows_one_artist_exactly(self) -> None:
        result = arrays(self.duo, settings=REFERENCE)
        assert names(result.artist_sets) == [["ada feat. bel"]]
        assert names(result.excludable_artists) == [["Ada feat. Bel"]]
        assert names(result.excludable_genres) == [["rock ", "rock", ""]]
        assert (result.artist_key(" ADA "), result.genre_key(" ROCK")) == (" ADA ", " rock")

    def test_genres_of_preferences_are_tokens_in_both(self) -> None:
        for settings in (DEFAULT, REFERENCE):
            assert names(arrays(self.duo, settings=settings).genre_sets) == [["rock", "rock"]]
