from __future__ import annotations

from typing import NamedTuple

import pytest

from recsys.providers.musicbrainz.answers import Recording
from recsys.providers.musicbrainz.matching import Wanted, best_match
from tests.providers.musicbrainz.cases import CASES


class Case(NamedTuple):
    wanted: Wanted
    recordings: list[Recording]
    right: str | None


def recording(name: str, title: str, credit: str = "A", seconds: str = "", note: str = "", **more: object) -> Recording:
    fields = {"id": name, "title": title, "length": int(seconds) * 1000 if seconds else None, "disambiguation": note}
    return Recording.model_validate({**fields, "artist-credit": [{"name": credit, "artist": {"id": "x"}}], **more})


def cases() -> list[Case]:
    result: list[Case] = []
    for line in CASES.strip().splitlines():
        parts = [part.strip() for part in line.split(" |")]
        if not line.startswith(" "):
            title, artist, seconds = parts
            result.append(Case(Wanted(title, artist, (), int(seconds) * 1000 if seconds else None), [], None))
            continue
        name = f"r{len(result[-1].recordings)}"
        result[-1].recordings.append(recording(name, parts[0].removeprefix("> "), *parts[1:]))
        if parts[0].startswith("> "):
            result[-1] = result[-1]._replace(right=name)
    return result


def test_the_table_is_matched_as_people_would() -> None:
    table = cases()
    chosen = [(case, match.recording.id if (match := best_match(case.wanted, case.recordings)[0]) else None) for case in table]
    wrong = [(case.wanted.title, name) for case, name in chosen if name is not None and name != case.right]
    missed = [case.wanted.title for case, name in chosen if case.right is not None and name != case.right]
    matched = sum(name is not None for _, name in chosen)
    there = sum(case.right is not None for case in table)
    assert len(table) >= 60
    assert 1 - len(wrong) / matched >= 0.95, wrong
    assert 1 - len(missed) / there >= 0.85, missed


def test_a_hit_by_isrc_must_be_the_same_song_in_the_same_version() -> None:
    wanted = Wanted("Come Together", "The Beatles", ("The Beatles",), 259_000)
    assert best_match(wanted, [recording("a", "Something", "The Beatles", "182")], by_isrc=True) == (None, 0.0)
    assert best_match(wanted, [recording("a", "Come Together (live)", "The Beatles", "259")], by_isrc=True)[0] is None
    assert best_match(wanted, [recording("a", "Come Together", "The Beatles", "300")], by_isrc=True)[0] is None
    match = best_match(wanted, [recording("a", "Come Togehter, Right Now", "The Beatles", "259")], by_isrc=True)[0]
    assert match is not None


def test_an_isrc_alone_is_enough_where_nothing_else_is_known() -> None:
    match, score = best_match(Wanted(None, None), [recording("a", "Anything")], by_isrc=True)
    assert match is not None
    assert score == 1.0


def test_a_live_album_wants_live_recordings() -> None:
    hits = [recording("a", "Help!", "The Beatles", "139"), recording("b", "Help!", "The Beatles", "140", "live, Hollywood Bowl")]
    live = Wanted("Help!", "The Beatles", (), 139_000, "Live at the Hollywood Bowl")
    assert (match := best_match(live, hits)[0]) is not None
    assert match.recording.id == "b"


def test_among_equals_no_video_no_disambiguation_and_the_earliest_release_come_first() -> None:
    hits = [
        recording("a", "Song", "A", "100", video=True),
        recording("b", "Song", "A", "100", "album version"),
        recording("c", "Song", "A", "100", **{"first-release-date": "2001"}),
        recording("d", "Song", "A", "100", **{"first-release-date": "1999"}),
    ]
    match, _ = best_match(Wanted("Song", "A", (), 100_000), hits)
    assert match is not None
    assert (match.recording.id, match.same) == ("d", ("a", "b", "c", "d"))


@pytest.mark.parametrize("title", ["", "!!!", "(((", "- - -", "feat.", "()", "I", "…", "日本語 (ライブ)"])
def test_no_title_breaks_it(title: str) -> None:
    best_match(Wanted(title, title), [recording("a", title, title), recording("b", "Song", "A")])
