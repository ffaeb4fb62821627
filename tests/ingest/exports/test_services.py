"""Exports of Apple Music, Deezer, Tidal and Koito."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recsys.errors import InputError
from recsys.ingest import ingest, ingest_export
from recsys.inputs import Inputs
from recsys.lake import Lake
from recsys.settings import Settings
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from tests.ingest.conftest import Put
from tests.ingest.exports.test_players import heard
from tests.support.workbooks import workbook

ACTIVITY = (
    "Album Name,Apple ID Number,Client IP Address,Container Artist Name,End Reason Type,Event End Timestamp,"
    "Event Start Timestamp,Event Type,Media Duration In Milliseconds,Media Type,Play Duration Milliseconds,Song Name"
)
PLAY = "L,1,10.0.0.1,{artist},{reason},2024-01-05T14:27:00Z,{start},{event},200000,{media},{played},{song}"


def play(song: str = "S", **other: Any) -> str:
    values = {
        "artist": "A",
        "reason": "NATURAL_END_OF_TRACK",
        "start": "2024-01-05T14:23:45.123Z",
        "event": "PLAY_END",
        "media": "AUDIO",
        "played": 200_000,
        "song": song,
    }
    return PLAY.format(**values | other)


def library(**other: Any) -> dict[str, Any]:
    return {
        "Content Type": "Song",
        "Track Identifier": 1,
        "Title": "S",
        "Artist": "A",
        "Album": "L",
        "Track Duration": 200_000,
        "Date Added To Library": "2020-01-01T00:00:00Z",
        "Last Played Date": "2024-01-05T14:27:00Z",
        **other,
    }


def test_apple_musics_play_activity(lake: Lake, put: Put) -> None:
    rows = [
        play(),
        play("Left", reason="TRACK_SKIPPED_FORWARDS", played=4000),
        play("Broken", reason="FAILED_TO_LOAD", played=0),
        play("Started", event="PLAY_START"),
        play("Film", media="VIDEO"),
        play("Odd", start="", played=-5),
        play("Gone", artist=""),
    ]
    path = put("Apple Music Play Activity.csv", "\n".join([ACTIVITY, *rows]))
    (events, _) = ingest_export(lake, "ann", [path])
    assert events.rows_read == events.kept + events.rejected == 7
    assert dict(events.causes) == {"not_a_play": 1, "video": 1, "interrupted": 1, "missing": 1}
    assert heard(lake) == [
        ("S", "A", "play", "2024-01-05 14:23:45"),
        ("Left", "A", "skip", "2024-01-05 14:23:45"),
        ("Odd", "A", "play", "2024-01-05 14:27:00"),
    ]
    assert "10.0.0.1" not in repr(lake.input("events").rows()) + repr(lake.rejects().rows())


def test_older_files_say_content_name(lake: Lake, put: Put) -> None:
    header = "Artist Name,Content Name,Event Start Timestamp,Play Duration Milliseconds"
    ingest_export(lake, "ann", [put("a.csv", f"{header}\nA,S,2019-05-12T14:23:45Z,\n")])
    assert heard(lake) == [("S", "A", "play", "2019-05-12 14:23:45")]


def test_an_artist_that_the_activity_lacks_comes_from_the_library(lake: Lake, put: Put, tmp_path: Path) -> None:
    other = library(Title="Other", Artist="Bo", Album="M")
    put(
        "Apple Music Play Activity.csv",
        "\n".join([ACTIVITY, play(artist=""), play("Other", artist=""), play("Third", artist="")]),
    )
    put("Apple Music Library Tracks.json", json.dumps([library(), other]))
    reports = ingest_export(lake, "ann", [tmp_path / "files"])
    assert next(report for report in reports if report.source.endswith(".csv")).kept == 2
    plays = lake.input("events").filter(pl.col("source").str.starts_with("apple-music"))
    saves = lake.input("events").filter(pl.col("type") == "save")
    assert set(plays["track_id"]) == set(saves["track_id"])


def test_apple_musics_library(lake: Lake, put: Put) -> None:
    rows = [
        library(**{"Track Play Count": 12, "Skip Count": 1, "Track Like Rating": "liked"}),
        library(Title="No", **{"Track Like Rating": "disliked", "Last Played Date": ""}),
        library(Title=""),
        "odd",
    ]
    (events, _) = ingest_export(lake, "ann", [put("Apple Music Library Tracks.json", json.dumps(rows))])
    assert (events.rows_read, dict(events.causes)) == (8, {"missing": 1, "json": 1})
    result = lake.input("events").join(lake.input("tracks"), left_on="track_id", right_on="id", maintain_order="left")
    assert result.select("title", "type", "plays").rows() == [
        ("S", "save", None),
        ("S", "play", 12),
        ("S", "skip", None),
        ("S", "like", None),
        ("No", "save", None),
        ("No", "dislike", None),
    ]


@pytest.mark.slow
def test_plays_that_library_and_history_both_tell_of_count_once(lake: Lake, put: Put, tmp_path: Path) -> None:
    put("Apple Music Play Activity.csv", "\n".join([ACTIVITY, play(), play(start="2024-01-06T14:23:45Z")]))
    put("Apple Music Library Tracks.json", json.dumps([library(**{"Track Play Count": 12})]))
    ingest_export(lake, "ann", [tmp_path / "files"])
    settings = Settings()
    rated = rate(take_snapshot(lake.inputs(), settings, datetime(2026, 1, 1, tzinfo=UTC)), settings)
    assert rated["events"].to_list() == [12 + 1]  # and saved


SHEET = ("Song Title", "Artist", "ISRC", "Album Title", "IP Address", "Listening Time", "Platform Name", "Platform Model", "Date")
LISTENS = [
    ("S", "A", "USAA17600001", "L", "10.0.0.1", 200, "ios", "x", "2024-01-05 14:23:00"),
    ("Zero", "A", None, "L", "10.0.0.1", 0, "ios", "x", "2024-01-05 14:23:00"),
    (None, None, None, None, None, None, None, None, None),
    ("Undated", "A", None, None, None, 31, None, None, None),
]


@pytest.mark.slow
def test_deezers_workbook_and_the_same_sheet_as_csv(lake: Lake, put: Put, tmp_path: Path) -> None:
    (events, _) = ingest_export(lake, "ann", [put("deezer-data_1.xlsx", workbook("10_listeningHistory", [SHEET, *LISTENS]))])
    assert (events.rows_read, dict(events.causes)) == (3, {"interrupted": 1, "missing": 1})
    assert lake.rejects()["line"].to_list() == [3, 5]
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in (SHEET, *LISTENS[:2], LISTENS[3])]
    (other, _) = ingest_export(second := Lake(tmp_path / "second"), "ann", [put("history.csv", "\n".join(lines))])
    assert (other.rows_read, other.causes) == (events.rows_read, events.causes)
    assert heard(lake) == heard(second) == [("S", "A", "play", "2024-01-05 14:23:00")]
    assert lake.input("tracks")["isrc"].to_list() == ["USAA17600001"]


def test_a_workbook_in_an_archive(lake: Lake, put: Put, tmp_path: Path) -> None:
    book = put("deezer-data_1.xlsx", workbook("10_listeningHistory", [SHEET, *LISTENS]))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(book, "me/deezer-data_1.xlsx")
    ingest_export(lake, "ann", [tmp_path / "all.zip"])
    assert len(heard(lake)) == 1


def test_other_workbooks_are_refused_in_words(lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match=r"without the sheet '10_listeningHistory'; there: 'Sheet1'; export it again, or save"):
        ingest_export(lake, "ann", [put("a.xlsx", workbook("Sheet1", [["a"], ["b"]]))])
    with pytest.raises(InputError, match="an Excel workbook; save its sheet as CSV"):
        ingest(lake, "events", [put("b.xlsx", workbook("Sheet1", [["a"], ["b"]]))])
    broken = put("c.xlsx", b"")
    with zipfile.ZipFile(broken, "w") as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, "<x/>")
    with pytest.raises(InputError, match=r"an Excel workbook .*save its sheet 10_listeningHistory as CSV"):
        ingest_export(lake, "ann", [broken])


@pytest.mark.slow
def test_tidals_streams(lake: Lake, put: Put) -> None:
    header = (
        "artist_name,track_title,entry_date,stream_duration_ms,product_type,ip_address,client_name_from_session,"
        "country_name,region_name,city_name,postal_code,time_zone"
    )
    at_home = "203.0.113.9,Web Player,Norway,Viken,Moss,1530"
    rows = [
        f"A,S,08/03/2022 9:01,200000.0,TRACK,{at_home},Europe/Oslo",
        "B Feat. C Feat. D,T,09/12/2022 0:00,120000.00000000000,TRACK,null,mobile,null,null,null,null,null",
        f'"E, F, G",U,25/04/2025 17:12,1168.0,TRACK,{at_home},Not/AZone',
        f"A,Clip,08/03/2022 9:05,200000.0,VIDEO,{at_home},Europe/Oslo",
        f"A,Whole,08/03/2022 9:06,200000.0,ALBUM,{at_home},Europe/Oslo",
        f"A,,08/03/2022 9:07,1.0,TRACK,{at_home},Europe/Oslo",
        f"A,No month,08/13/2022 9:07,1.0,TRACK,{at_home},Europe/Oslo",
        f"A,V,08/03/2022 9:09,null,TRACK,{at_home},Europe/Oslo",
        f"A,Twice,30/10/2022 2:30,90000.0,TRACK,{at_home},Europe/Oslo",
        f"A,Never,27/03/2022 2:30,90000.0,TRACK,{at_home},Europe/Oslo",
    ]
    (events, _) = ingest_export(lake, "ann", [put("streaming.csv", "\n".join(["Your streams", header, *rows]))])
    assert dict(events.causes) == {"video": 1, "not_a_play": 1, "missing": 1, "time": 1}
    assert heard(lake) == [
        ("S", "A", "play", "2022-03-08 08:01:00"),
        ("T", "B Feat. C Feat. D", "play", "2022-12-09 00:00:00"),
        ("U", "E, F, G", "play", "2025-04-25 17:12:00"),
        ("V", "A", "play", "2022-03-08 08:09:00"),
        ("Twice", "A", "play", "2022-10-30 00:30:00"),
        ("Never", "A", "play", "2022-03-27 02:30:00"),
    ]
    assert lake.input("events")["completed_ms"].to_list() == [200_000, 120_000, 1168, None, 90_000, 90_000]
    assert not any(word in repr(lake.rejects().to_dicts()) for word in ("203.0", "Moss", "Web Player", "Oslo"))


def test_tidals_older_times_are_read_too(lake: Lake, put: Put) -> None:
    rows = "artist_name,track_title,entry_date\nA,S,2024-01-05 14:23:00\nA,T,2024-01-05T14:23:00+01:00\n"
    ingest_export(lake, "ann", [put("streaming.csv", rows)])
    assert [row[3] for row in heard(lake)] == ["2024-01-05 14:23:00", "2024-01-05 13:23:00"]


def test_videos_of_an_apple_library_are_no_songs(lake: Lake, put: Put) -> None:
    row = {"Track Identifier": 1, "Title": "S", "Artist": "A", "Content Type": "Song"}
    video = row | {"Title": "V", "Content Type": "Music Video", "Track Play Count": 3}
    (events, _) = ingest_export(lake, "ann", [put("Apple Music Library Tracks.json", json.dumps([row, video]))])
    assert dict(events.causes) == {"video": 2}
    assert [row[0] for row in heard(lake)] == ["S"]


def test_a_zone_beside_any_time_of_tidals_is_its_own(lake: Lake, put: Put) -> None:
    header, zone = "artist_name,track_title,entry_date,time_zone", "Europe/Oslo"
    rows = f"{header}\nA,S,2024-01-05 14:23:00,{zone}\nA,T,2024-01-05T14:23:00Z,{zone}\n"
    ingest_export(lake, "ann", [put("streaming.csv", rows)])
    assert [row[3] for row in heard(lake)] == ["2024-01-05 13:23:00", "2024-01-05 14:23:00"]


def test_koitos_listens(lake: Lake, put: Put) -> None:
    def named(*names: str) -> dict[str, Any]:
        return {
            "aliases": [{"alias": name, "source": "x", "is_primary": not place} for place, name in enumerate(reversed(names))]
        }

    listen = {
        "listened_at": "2024-01-05T14:23:00Z",
        "track": {"mbid": None, "duration": 200, **named("Other spelling", "S")},
        "album": {"mbid": None, **named("L")},
        "artists": [{**named("B"), "is_primary": False}, {**named("A"), "is_primary": True}],
    }
    document = {"version": "1", "exported_at": "x", "user": "ann", "listens": [listen, listen | {"track": None}, 7]}
    (events, tracks) = ingest_export(lake, "ann", [put("koito_export.json", json.dumps(document))])
    assert (events.rows_read, dict(events.causes)) == (3, {"missing": 1, "json": 1})
    assert tracks.kept == 1
    assert lake.input("tracks").select("title", "artist", "artists", "album", "duration_ms").row(0) == (
        *("S", "A, B", ["A", "B"], "L", 200_000),
    )


@pytest.mark.slow
@pytest.mark.parametrize("when", ["", "2024-01-05T14:23:00Z"])
def test_a_count_of_plays_is_as_many_events(when: str, lake: Lake, put: Put) -> None:
    ingest(lake, "events", [put("counts.csv", f"user_id,track_id,play_count,occurred_at\nann,a,3,{when}\nann,b,0,\nbob,a,,\n")])
    assert dict(lake.rejects().select("column", "code").rows()) == {"plays": "range", "type": "missing"}
    tracks = pl.DataFrame({"id": ["a", "b"], "title": ["A", "B"]})
    moment = datetime.fromisoformat(when) if when else None
    apart = pl.DataFrame({"user_id": ["ann"] * 3, "track_id": ["a"] * 3, "type": ["play"] * 3, "occurred_at": [moment] * 3})
    as_of = datetime(2024, 3, 1, tzinfo=UTC)

    def rated(events: pl.DataFrame) -> pl.DataFrame:
        return rate(take_snapshot(Inputs(tracks=tracks, events=events), Settings(), as_of), Settings())

    assert rated(lake.input("events")).equals(rated(apart))
