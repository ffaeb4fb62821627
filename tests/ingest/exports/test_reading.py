"""The format of an export is seen in its content; its rows hold the format's fields and no others."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from recsys.errors import InputError
from recsys.ingest.exports.reading import _FORMATS, KNOWN, NotAHistoryError, read
from recsys.ingest.files import Source
from recsys.ingest.rows import LINE
from tests.ingest.conftest import Put
from tests.support.workbooks import workbook

LISTEN = {"listened_at": 1_748_964_167, "user_name": "me", "track_metadata": {"track_name": "T", "artist_name": "A"}}
STREAM = {"ts": "2024-01-05T14:23:00Z", "ms_played": 5, "ip_addr": "x"}


def opened(put: Put, data: str | bytes, name: str = "file") -> tuple[str, list[dict[str, Any]], int]:
    """Name of the format, rows, and rows that could not be taken apart."""
    content = data.encode() if isinstance(data, str) else data
    form, blocks = read(Source(put(name, content)), io.BytesIO(content), lambda: None)
    result = list(blocks)
    return form.name, [row for block in result for row in block.frame.to_dicts()], sum(block.broken.height for block in result)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (json.dumps([STREAM]), "spotify-extended"),
        (json.dumps([STREAM], indent=2), "spotify-extended"),
        ("\ufeff" + json.dumps([STREAM]), "spotify-extended"),
        (json.dumps([[STREAM], [STREAM]]), "spotify-extended"),
        (json.dumps(STREAM, indent=2) + json.dumps(STREAM, indent=2), "spotify-extended"),
        (json.dumps(STREAM) + json.dumps(STREAM), "spotify-extended"),
        (json.dumps(LISTEN), "listenbrainz"),
        (json.dumps(LISTEN) + "\n" + json.dumps(LISTEN), "listenbrainz"),
        (json.dumps({"payload": [LISTEN]}), "listenbrainz"),
        (json.dumps({"payload": {"listens": [LISTEN]}}, indent=1), "listenbrainz"),
        (json.dumps([{"payload": {"listens": [LISTEN]}}, {"payload": {"listens": []}}]), "listenbrainz"),
        (json.dumps({"list": [{"time": 1, "track": {"artists": ["A"], "title": "T"}}]}), "maloja"),
        ("artist,track,uts\rA,T,1\r", "lastfm"),
        ("artist,track,uts\nA,T,1\n", "lastfm"),
        ("ARTIST;Song;Timestamp\nA;T;1\n", "lastfm"),
        ("\n\nartist\ttrack\tdate\nA\tT\t1\n", "lastfm"),
        ("A,L,T,05 Jan 2024 14:23\n", "lastfm"),
        ("Artist;Album;AlbumId;Track;Date#me\na;b;;c;1704067200000\n", "lastfm-stats"),
    ],
)
def test_the_format_of_a_file(data: str, name: str, put: Put) -> None:
    form, rows, broken = opened(put, data)
    assert form.removesuffix(".com").replace("lastfmstats", "lastfm-stats") == name
    assert (len(rows) > 0, broken) == (True, 0)


def test_a_workbook(put: Put) -> None:
    header = ("Song Title", "Artist", "ISRC", "Album Title", "IP Address", "Listening Time", "Date")
    data = workbook("10_listeningHistory", [header, ("S", "A", None, "L", "10.0.0.1", 200, "2024-01-05 14:23:00")])
    form, rows, _ = opened(put, data)
    assert form.startswith("deezer")
    assert [row[LINE] for row in rows] == [2]
    assert "10.0.0.1" not in repr(rows)


def test_fields_that_are_not_read_never_leave_the_file(put: Put) -> None:
    for data in (json.dumps([STREAM | {"username": "canary"}]), "userid,artist,track,uts\ncanary,A,T,1\n"):
        _, rows, _ = opened(put, data)
        assert rows
        assert "canary" not in repr(rows)


def test_lines_that_cannot_be_taken_apart_are_rows_without_their_text(put: Put) -> None:
    data = b"\n".join([json.dumps(LISTEN).encode(), b'{"canary": ', b'{"canary": "\xff"}', json.dumps(LISTEN).encode()])
    form, blocks = read(Source(put("l.jsonl", data)), io.BytesIO(data), lambda: None)
    result = list(blocks)
    assert form.name == "listenbrainz"
    assert sum(block.frame.height for block in result) == 2
    assert [row["raw"] for block in result for row in block.broken.to_dicts()] == [None, None]


@pytest.mark.parametrize(
    "data", ["[]", "{}", '{"email": "x"}', '["a", 5]', "hello", "a,b,c\n1,2,3\n", '{"a": 1}\n{"b": 2}\n', "artist,track\nA,T\n"]
)
def test_what_is_no_history_is_refused_with_what_is_known(data: str, put: Put) -> None:
    with pytest.raises(NotAHistoryError, match="no listening history that is known here") as caught:
        opened(put, data, "odd.txt")
    assert "odd.txt: " in str(caught.value)
    assert KNOWN in str(caught.value)


def test_a_document_that_is_cut_off_at_its_beginning(put: Put) -> None:
    with pytest.raises(InputError, match=r"not JSON .*fetch or write the file again"):
        opened(put, '[{"ts": "2024')


def test_no_file_has_two_formats() -> None:
    """Of formats whose marks are part of another's, the one with more marks is asked first."""
    for place, form in enumerate(_FORMATS):
        assert not any(form.marks < other.marks for other in _FORMATS[place + 1 :]), form.name
