"""A list as a playlist file: JSPF, XSPF, M3U, CSV or JSON, each track with the reason it is there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from recsys.text import cell, one_line, printable

_Row = Mapping[str, Any]

PLAYLIST_COLUMNS = (
    "rank", "track_id", "title", "artist", "album", "duration_ms", "isrc", "mbid", "spotify_id", "score", "reason_code", "reason",
    "source",
)  # fmt: skip
"""What every format is made from; any but rank, track_id, score and the reasons may be None."""


@dataclass(frozen=True)
class Playlist:
    """One list: ``rows`` are mappings with :data:`COLUMNS`, in order of rank."""

    user_id: str
    name: str
    run: str
    as_of: datetime
    rows: Sequence[_Row]
    paths: Mapping[str, str] = field(default_factory=dict)
    """Track id → file, for players."""

    @property
    def title(self) -> str:
        """What a player shows."""
        return f"{self.name} for {self.user_id}"


def jspf(playlist: Playlist) -> str:
    """JSON Shareable Playlist Format (https://xspf.org/jspf): the reason is the track's annotation, times are in ms."""
    body = {
        "title": playlist.title,
        "creator": "recsys",
        "date": playlist.as_of.isoformat(),
        "annotation": f"list {playlist.name} of run {playlist.run}",
        "track": [_jspf_track(row) for row in playlist.rows],
    }
    return json.dumps({"playlist": body}, ensure_ascii=False, indent=1) + "\n"


def _jspf_track(row: _Row) -> dict[str, Any]:
    fields = {
        "identifier": identifiers(row),
        "title": row["title"] or row["track_id"],
        "creator": row["artist"],
        "album": row["album"],
        "trackNum": row["rank"],
        "duration": row["duration_ms"],
        "annotation": row["reason"],
    }
    return {name: value for name, value in fields.items() if value is not None}


def identifiers(row: _Row) -> list[str]:
    """Addresses that name the recording anywhere, the surest first, then the id it has here."""
    known = (
        ("https://musicbrainz.org/recording/", row["mbid"]),
        ("spotify:track:", row["spotify_id"]),
        ("urn:isrc:", row["isrc"]),
        ("urn:recsys:track:", row["track_id"]),
    )
    return [f"{scheme}{one_line(name)}" for scheme, name in known if name]


def m3u(playlist: Playlist) -> str:
    """Extended M3U in UTF-8: seconds, artist and title, the reason as a comment, and what a player opens: the file in ``paths``,
    else the track's page at a provider. A track with neither stays a comment."""
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(playlist.title)}"]
    for row in playlist.rows:
        seconds = -1 if row["duration_ms"] is None else round(row["duration_ms"] / 1000)
        named = " - ".join(one_line(part) for part in (row["artist"], row["title"] or row["track_id"]) if part)
        place = location(playlist, row)
        reason = f"# {one_line(row['reason'])}"
        lines += [f"#EXTINF:{seconds},{named}", reason, place] if place else [f"# no file or page: {named}", reason]
        lines.append(f"# {one_line(row['track_id'])}")
    return "\n".join(lines) + "\n"


def location(playlist: Playlist, row: _Row) -> str | None:
    """Where a player finds the track: a file, or its page at Spotify or MusicBrainz."""
    if row["track_id"] in playlist.paths:
        return one_line(playlist.paths[row["track_id"]])
    if row["spotify_id"]:
        return f"https://open.spotify.com/track/{row['spotify_id']}"
    return f"https://musicbrainz.org/recording/{row['mbid']}" if row["mbid"] else None


def xspf(playlist: Playlist) -> str:
    """XML Shareable Playlist Format (https://xspf.org), the same as JSPF in XML."""
    root = Element("playlist", version="1", xmlns="http://xspf.org/ns/0/")
    SubElement(root, "title").text = printable(playlist.title)
    SubElement(root, "creator").text = "recsys"
    SubElement(root, "annotation").text = printable(f"list {playlist.name} of run {playlist.run}")
    SubElement(root, "date").text = playlist.as_of.isoformat()
    tracks = SubElement(root, "trackList")
    for row in playlist.rows:
        track = SubElement(tracks, "track")
        if place := location(playlist, row):
            SubElement(track, "location").text = printable(place)
        for name in identifiers(row):
            SubElement(track, "identifier").text = printable(name)
        fields = {key: value for key, value in _jspf_track(row).items() if key != "identifier"}
        for key in ("title", "creator", "annotation", "album", "trackNum", "duration"):
            if key in fields:
                SubElement(track, key).text = printable(str(fields[key]))
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _listenbrainz(playlist: Playlist) -> str:
    """JSPF as ListenBrainz takes it: tracks by MusicBrainz recording; the others are left out."""
    rows = [row for row in playlist.rows if row["mbid"]]
    body = json.loads(jspf(replace(playlist, rows=rows)))
    for track in body["playlist"]["track"]:
        track["identifier"] = track["identifier"][:1]
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def comma_separated(playlist: Playlist) -> str:
    """One line per track with :data:`COLUMNS` as header; no cell is a formula to a spreadsheet."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(PLAYLIST_COLUMNS)
    writer.writerows([cell(row[name]) for name in PLAYLIST_COLUMNS] for row in playlist.rows)
    return page.getvalue()


def plain_json(playlist: Playlist) -> str:
    """The list with its listener, run and rows."""
    rows = [{name: row[name] for name in PLAYLIST_COLUMNS} for row in playlist.rows]
    head = {"user_id": playlist.user_id, "list": playlist.name, "run": playlist.run, "as_of": playlist.as_of.isoformat()}
    return json.dumps({**head, "rows": rows}, ensure_ascii=False, indent=1) + "\n"


FORMATS: dict[str, Callable[[Playlist], str]] = {
    "jspf": jspf, "xspf": xspf, "m3u": m3u, "listenbrainz": _listenbrainz, "csv": comma_separated, "json": plain_json,
}  # fmt: skip
"""Format → how to write it."""
