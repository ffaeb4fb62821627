from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import InputError
from recsys.providers.musicbrainz.dump import _TABLES, DatabaseDump

FILES = {
    "recording": ["1\tm-1\tHelp!\t5\t139000\t\t0", "2\tm-2\tHelp!\t5\t140000\tlive\t0", "3\tm-3\tSomething\t5\t182000\t\t0"],
    "isrc": ["1\t1\tGBAYE0601477\t\\N\t0", "2\t2\tGBAYE0601477\t\\N\t0", "3\t1\tGBAYE0000001\t\\N\t0"],
    "artist_credit": ["5\tThe Beatles\t1"],
    "tag": ["7\trock\t9", "8\tseen live\t9", "9\tpop\t9"],
    "recording_tag": ["1\t7\t3\t2020", "1\t8\t9\t2020", "1\t9\t5\t2020", "3\t7\t0\t2020"],
    "genre": ["1\tg1\trock", "2\tg2\tpop"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mbdump").mkdir()
    for name, lines in FILES.items():
        (tmp_path / "mbdump" / name).write_text("\n".join(lines) + "\n")
    return tmp_path


def test_ids_by_isrc_and_genres_of_recordings(folder: Path) -> None:
    rows = [
        {"id": "a", "title": "Help! - Remastered", "artist": "The Beatles", "isrc": "GBAYE0601477", "duration_ms": 139_000},
        {"id": "b", "mbid": "m-3"},
        {"id": "c", "title": "Come Together", "artist": "The Beatles", "isrc": "GBAYE0601477"},
        {"id": "d", "mbid": "m-9"},
    ]
    listing = DatabaseDump(folder).enrich(rows)
    fields = {facts.id: dict(facts.fields) for facts in listing.facts}
    assert (fields["a"]["mbid"], fields["a"]["isrc"], fields["a"]["genres"]) == ("m-1", "GBAYE0000001", ["pop", "rock"])
    assert (fields["b"]["title"], fields["b"]["isrc"], fields["b"]["genres"]) == ("Something", None, None)
    assert [skip.name for skip in listing.skipped] == ["c", "d"]
    assert DatabaseDump(folder).chunk > 10**6


def test_missing_and_wrong_files_are_named(folder: Path) -> None:
    with pytest.raises(InputError, match="no file recording"):
        DatabaseDump(folder / "nowhere")
    for name in _TABLES:
        (folder / "mbdump" / name).write_bytes(b"\x00\xff")
    with pytest.raises(InputError, match="database dump"):
        DatabaseDump(folder).enrich([{"id": "a", "mbid": "m-1"}])
