"""Logs of players and pages of services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recsys.ingest import ingest_export
from recsys.lake import Lake
from tests.ingest.conftest import Put

PLAY = {
    "artist": {"mbid": "", "#text": "A"},
    "mbid": "",
    "album": {"#text": ""},
    "name": "S",
    "date": {"uts": "1749776100", "#text": "x"},
}
NOW = {"artist": {"#text": "B"}, "@attr": {"nowplaying": "true"}, "name": "N"}


def heard(lake: Lake) -> list[tuple[Any, ...]]:
    joined = lake.input("events").join(lake.input("tracks"), left_on="track_id", right_on="id", maintain_order="left")
    return joined.select("title", "artist", "type", joined["occurred_at"].dt.strftime("%F %T")).rows()


@pytest.mark.parametrize(
    "document",
    [
        [{"track": [PLAY, NOW], "@attr": {"user": "ann", "page": "1"}}],
        {"recenttracks": {"track": [NOW, PLAY], "@attr": {}}},
        [{"recenttracks": {"track": [NOW, PLAY], "@attr": {}}}],
        [{"track": PLAY, "@attr": {}}, {"track": [NOW], "@attr": {}}],
    ],
)
def test_pages_of_last_fm(document: Any, lake: Lake, put: Put) -> None:
    (events, _) = ingest_export(lake, "ann", [put("recenttracks.json", json.dumps(document))])
    assert (events.rows_read, dict(events.causes)) == (2, {"missing": 1})
    assert heard(lake) == [("S", "A", "play", "2025-06-13 00:55:00")]


def test_lastfmstats_json(lake: Lake, put: Put) -> None:
    row = {"track": "S", "artist": "A", "album": "L", "albumId": "", "date": 1_749_776_100_000}
    document = {"username": "ann", "scrobbles": [row, row | {"date": 0}]}
    (events, _) = ingest_export(lake, "ann", [put("lastfmstats-ann.json", json.dumps(document))])
    assert dict(events.causes) == {"undated": 1}
    assert heard(lake) == [("S", "A", "play", "2025-06-13 00:55:00")]


def test_pano_csv(lake: Lake, put: Put) -> None:
    header = (
        "timeHuman,timeMs,artist,track,album,albumArtist,durationMs,mediaPlayerPackage,mediaPlayerName,mediaPlayerVersion,event"
    )
    rows = ['"Jun 13, 2025 12:55 AM",1749776100000,A,S,L,A,200000,com.x,Player,1.0,love', ",1749776100000,A,S,,,,,,,unlove"]
    (events, _) = ingest_export(lake, "ann", [put("pano.csv", "\n".join([header, *rows]))])
    assert dict(events.causes) == {"not_a_play": 1}
    assert heard(lake) == [("S", "A", "like", "2025-06-13 00:55:00")]


@pytest.mark.parametrize(
    "rubric", ["", "#ARTIST\t#ALBUM\t#TITLE\t#TRACKNUM\t#LENGTH\t#RATING\t#TIMESTAMP\t#MUSICBRAINZ_TRACKID\n"]
)
def test_scrobbler_log(rubric: str, lake: Lake, put: Put) -> None:
    lines = "#1 Dads\tL\tS\t1\t181\tL\t1749776100\t\nA\tL\tT\t1\t181\tS\t1749776400\t\nA\t\t\t\t\tL\t1749776500\t\n"
    (events, _) = ingest_export(lake, "ann", [put(".scrobbler.log", f"#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/x\n{rubric}{lines}")])
    assert (events.rows_read, dict(events.causes)) == (3, {"missing": 1})
    assert heard(lake) == [("S", "#1 Dads", "play", "2025-06-13 00:55:00"), ("T", "A", "skip", "2025-06-13 01:00:00")]


def test_youtube_music(lake: Lake, put: Put) -> None:
    song = {
        "header": "YouTube Music",
        "title": "Watched S",
        "subtitles": [{"name": "A - Topic"}],
        "time": "2025-06-13T00:55:00.123Z",
    }
    rows = [song, song | {"header": "YouTube"}, song | {"subtitles": None}]
    (events, _) = ingest_export(lake, "ann", [put("watch-history.json", json.dumps(rows))])
    assert dict(events.causes) == {"missing": 1, "video": 1}
    assert heard(lake) == [("S", "A", "play", "2025-06-13 00:55:00")]


def test_a_history_of_searches_is_none_of_plays(lake: Lake, put: Put) -> None:
    row = {"header": "YouTube Music", "title": "Searched for S", "time": "2025-06-13T00:55:00Z"}
    (events,) = ingest_export(lake, "ann", [put("search-history.json", json.dumps([row]))])
    assert (events.kept, dict(events.causes)) == (0, {"not_a_play": 1})


@pytest.mark.parametrize(
    "odd",
    [
        {"details": [{"name": "From Google Ads"}]},
        {"titleUrl": "https://music.youtube.com/search?q=S", "subtitles": None},
        {"titleUrl": "https://www.youtube.com/results?search_query=S", "subtitles": None},
    ],
)
def test_youtubes_advertisements_and_searches_are_no_plays(odd: dict[str, Any], lake: Lake, put: Put) -> None:
    row = {"header": "YouTube Music", "title": "Watched S", "subtitles": [{"name": "A"}], "time": "2025-06-13T00:55:00Z"}
    (events,) = ingest_export(lake, "ann", [put("history.json", json.dumps([row | odd]))])
    assert dict(events.causes) == {"not_a_play": 1}
    assert "search" not in str(lake.rejects()["raw"].to_list()).replace('"kind":"search"', "")


@pytest.mark.parametrize("around", ["Du har tittat på {}", "{} obejrzane dzisiaj", "Vi {} sett"])
def test_words_of_another_language_around_all_titles_are_known_as_such(around: str, lake: Lake, put: Put) -> None:
    names = ["Ada", "Bel canto", "Cem", "Dag", "Eva på", "Fin"]
    row = {"header": "YouTube Music", "time": "2025-06-13T00:55:00Z"}
    rows = [row | {"title": around.format(name), "subtitles": [{"name": f"{name} - Topic"}]} for name in names]
    visit = row | {"title": "Besökte YouTube Music"}
    ingest_export(lake, "ann", [put("watch-history.json", json.dumps([*rows, visit]))])
    assert sorted(heard(lake)) == [(name, name, "play", "2025-06-13 00:55:00") for name in names]


def test_a_word_that_few_titles_begin_with_is_theirs(lake: Lake, put: Put) -> None:
    row = {"header": "YouTube Music", "time": "2025-06-13T00:55:00Z", "subtitles": [{"name": "A - Topic"}]}
    rows = [row | {"title": f"The {number}"} for number in range(20)]
    ingest_export(lake, "ann", [put("watch-history.json", json.dumps(rows))])
    assert {name for name, *_ in heard(lake)} == {f"The {number}" for number in range(20)}


@pytest.mark.parametrize(
    "document", [{"lovedtracks": {"track": [PLAY], "@attr": {}}}, [{"lovedtracks": {"track": PLAY, "@attr": {}}}]]
)
def test_loved_tracks_are_likes(document: Any, lake: Lake, put: Put) -> None:
    ingest_export(lake, "ann", [put("x.json", json.dumps(document))])
    assert heard(lake) == [("S", "A", "like", "2025-06-13 00:55:00")]


def test_loved_tracks_by_the_name_of_the_file(lake: Lake, put: Put) -> None:
    pages = put("lovedtracks-ann-1.json", json.dumps([{"track": [PLAY], "@attr": {"page": "1"}}]))
    table = put("lovedtracks-ann-1.csv", "uts,utc_time,artist,track\n1749776100,x,A,S\n")
    ingest_export(lake, "ann", [pages, table])
    assert lake.input("events")["type"].to_list() == ["like", "like"]


@pytest.mark.parametrize("date", [1_749_776_100, "1749776100", "13 Jun 2025, 00:55", {"#text": "13 Jun 2025, 00:55"}])
def test_last_fm_without_pages(date: Any, lake: Lake, put: Put) -> None:
    ingest_export(lake, "ann", [put("x.json", json.dumps([{"name": "S", "artist": "A", "date": date}]))])
    assert heard(lake) == [("S", "A", "play", "2025-06-13 00:55:00")]


def test_a_player_without_a_zone_counts_by_its_own_clock(lake: Lake, put: Put) -> None:
    log = "#AUDIOSCROBBLER/1.0\n#TZ/{}\n#CLIENT/x\nA\tL\tS\t1\t200\tL\t1749776100\nA\tL\tT\t1\t200\tL\t0\t\nA\tL\tT\t1\n"
    (events, _) = ingest_export(lake, "ann", [put("x.scrobbler.log", log.format("UNKNOWN"))], time_zone="Europe/Berlin")
    assert (events.rows_read, events.kept, dict(events.causes)) == (3, 1, {"fields": 1, "undated": 1})
    ingest_export(lake, "ann", [put("y.scrobbler.log", log.format("UTC"))], time_zone="Europe/Berlin")
    ingest_export(lake, "ann", [put("z.scrobbler.log", log.format("UNKNOWN") + "\n")])
    assert lake.input("events")["occurred_at"].dt.strftime("%d %H").to_list() == ["12 22", "13 00", "13 00"]


@pytest.mark.parametrize("title", ["Watched S", "S angesehen", "Vous avez regardé S", "Has visto S", "Hai guardato S"])
def test_takeout_in_other_languages(title: str, lake: Lake, put: Put) -> None:
    row = {"header": "YouTube Music", "title": title, "subtitles": [{"name": "A - Thema"}], "time": "2025-06-13T00:55:00Z"}
    ingest_export(lake, "ann", [put("watch-history.json", json.dumps([row]))])
    assert heard(lake) == [("S", "A", "play", "2025-06-13 00:55:00")]
