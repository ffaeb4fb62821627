from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.providers.musicbrainz.answers import Named, Recording, Recordings, by_votes, escape
from recsys.providers.musicbrainz.matching import Wanted, best, similarity
from tests.support.wire import sample


def recording(mbid: str, title: str, artist: str, **changes: object) -> Recording:
    credit = [{"name": artist, "artist": {"id": f"artist of {mbid}", "name": artist}}]
    return Recording.model_validate({"id": mbid, "title": title, "artist-credit": credit, **changes})


def chosen(wanted: Wanted, *recordings: Recording, by_isrc: bool = False) -> str | None:
    match, _ = best(wanted, recordings, by_isrc=by_isrc)
    return match.recording.id if match else None


def test_the_artist_decides_between_two_songs_of_one_title() -> None:
    hits = (recording("a", "Cruel Angel", "Eri Kawai"), recording("b", "Cruel Angel", "Naomi Tamura"))
    assert chosen(Wanted("Cruel Angel", "Naomi Tamura"), *hits) == "b"
    assert chosen(Wanted("Cruel Angel", "Somebody Else"), *hits) is None


def test_the_length_decides_between_versions() -> None:
    hits = (recording("a", "Song", "X", length=331_000), recording("b", "Song", "X", length=210_000))
    assert chosen(Wanted("Song", "X", duration_ms=211_000), *hits) == "b"


def test_among_equals_no_video_no_note_and_the_earliest_release_win() -> None:
    hits = (
        recording("v", "Song", "X", video=True, **{"first-release-date": "1990"}),
        recording("n", "Song", "X", disambiguation="live", **{"first-release-date": "1991"}),
        recording("l", "Song", "X", **{"first-release-date": "2001"}),
        recording("e", "Song", "X", **{"first-release-date": "1999-05"}),
        recording("u", "Song", "X"),
    )
    match, score = best(Wanted("Song", "X"), hits)
    assert match is not None
    assert match.recording.id == "e"
    assert match.same == ("e", "l", "n", "u", "v")
    assert score == 1.0


def test_two_songs_too_close_to_call_are_left_undecided() -> None:
    hits = (recording("a", "Songs", "X"), recording("b", "Sonng", "X"))
    assert chosen(Wanted("Song", "X"), *hits) is None
    assert chosen(Wanted("Song", "X"), hits[0]) == "a"


def test_an_isrc_is_evidence_of_its_own_but_not_against_everything() -> None:
    other_spelling = recording("a", "残酷な天使のテーゼ", "高橋洋子", length=245_000)
    assert chosen(Wanted("Cruel Angel's Thesis", "Yoko Takahashi", duration_ms=245_000), other_spelling) is None
    assert chosen(Wanted(None, None), other_spelling, by_isrc=True) == "a"
    assert chosen(Wanted("zzzz", "qqqq", duration_ms=1), other_spelling, by_isrc=True) is None
    assert chosen(Wanted("Song", "X")) is None


def test_credits_brackets_and_case_do_not_matter() -> None:
    assert chosen(Wanted("get lucky (feat. Pharrell) - Radio Edit", "DAFT PUNK"), recording("a", "Get Lucky", "Daft Punk")) == "a"


@given(st.text(max_size=20), st.text(max_size=20))
def test_similarity_is_symmetric_and_between_0_and_1(left: str, right: str) -> None:
    assert 0 <= similarity(left, right) == similarity(right, left) <= 1
    assert similarity(left, left) == 1


@pytest.mark.parametrize("sign", list('+-&|!(){}[]^"~*?:\\/'))
def test_every_sign_of_the_query_language_is_escaped(sign: str) -> None:
    assert escape(f"a{sign}B") == f"a\\{sign}b"


def test_operators_become_plain_words() -> None:
    assert escape("Love AND Hate OR NOT") == "love and hate or not"


def test_genres_by_votes() -> None:
    named = [
        Named(name="b", count=2),
        Named(name="z", count=5),
        Named(name="a", count=2),
        Named(name="no", count=0),
        Named(name="x"),
    ]
    assert by_votes(named) == ["z", "a", "b"]


def test_recorded_answers(shared: Path) -> None:
    hits = Recordings.model_validate(sample(shared, "musicbrainz/search_recording_two_score_100.json")).recordings
    assert chosen(Wanted("残酷な天使のテーゼ", "田村直美"), *hits) == "fc2450fd-e8af-4c00-b0c4-de0af3f39c60"
    old = Recordings.model_validate(sample(shared, "musicbrainz/search_recording_docs_2017_shape.json")).recordings
    assert old[0].credit
    for name in ("recording", "recording_instrumental", "recording_multi_artists_1", "recording_video", "acoustid"):
        Recording.model_validate(sample(shared, f"musicbrainz/{name}.json"))
