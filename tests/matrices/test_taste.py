"""Taste vectors, confidence and preferences against sums done by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys import Settings
from recsys.matrices.catalog import build_catalog
from recsys.matrices.netting import Evidence
from recsys.matrices.taste import Preferences, Taste, estimate_taste, preferences
from recsys.tables import FEATURES, TRACKS
from tests.support.worlds import frame, silent, track

DEFAULT, REFERENCE = Settings(parts_scale="raw", netted_evidence=False), Settings.reference()
ENERGY, VALENCE = FEATURES.index("energy"), FEATURES.index("valence")
TRACKS_BY_HAND = (
    track("a", energy=0.8, artist="Ada", genres=["rock"]),
    track("b", energy=0.2, artist="Bel", genres=["rock", "Pop ", "pop"]),
    silent("c", artist="Cem", genres=["jazz"]),
)


def evidence(liked: dict[str, float], disliked: dict[str, float], targets: dict[str, float] | None = None) -> Evidence:
    """One subject's points by track id, and wanted features, normalised."""
    points = [csr_array(np.array([[side.get(name, 0.0) for name in "abc"]])) for side in (liked, disliked)]
    return Evidence(*points, np.array([[(targets or {}).get(name, np.nan) for name in FEATURES]]))


def of(
    liked: dict[str, float],
    disliked: dict[str, float] | None = None,
    *,
    targets: dict[str, float] | None = None,
    settings: Settings = DEFAULT,
) -> Taste:
    """The taste of one subject."""
    return estimate_taste(
        build_catalog(frame(TRACKS, TRACKS_BY_HAND), settings), evidence(liked, disliked or {}, targets), settings
    )


class TestVector:
    def test_one_like_is_the_track_itself(self) -> None:
        result = of({"a": 0.001})
        assert result.vector[0, [ENERGY, VALENCE]] == pytest.approx([0.8, 0.5])
        assert (result.audio[0], result.cold[0]) == (True, False)

    def test_mean_weighted_by_points(self) -> None:
        assert of({"a": 1.0, "b": 0.5}).vector[0, ENERGY] == pytest.approx((0.8 + 0.5 * 0.2) / 1.5)

    def test_dislikes_subtract_and_shrink(self) -> None:
        result = of({"a": 1.0}, {"b": 0.5})
        assert result.vector[0, [ENERGY, VALENCE]] == pytest.approx([(0.8 - 0.5 * 0.2) / 1.5, (0.5 - 0.25) / 1.5])

    def test_never_below_zero(self) -> None:
        assert of({"b": 0.1}, {"a": 1.0}).vector[0, ENERGY] == 0.0

    @pytest.mark.parametrize("points", [0.1, 1.0, 2.25, 31.0, 500.0])
    def test_confidence(self, points: float) -> None:
        assert of({"a": points}).confidence[0] == pytest.approx(min(1.0, log(1 + points) / log(32)))

    def test_confidence_counts_dislikes_and_only_tracks_with_audio(self) -> None:
        assert of({"a": 1.0, "c": 5.0}, {"b": 0.5}).confidence[0] == pytest.approx(log(2.5) / log(32))

    @pytest.mark.parametrize("settings", [DEFAULT, REFERENCE])
    def test_cold_listener_gets_the_centroid(self, settings: Settings) -> None:
        result = of({}, settings=settings)
        assert result.vector[0, [ENERGY, VALENCE]] == pytest.approx([0.5, 0.5])
        assert (result.audio[0], result.confidence[0], result.cold[0]) == (False, 0.0, True)

    def test_liked_track_without_audio_is_no_cold_start_but_says_nothing_of_sound(self) -> None:
        result = of({"c": 1.0})
        assert (result.audio[0], result.cold[0]) == (False, False)
        assert result.vector[0, ENERGY] == pytest.approx(0.5)


class TestTargets:
    def test_count_115_points(self) -> None:
        wanted = dict.fromkeys(FEATURES, 0.3)
        result = of({"a": 1.0}, targets=wanted)
        assert result.vector[0, ENERGY] == pytest.approx((0.8 + 1.15 * 0.3) / 2.15)
        assert result.confidence[0] == pytest.approx(log(3.15) / log(32))

    def test_only_wanted_features_move(self) -> None:
        result = of({"a": 1.0}, targets={"energy": 0.3})
        assert result.vector[0, [ENERGY, VALENCE]] == pytest.approx([(0.8 + 1.15 * 0.3) / 2.15, 0.5])
        assert result.counted[0].tolist() == [1.0] * 12

    def test_without_history_only_wanted_features_count(self) -> None:
        result = of({}, targets={"energy": 0.3})
        assert result.vector[0, ENERGY] == pytest.approx(0.3)
        assert result.counted[0].tolist() == [float(name == "energy") for name in FEATURES]
        assert (result.audio[0], result.cold[0]) == (True, False)


def maps(
    liked: dict[str, float], disliked: dict[str, float] | None = None, settings: Settings = DEFAULT
) -> list[dict[str, float]]:
    """The four maps of one subject, as names."""
    tracks = build_catalog(frame(TRACKS, TRACKS_BY_HAND), settings)
    result: Preferences = preferences(tracks, evidence(liked, disliked or {}), settings)
    kinds = (tracks.artist_sets, tracks.genre_sets, tracks.artist_sets, tracks.genre_sets)
    return [
        {name: points for name, number in sets.names.items() if (points := round(float(one[[0], [number]][0]), 12))}
        for one, sets in zip(result, kinds, strict=True)
    ]


class TestPreferences:
    def test_divided_by_the_largest_of_each_map(self) -> None:
        artists, genres, bad_artists, bad_genres = maps({"a": 1.0, "c": 0.25})
        assert artists == {"ada": 1.0, "cem": 0.25}
        assert genres == {"rock": 1.0, "jazz": 0.25}
        assert bad_artists == bad_genres == {}

    def test_a_genre_named_twice_counts_twice(self) -> None:
        assert maps({"b": 1.0})[1] == {"rock": 0.5, "pop": 1.0}

    def test_two_tracks_of_one_genre_add_up(self) -> None:
        assert maps({"a": 1.0, "b": 1.0})[1] == {"rock": 1.0, "pop": 1.0}

    def test_one_scale_for_likes_and_dislikes(self) -> None:
        assert maps({"a": 1.0}, {"c": 0.1})[2:] == [{"cem": 0.1}, {"jazz": 0.1}]
        assert maps({"a": 0.1}, {"c": 1.0})[:2] == [{"ada": 0.1}, {"rock": 0.1}]

    def test_reference_scales_each_map_by_itself(self) -> None:
        assert maps({"a": 1.0}, {"c": 0.1}, REFERENCE)[2:] == [{"cem": 1.0}, {"jazz": 1.0}]


class TestNetted:
    """Scale `spread` and netted evidence: what preset default does with the same evidence."""

    def test_taste_is_what_is_left_after_netting(self) -> None:
        result = of({"a": 1.0}, {"b": 0.5}, settings=Settings())
        assert result.vector[0, [ENERGY, VALENCE]] == pytest.approx([0.8, 0.5])

    def test_targets_do_not_move_the_taste(self) -> None:
        assert of({"a": 1.0}, targets={"energy": 0.1}, settings=Settings()).vector[0, ENERGY] == pytest.approx(0.8)
