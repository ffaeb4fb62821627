from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from recsys.errors import InputError
from recsys.providers.musicbrainz.canonical import CanonicalDump

HEADER = (
    "id,artist_credit_id,artist_mbids,artist_credit_name,release_mbid,release_name,"
    "recording_mbid,recording_name,combined_lookup,score"
)
LINES = [
    '1,5,"{a1,a2}",Beyoncé & Jay-Z,rel1,Album,rec-late,Déjà Vu,x,900',
    '2,5,"{a1,a2}",Beyoncé & Jay-Z,rel2,Album,rec-best,Déjà Vu,x,12',
    '3,5,"{a1,a2}",Beyoncé & Jay-Z,rel2,Album,rec-also,Déjà Vu!,x,12',
    "4,6,{b1},Sunn O))),rel3,Live,rec-sunn,Big Church,x,3",
]
ROWS = [
    {"id": "1", "title": "deja vu", "artist": "BEYONCE & jay z"},
    {"id": "2", "title": "Big Church", "artist": "Sunn O)))"},
    {"id": "3", "title": "Unknown", "artist": "Nobody"},
]


@pytest.mark.parametrize("packed", [False, True])
def test_tracks_are_found_without_accents_case_or_signs(tmp_path: Path, packed: bool) -> None:
    text = "\n".join([HEADER, *LINES]).encode()
    path = tmp_path / ("dump.csv.gz" if packed else "dump.csv")
    path.write_bytes(gzip.compress(text) if packed else text)
    listing = CanonicalDump(path).enrich(ROWS)
    assert {facts.id: facts.fields["mbid"] for facts in listing.facts} == {"1": "rec-also", "2": "rec-sunn"}
    assert listing.facts[0].decision == {"by": "canonical", "score": 1.0, "recordings": ["rec-also"], "artists": ["a1", "a2"]}
    assert [(skip.name, skip.code) for skip in listing.skipped] == [("3", "no_match")]


def test_versions_and_artists_are_told_apart(tmp_path: Path) -> None:
    lines = [
        "1,1,{a},Art,rel,A,rec-art,of Noise Moments,x,1",
        "2,2,{b},The Beatles,rel,A,rec-live,Help! (live),x,1",
        "3,2,{b},The Beatles,rel,A,rec-help,Help!,x,9",
        '4,3,"{c,d}",Daft Punk feat. Pharrell Williams,rel,A,rec-lucky,Get Lucky,x,1',
    ]
    (tmp_path / "dump.csv").write_text("\n".join([HEADER, *lines]))
    rows = [
        {"id": "1", "title": "Moments", "artist": "Art of Noise"},
        {"id": "2", "title": "Help! - Remastered 2009", "artist": "Beatles"},
        {"id": "3", "title": "Get Lucky (feat. Pharrell Williams) [Radio Edit]", "artist": "Daft Punk"},
        {"id": "4", "title": "Get Lucky (feat. Pharrell Williams)", "artist": "Daft Punk"},
        {"id": "5", "title": "Help! - Live", "artist": "The Beatles"},
    ]
    dump = CanonicalDump(tmp_path / "dump.csv")
    listing = dump.enrich(rows)
    assert {facts.id: facts.fields["mbid"] for facts in listing.facts} == {"2": "rec-help", "4": "rec-lucky", "5": "rec-live"}
    assert dump.chunk > 10**6


def test_no_rows_need_no_file_content(tmp_path: Path) -> None:
    (tmp_path / "dump.csv").touch()
    assert CanonicalDump(tmp_path / "dump.csv").enrich([]).facts == []


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        CanonicalDump(tmp_path / "absent.csv")
    (tmp_path / "dump.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="canonical data"):
        CanonicalDump(tmp_path / "dump.csv").enrich(ROWS)
