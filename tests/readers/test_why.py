"""Why a track is in a list, or the first stage and rule that kept it out; recomputed from a run's own tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import polars as pl
import pytest

from recsys import NotFoundError, Settings, build
from recsys.names import key
from recsys.readers.answer import SHOWN, Why, nth
from recsys.readers.why import _READS, explain
from recsys.tables import CANDIDATES, FEATURES
from tests.support.chance import world
from tests.support.worlds import AS_OF, asked, event, inputs, of, silent, track

SETTINGS = Settings(
    lists=("balanced",), artist_gap=0, list_limit=4, pool=5, diversity_pool=5, max_per_artist=2, neighborhood="co_rated"
)
UNTIL = AS_OF + timedelta(days=1)


@cache
def tables() -> dict[str, pl.DataFrame]:
    """One listener with every reason for an absence; ``v`` and ``w`` vote for track ``voted``, ``x`` does not."""
    tracks = [
        track("a third", genres=["rock"]),
        track("liked", genres=["rock"]),
        track("liked2", genres=["rock"], popularity=0.9),
        track("voted", popularity=0.6, artist="Ada"),
        silent("blocked", explicit=True),
        silent("id"),
        silent("later"),
        silent("artist", artist="Bel"),
        silent("genre", genres=["metal"]),
        silent("rare", popularity=0.01),
        silent("hidden"),
        track("two", artist="Ada", popularity=0.62),
        track("three", artist="Ada", popularity=0.61),
        track("seen", artist="Dee", popularity=0.5),
        track("song", song_key="k", popularity=0.62, title="Song", artist="Cem"),
        track("song again", title="Song (Club Remix)", artist="Cem", popularity=0.1),
        *(track(f"z{number:03}", popularity=0.0, quality_penalty=0.5 + number / 1000, tempo=60.0) for number in range(110)),
    ]
    events = [
        event("u", "liked", days=10),
        event("u", "liked", days=20),
        event("u", "liked2", "play"),
        event("u", "hidden", "hide"),
        event("x", "liked", weight=2.0),
    ]
    votes = {"liked": 2.0, "liked2": 0.5, "voted": 1.0, "gone": 1.0}
    events += [event(user, name, weight=points) for user in "vw" for name, points in votes.items()]
    events += [event(user, "a third", weight=1.5) for user in "uvx"]
    control = {"user_id": "u", "allow_explicit": False, "excluded_tracks": ["id"], "excluded_artists": ["bel"]}
    control |= {"excluded_genres": ["METAL"], "postponed_tracks": [{"track_id": "later", "until": UNTIL}]}
    wishes = [asked("u", "common", min_popularity=0.5, limit=1), asked("u", "seeded", seed_track_ids=["two"])]
    shown = pl.DataFrame({"user_id": ["u", "u"], "list": ["balanced", "balanced"], "track_id": ["seen", "liked"]})
    return build(replace(inputs(tracks, events, [control], wishes), shown=shown), SETTINGS, as_of=AS_OF)


def ask(name: str, list_name: str = "balanced", user: str = "u") -> Why:
    return explain({table: tables()[table] for table in _READS}, SETTINGS, AS_OF, user, name, list_name)


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
    assert ask("two", "seeded").text == "not a candidate: already liked; it is a seed of this list"


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


def test_ranked_track_with_its_evidence() -> None:
    result = ask("voted")
    row = next(row for row in of(tables(), "rankings", "u", "balanced") if row["track_id"] == "voted")
    assert (result.stage, result.rule, result.text, result.rank, result.score_rank) == (
        "rankings", row["reason_code"], row["reason"], row["rank"], row["score_rank"],
    )  # fmt: skip
    assert result.voters == 2
    assert result.shared == ("liked", "liked2", "a third")
    assert not {"v", "w"} & {result.text, *result.shared}


@pytest.mark.parametrize(("user", "name"), [("nobody", "balanced"), ("u", "nap")])
def test_unknown_listener_or_list(user: str, name: str) -> None:
    message = "unknown listener" if user == "nobody" else "lists: balanced, common, seeded"
    with pytest.raises(NotFoundError, match=message):
        ask("voted", name, user)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [Settings(list_limit=8), Settings.reference(list_limit=8)], ids=["default", "reference"])
def test_parts_are_those_of_the_run(settings: Settings) -> None:
    made: dict[str, pl.DataFrame] = build(world(5), settings, as_of=AS_OF)
    columns = [column.name for column in CANDIDATES if column.name not in CANDIDATES.key and column.name != "track_id"]
    assert list(SHOWN.values()) == columns
    rows: list[dict[str, Any]] = made["rankings"].sample(12, seed=1).to_dicts()
    for row in rows:
        why = explain(made, settings, AS_OF, row["user_id"], row["track_id"], row["list"])
        assert why.parts == {part: row[column] for part, column in SHOWN.items()}
        assert (why.rank, why.rule) == (row["rank"], row["reason_code"])


@pytest.mark.parametrize(
    ("name", "list_name", "change"),
    [
        ("liked", "balanced", "what the listener has heard with approval, or a seed, is never listed"),
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_trace_of_diversity_is_true(seed: int) -> None:
    settings = Settings(list_limit=8, artist_gap=2, max_per_artist=None)
    made = build(world(seed, tracks=60), settings, as_of=AS_OF)
    artists = {row["id"]: {key(name) for name in row["artists"] or [row["artist"] or ""]} for row in made["tracks"].to_dicts()}
    for user in made["profiles"]["user_id"].head(5):
        rows = of(made, "rankings", user, "balanced")
        for row in rows:
            why = explain(made, settings, AS_OF, user, row["track_id"])
            words, rank, by_score = why.placed or "", row["rank"], row["score_rank"]
            assert words.startswith(f"placed {nth(rank)}")
            if "instead of" in words:
                assert f"instead of {nth(by_score)}" in words
                assert rank != by_score
            if "others between them" in words:
                for place in range(by_score - 1, rank - 1):
                    before = rows[max(place - 2, 0) : place]
                    assert any(artists[row["track_id"]] & artists[other["track_id"]] for other in before)
            if "close to *" in words:
                nearest = next(other for other in rows if other["track_id"] == row["nearest_track_id"])
                assert nearest["rank"] < rank
                assert words.endswith(f": close to *{nearest['track_id']}*")


def test_numbers_in_words() -> None:
    assert [nth(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 1111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "1,111th",
    ]  # fmt: skip
