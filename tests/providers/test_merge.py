from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from recsys.providers.facts import Facts
from recsys.providers.merge import ORDER, merge, provenance, without
from recsys.tables import TRACKS


def facts(source: str, **fields: object) -> Facts:
    return Facts("t", source, fields)


def sources(row: dict[str, object]) -> dict[str, str]:
    return provenance(row)[0]


def test_a_new_track() -> None:
    row, warnings = merge(None, facts("spotify", title="A", popularity=0.5, genres=[], album=None))
    assert list(row) == TRACKS.names
    assert (row["id"], row["title"], row["popularity"], row["genres"], row["origin"]) == ("t", "A", 0.5, None, "catalog")
    assert json.loads(str(row["provenance"])) == {"title": "spotify", "popularity": "spotify"}
    assert warnings == []


def test_a_better_source_replaces_and_a_worse_one_only_fills_and_warns() -> None:
    row, _ = merge(None, facts("musicbrainz", title="mb", mbid="m", genres=["rock"]))
    row, warnings = merge(row, facts("spotify", title="sp", isrc="i"))
    assert (row["title"], row["isrc"], row["mbid"], warnings) == ("sp", "i", "m", [])
    again, warnings = merge(row, facts("musicbrainz", title="mb", isrc="other", release_date="1999"))
    assert (again["title"], again["isrc"], again["release_date"]) == ("sp", "i", "1999")
    assert [warning.split(":")[1].split()[0] for warning in warnings] == ["title", "isrc"]


def test_a_persons_own_file_is_never_overruled_and_a_mention_always() -> None:
    own, warnings = merge({"id": "t", "title": "mine", "origin": "catalog"}, facts("spotify", title="theirs", album="x"))
    assert (own["title"], own["album"], len(warnings)) == ("mine", "x", 1)
    named, warnings = merge({"id": "t", "title": "as typed", "origin": "mention"}, facts("webplayer", title="As Typed"))
    assert (named["title"], named["origin"], warnings) == ("As Typed", "catalog", [])


def test_scales_are_not_mixed_within_a_source_and_sources_stay_visible() -> None:
    row, _ = merge(None, facts("acousticbrainz", tempo=120.0, loudness=0.8))
    row, _ = merge(row, facts("reccobeats", tempo=121.0, loudness=-5.0))
    assert sources(row) == {"tempo": "reccobeats", "loudness": "reccobeats"}
    row, warnings = merge(row, facts("acousticbrainz", tempo=120.0))
    assert (row["tempo"], len(warnings)) == (121.0, 1)


def test_a_source_supplies_only_the_fields_it_is_named_for() -> None:
    row, warnings = merge(None, facts("songlink", title="x", spotify_id="s", energy=0.5))
    assert {name for name in TRACKS.names if row[name] is not None} == {"id", "spotify_id", "origin", "provenance"}
    assert warnings == []


def test_a_stale_answer_fills_gaps_and_replaces_nothing() -> None:
    row, _ = merge(None, facts("spotify", title="new"))
    stale = Facts("t", "spotify", {"title": "old", "album": "a"}, stale=True)
    row, warnings = merge(row, stale)
    assert (row["title"], row["album"], warnings) == ("new", "a", [])


def test_a_decision_is_kept_with_the_row() -> None:
    decision = {"by": "isrc", "score": 0.98}
    row, _ = merge(None, Facts("t", "musicbrainz", {"mbid": "m"}, decision=decision))
    row, _ = merge(row, facts("spotify", title="x"))
    assert provenance(row) == ({"mbid": "musicbrainz", "title": "spotify"}, {"musicbrainz": decision})


def test_forgetting_one_source() -> None:
    row, _ = merge({"id": "t", "artist": "own", "origin": "catalog"}, facts("spotify", title="x", isrc="i"))
    row, _ = merge(row, Facts("t", "musicbrainz", {"mbid": "m"}, decision={"by": "isrc"}))
    left = without(row, "spotify")
    assert left is not None
    assert (left["title"], left["isrc"], left["artist"], left["mbid"]) == (None, None, "own", "m")
    assert "spotify" not in str(left["provenance"])
    nothing, _ = merge(None, facts("spotify", title="x"))
    assert without(nothing, "spotify") is None


FIELDS = st.dictionaries(st.sampled_from(["title", "album", "isrc", "energy"]), st.sampled_from(["p", "q", None]))
SOURCES = st.sampled_from(["spotify", "webplayer", "musicbrainz", "reccobeats", "acousticbrainz"])


@given(st.lists(st.tuples(SOURCES, FIELDS), min_size=1, max_size=6))
def test_each_field_ends_with_the_last_value_of_its_best_source(told: list[tuple[str, dict[str, str]]]) -> None:
    row: dict[str, object] | None = None
    for source, fields in told:
        row, _ = merge(row, facts(source, **fields))
    assert row is not None
    for name in ("title", "album", "isrc", "energy"):
        named = [
            (ORDER[name].index(source), fields[name]) for source, fields in told if source in ORDER[name] and fields.get(name)
        ]
        best = min((rank for rank, _ in named), default=None)
        assert row[name] == ([value for rank, value in named if rank == best] or [None])[-1]
    assert merge(row, facts(*told[-1][:1]))[0] == row


def test_a_source_of_all_fields_stays_and_an_unchanged_row_is_equal() -> None:
    before = {**dict.fromkeys(TRACKS.names), "id": "a", "title": "T", "artist": "A", "origin": "catalog"}
    before["provenance"] = '{"*": "musicbrainz"}'
    row, warnings = merge(before, Facts("a", "listenbrainz", {"title": "Other"}))
    assert (row, len(warnings)) == (before, 1)
    row, _ = merge(before, Facts("a", "spotify", {"title": "Better"}))
    assert (row["title"], row["provenance"]) == ("Better", '{"*": "musicbrainz", "title": "spotify"}')
    assert without(row, "musicbrainz") == {**before, "title": "Better", "artist": None, "provenance": '{"title": "spotify"}'}
