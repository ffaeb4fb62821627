"""ListenBrainz, Last.fm and other scrobble logs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recsys.errors import InputError
from recsys.ingest import ingest_export
from recsys.lake import Lake
from tests.ingest.conftest import Put

MBID = "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0"


def listen(**more: Any) -> dict[str, Any]:
    names = {"track_name": "Golden Brown", "artist_name": "The Stranglers", "release_name": "La Folie"}
    return {"listened_at": 1_748_964_167, "track_metadata": names | more}


def started(lake: Lake) -> list[str]:
    return lake.input("events")["occurred_at"].dt.strftime("%F %T").to_list()


def test_listenbrainz_lines(lake: Lake, put: Put) -> None:
    info = {
        "isrc": "GBAYE8100053",
        "spotify_id": "https://open.spotify.com/track/2AX5E86cn9n2dgioZEjirI",
        "duration_ms": 206_760,
        "duration_played": 120,
        "music_service": "spotify.com",
        "listening_from": "secret place",
    }
    full = listen(additional_info=info, mbid_mapping={"recording_mbid": MBID.upper()})
    rows = [full, listen(additional_info={"isrc": ["x"], "duration_ms": "long"}), {"listened_at": None, "track_metadata": {}}]
    (events, _) = ingest_export(lake, "ann", [put("1.jsonl", "\n".join(map(json.dumps, rows)))])
    assert (events.rows_read, events.kept, dict(events.causes)) == (3, 2, {"missing": 1})
    assert started(lake) == ["2025-06-03 15:22:47"] * 2
    assert lake.input("events").select("track_id", "completed_ms", "context").rows() == [
        (MBID, 120_000, "spotify.com"),
        ("text:a08f7e6bcfdb7c9e70a0", None, None),
    ]
    songs = lake.input("tracks").select("id", "mbid", "isrc", "spotify_id", "duration_ms", "album").rows()
    assert songs[0] == (MBID, MBID, "GBAYE8100053", "2AX5E86cn9n2dgioZEjirI", 206_760, "La Folie")
    assert songs[1] == ("text:a08f7e6bcfdb7c9e70a0", None, None, None, None, "La Folie")


@pytest.mark.slow
@pytest.mark.parametrize(
    "document",
    [
        [listen()],
        {"listen_type": "single", "payload": [listen()]},
        {"payload": {"count": 1, "listens": [listen() | {"user_name": "someone"}]}},
        listen(),
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_listenbrainz_documents(document: Any, indent: int | None, lake: Lake, put: Put) -> None:
    if isinstance(document, dict) and "track_metadata" in document and indent:
        return
    ingest_export(lake, "ann", [put("answer.json", json.dumps(document, indent=indent))])
    assert started(lake) == ["2025-06-03 15:22:47"]


def test_listenbrainz_nanoseconds(lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match="seconds since 1970 are read"):
        ingest_export(lake, "ann", [put("1.jsonl", json.dumps(listen() | {"listened_at": 1_486_449_409_000_000_000}))])


GHAN = """uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\r
"1704067200","01 Jan 2024, 00:00","ABBA","","Gold","","SOS",""\r
"""
STATS = """\ufeffArtist;Album;AlbumId;Track;Date#someone
"ABBA";"Gold";"";"SOS";"1704067200000"
"""
LIBREFM = """+ACM- Data export from Libre.fm,,,
# It's "old
Artist,Track,Album,Time
ABBA,SOS,Gold,1704067200
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ghan", GHAN),
        ("headerless", "ABBA,Gold,SOS,01 Jan 2024 00:00\n"),
        ("stats", STATS),
        ("librefm", LIBREFM),
        ("userid", "userid,Artist,track,Album,time\n17,ABBA,SOS,Gold,1704067200\n"),
        ("iso", "artist_name,track_name,release_name,listened_at\nABBA,SOS,Gold,2024-01-01T01:00:00+01:00\n"),
    ],
)
def test_csv_of_many_tools(name: str, text: str, lake: Lake, put: Put) -> None:
    ingest_export(lake, "ann", [put(f"{name}.csv", text)])
    assert started(lake) == ["2024-01-01 00:00:00"]
    assert lake.input("tracks").select("title", "artist", "album").rows() == [("SOS", "ABBA", "Gold")]
    kind = "lastfmstats" if name == "stats" else "lastfm"
    assert lake.input("events")["source"].to_list() == [f"{kind} {name}.csv"]


MIXED = f"""Artist,Track,Time,track_mbid
ABBA,SOS,1704067200,{MBID}
ABBA,SOS,,
,SOS,1704067200,
ABBA,SOS,soon,
ABBA
"Earth, Wind & Fire",September,1704067201,junk
"""


def test_last_fm_without_albums_and_with_bad_rows(lake: Lake, put: Put) -> None:
    (events, _) = ingest_export(lake, "ann", [put("l.csv", MIXED)])
    assert (events.rows_read, dict(events.causes)) == (6, {"missing": 2, "fields": 1, "time": 1})
    assert lake.input("events")["track_id"].to_list() == [MBID, "text:300894c193470947b876"]


def test_a_zone_for_tools_that_write_local_time(lake: Lake, put: Put) -> None:
    ingest_export(lake, "ann", [put("l.csv", "ABBA,Gold,SOS,01 Jan 2024 00:00\n")], time_zone="Europe/Berlin")
    assert started(lake) == ["2023-12-31 23:00:00"]


def test_maloja(lake: Lake, put: Put) -> None:
    track = {"artists": ["A", "B"], "title": "T", "album": {"albumtitle": "L"}, "length": 220}
    scrobbles = [{"time": 1_760_532_613, "track": track, "duration": 200, "origin": "client:x"}, {"time": 1, "track": {}}]
    (events, _) = ingest_export(lake, "ann", [put("m.json", json.dumps({"maloja": {}, "scrobbles": scrobbles}, indent=1))])
    assert (events.rows_read, events.kept) == (2, 1)
    assert lake.input("events").select("completed_ms", "context").rows() == [(200_000, "client:x")]
    assert lake.input("tracks").select("artist", "artists", "album", "duration_ms", "song_key").rows() == [
        ("A, B", ["A", "B"], "L", 220_000, "a | t")
    ]


def test_pano_scrobbler(lake: Lake, put: Put) -> None:
    row = {"timeMs": 1_762_874_400_000, "artist": "A", "track": "T", "album": "L", "durationMs": 1000, "event": "scrobble"}
    rows = [row, row | {"event": "love", "timeMs": row["timeMs"] + 1}, row | {"event": "unlove"}, row | {"timeMs": 17}]
    (events, _) = ingest_export(lake, "ann", [put("p.jsonl", "\n".join(map(json.dumps, rows)))])
    assert dict(events.causes) == {"not_a_play": 1, "undated": 1}
    assert lake.input("events").select("type", "completed_ms").rows() == [("play", None), ("like", None)]
    assert started(lake)[0] == "2025-11-11 15:20:00"


HEADERLESS = """Artist N,Al,Now Playing,
Artist A,Al,Song A,01 Sep 2026 14:37
#1 Dads,Al,My Rush,01 Sep 2026 14:40
#TocoParaVos,,Song T,"01 Sep 2026, 14:44"
,Al,Song D,01 Sep 2026 14:55
Artist E,Al,Song E,01 Jan 1970 00:00
"""


def test_a_song_that_plays_now_and_artists_with_a_hash(lake: Lake, put: Put) -> None:
    (events, _) = ingest_export(lake, "ann", [put("ann.csv", HEADERLESS)])
    assert (events.rows_read, events.kept, dict(events.causes)) == (6, 3, {"missing": 2, "undated": 1})
    assert lake.input("tracks")["artist"].sort().to_list() == ["#1 Dads", "#TocoParaVos", "Artist A"]


TABBED = (
    'Title\tArtist\tAlbum\tDate\tTimestamp\n"""Alternate 1985"""\tArtist A\tAl\t01 Jan 1970, 00:00\t1\n'
    '"Heroes"\tArtist D\tAl\t12 Oct 2009, 13:01\t1255352474\n"Heroes" (live)\tArtist D\tAl\t12 Oct 2009, 13:05\t1255352774\n'
)


def test_undated_plays_and_quotes_between_tabs(lake: Lake, put: Put) -> None:
    (events, _) = ingest_export(lake, "ann", [put("ann.tsv", TABBED)])
    assert (events.kept, dict(events.causes)) == (2, {"undated": 1})
    assert lake.input("events").height == 2


@pytest.mark.slow
@pytest.mark.parametrize("text", [b'{"track_metadata": "\\ud83d"}\n', b'{"a": NaN}\n'])
def test_a_first_line_that_is_broken(text: bytes, lake: Lake, put: Put) -> None:
    (events, _) = ingest_export(lake, "ann", [put("1.jsonl", text + json.dumps(listen()).encode())])
    assert (events.rows_read, events.kept) == (2, 1)


def test_credited_artists_of_a_mapped_play(lake: Lake, put: Put) -> None:
    artists = [{"artist_credit_name": "Ada"}, {"artist_credit_name": "Bo"}]
    names = ("Ada feat. Bo", "Somebody Else")
    rows = [listen(artist_name=name, track_name=name, mbid_mapping={"artists": artists}) for name in names]
    ingest_export(lake, "ann", [put("1.jsonl", "\n".join(map(json.dumps, rows)))])
    assert sorted(lake.input("tracks").select("artist", "artists").rows()) == [(names[0], ["Ada", "Bo"]), (names[1], None)]


def test_a_live_take_is_another_song_than_the_plain_one(lake: Lake, put: Put) -> None:
    rows = "uts,artist,track\n1749776100,A,S (Live)\n1749779100,A,S\n1749789100,A,S - Remastered 2009\n"
    (events, tracks) = ingest_export(lake, "ann", [put("x.csv", rows)])
    assert (events.kept, tracks.kept) == (3, 2)
    assert sorted(lake.input("tracks")["title"]) == ["S", "S (Live)"]
