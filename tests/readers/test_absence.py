"""The first stage and rule that kept a track out of a list; recomputed from a run's own tables."""

from __future__ import annotations

import pytest

from recsys import Settings, build
from recsys.readers.why import explain
from recsys.tables import FEATURES
from tests.support.absences import ask, tables
from tests.support.worlds import AS_OF, asked, event, inputs, of, silent, track


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rule", "words"),
    [
        ("liked", "known", "already liked; 2 events, the last on 2026-05-22"),
        ("hidden", "rejected", "disliked or hidden by the listener; 1 event, the last on 2026-06-01"),
        ("blocked", "explicit", "explicit, which the listener or the list does not allow"),
        ("id", "excluded_track", "excluded by id"),
        ("later", "postponed", "postponed by the listener"),
        ("seen", "cooldown", "shown in this list in one of the last runs"),
        ("artist", "excluded_artist", "by an excluded artist"),
        ("genre", "excluded_genre", "of an excluded genre"),
    ],
)
def test_dropped_by_a_rule(name: str, rule: str, words: str) -> None:
    result = ask(name)
    assert (result.stage, result.rule, result.text) == ("candidates", rule, f"not a candidate: {words}")
    assert (result.rank, result.score_rank) == (None, None)
    assert result.parts["score"] > 0


def test_dropped_by_the_wishes_of_one_list() -> None:
    assert ask("rare", "common").rule == "popularity"
    assert ask("rare").rule != "popularity"
    assert ask("two", "seeded").text == "not a candidate: a seed of this list"


def test_unknown_to_the_catalogue() -> None:
    result = ask("gone")
    assert (result.stage, result.rule, result.parts, result.title) == ("snapshot", "missing", {}, None)
    assert result.voters == 2


@pytest.mark.parametrize(
    ("name", "rule", "words"),
    [
        ("three", "artist_cap", "the list has 2 tracks of the artist already, at most 2 are allowed"),
        ("song again", "version", "another version of the song is in the list: song"),
        ("z109", "pool", "score rank 116 of 116: diversity chooses from the best 100"),
    ],
)
def test_passed_over(name: str, rule: str, words: str) -> None:
    result = ask(name)
    assert (result.stage, result.rule, result.text) == ("rankings", rule, words)
    assert result.rank is None
    assert result.score_rank


def test_score_too_low_or_not_different_enough() -> None:
    rules = {ask(f"z{number:03}").rule for number in range(0, 80, 20)}
    assert rules <= {"score", "diversity"}
    text = ask("z079").text
    assert "score rank" in text
    assert "below the lowest score in the list" in text


@pytest.mark.parametrize(
    ("name", "list_name", "change"),
    [
        ("liked", "balanced", "what the listener already likes, or a seed, is never listed"),
        ("hidden", "balanced", "set by hide_rejected = true (as in preset default)"),
        ("blocked", "balanced", "set by allow_explicit = false in the controls of u"),
        ("id", "balanced", "set by excluded_tracks in the controls of u"),
        ("later", "balanced", "put off until 2026-06-02 00:00 UTC by postponed_tracks in the controls of u"),
        ("artist", "balanced", "set by 'bel' among excluded_artists in the controls of u"),
        ("genre", "balanced", "set by 'METAL' among excluded_genres in the controls of u"),
        ("rare", "common", "popularity is 0.01 where at least 0.5 is wanted, in the request for list common"),
        ("three", "balanced", "set by max_per_artist = 2 (in preset default it is 5)"),
        ("song again", "balanced", "set by one_version_per_song = true (as in preset default)"),
    ],
)
def test_where_the_rule_was_set(name: str, list_name: str, change: str) -> None:
    assert ask(name, list_name).change == change


def test_points_short_are_those_of_the_lowest_in_the_list() -> None:
    result = ask("z109")
    lowest = min(of(tables(), "rankings", "u", "balanced"), key=lambda row: row["score"])
    gap = lowest["score"] - result.parts["score"]
    assert result.change == f"{gap:.{1 if gap >= 1 else 4}f} points short of *{lowest['track_id']}*, the lowest in the list"


@pytest.mark.slow
def test_bounds_and_new_artists_say_where_they_were_set() -> None:
    settings = Settings(backfill=False)
    wish = asked("u", "fast", feature_bounds=dict.fromkeys(FEATURES) | {"tempo": [150.0, None]}, mode="discovery")
    rows = [track("own", artist="Ada"), track("by her", artist="Ada"), track("slow", tempo=90.0), silent("mute"), track("other")]
    made = build(inputs(rows, [event("u", "own"), event("v", "other")], requests=[wish]), settings, as_of=AS_OF)
    changes = {name: explain(made, settings, AS_OF, "u", name, "fast").change for name in ("by her", "slow", "mute")}
    assert changes == {
        "by her": 'set by mode discovery, which wants artists that u has not played (modes.discovery.artists = "new")',
        "slow": "tempo is 90 where at least 150 is wanted: set by feature_bounds in the request for list fast",
        "mute": "it has no audio features: set by feature_bounds in the request for list fast",
    }


def test_an_artist_may_have_as_many_more_for_a_seed() -> None:
    settings = Settings(lists=(), max_per_artist=1, artist_gap=0)
    rows = [track(f"{artist}{number}", artist=artist) for artist in ("Ada", "Bel") for number in range(4)]
    rows += [track(f"z{number}", popularity=0.1, artist=f"Z{number}") for number in range(9)]
    events = [event(user, f"{artist}{number}") for user in "vw" for artist in ("Ada", "Bel") for number in range(4)]
    wish = asked("u", "more", seed_track_ids=["Ada0"], limit=5)
    tables = build(inputs(rows, events, requests=[wish]), settings, as_of=AS_OF)
    listed = [row["track_id"][:3] for row in of(tables, "rankings", "u", "more")]
    assert (listed.count("Ada"), listed.count("Bel")) == (2, 1)
    texts = {name: explain(tables, settings, AS_OF, "u", name, "more").text for name in ("Ada1", "Ada2", "Ada3", "Bel1", "Bel2")}
    assert sorted(set(texts.values()) - {"listed"})[-2:] == [
        "the list has 1 track of the artist already, at most 1 are allowed",
        "the list has 2 tracks of the artist already, at most 2 are allowed",
    ], texts
