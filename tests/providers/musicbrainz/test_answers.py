from __future__ import annotations

from recsys.providers.musicbrainz.answers import Recording, Recordings, _Named, by_votes, escape


def test_the_older_form_of_answers_fits() -> None:
    recording = Recording.model_validate(
        {"id": "r", "isrcs": [{"id": "X"}, "Y"], "artist-credit": [{"joinphrase": " & ", "artist": {"id": "a", "name": "A"}},
         {"name": "B", "artist": {"id": "b", "name": "Bee"}}]}
    )  # fmt: skip
    assert (recording.isrcs, recording.credit, recording.artists) == (["X", "Y"], "A & B", ["A", "B"])


def test_an_odd_recording_costs_no_other() -> None:
    assert len(Recordings.model_validate({"recordings": [{"id": "r"}, {"id": 3}]}).recordings) == 2


def test_most_votes_first() -> None:
    tags = [_Named(name="b", count=2), _Named(name="a", count=2), _Named(name="c", count=0), _Named(name="d", count=5)]
    assert by_votes(tags) == ["d", "a", "b"]


def test_no_word_is_an_operator() -> None:
    assert escape('A OR "B"') == 'a or \\"b\\"'
