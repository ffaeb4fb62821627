"""One spelling for each id, for files, frames and :func:`recsys.build` alike."""

from __future__ import annotations

import polars as pl
import pytest

from recsys import Inputs, build
from recsys.errors import InputError
from recsys.ids import normalise
from recsys.tables import EVENTS
from tests.support.worlds import AS_OF

ID = "4uLU6hMCjMI75M1A2tKUQC"
MBID = "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("track", f"spotify:track:{ID}", ID),
        ("track", f"https://open.spotify.com/track/{ID}?si=x", ID),
        ("track", f"https://open.spotify.com/intl-de/track/{ID}", ID),
        ("track", f"https://musicbrainz.org/recording/{MBID.upper()}", MBID),
        ("track", MBID.upper(), MBID),
        ("track", f"SPOTIFY:track:{ID}", ID),
        ("track", f"spotify://track/{ID}", ID),
        ("track", f"https://play.spotify.com/track/{ID}", ID),
        ("track", f"urn:uuid:{MBID}", MBID),
        ("track", f"{{{MBID}}}", MBID),
        ("track", f"spotify:track:{ID}x", f"spotify:track:{ID}x"),
        ("track", "17.0", "17"),
        ("track", ID, ID),
        ("track", "a:b", "a:b"),
        ("track", "1.5", "1.5"),
        ("user", "17.0", "17"),
        ("user", " ann.0", " ann.0"),
        ("isrc", "us-aa1-76-00001", "USAA17600001"),
        ("isrc", "n/a", "n/a"),
        ("mbid", f"http://musicbrainz.org/recording/{MBID}", MBID),
        ("mbid", f"https://beta.musicbrainz.org/recording/{MBID}?x", MBID),
        ("mbid", f" mbid:{MBID.upper()}", MBID),
        ("mbid", MBID.replace("-", "").upper(), MBID),
        ("mbid", "c7d0bf6e", "c7d0bf6e"),
        ("spotify", f"spotify:track:{ID}", ID),
        ("date", "2011-02-03T00:00:00Z", "2011-02-03"),
        ("date", "2011/02/03", "2011-02-03"),
        ("date", "2011.0", "2011"),
        ("date", "soon", "soon"),
    ],
)
def test_spellings(kind: str, text: str, expected: str) -> None:
    assert normalise(kind, pl.Series("x", [text, None])).to_list() == [expected, None]
    assert normalise(kind, pl.Series("x", [expected])).to_list() == [expected]


def test_lists_of_ids() -> None:
    lists = pl.Series("x", [[f"spotify:track:{ID}", "a"], [], None])
    assert normalise("track", lists).to_list() == [[ID, "a"], [], None]
    assert normalise("track", pl.Series("x", [["a"]])).to_list() == [["a"]]


@pytest.mark.slow
def test_whole_numbers_of_a_float_column_are_ids() -> None:
    tracks = pl.DataFrame({"id": [1, 2, 3], "title": ["x", "y", "z"]})
    events = pl.DataFrame({"user_id": [7.0, 7.0, 8.0], "track_id": [1.0, 2.0, 1.0], "type": ["like"] * 3})
    tables = build(Inputs(tracks=tracks, events=events), as_of=AS_OF)
    assert tables["ratings"].select("user_id", "track_id").rows() == [("7", "1"), ("7", "2"), ("8", "1")]
    assert not tables["profiles"].filter(pl.col("user_id") != "*")["cold"].any()
    with pytest.raises(InputError, match=r"events\.track_id: row 1 is 1\.5, a whole number or a text is required"):
        Inputs(tracks=tracks, events=events.with_columns(track_id=pl.Series([1.0, 1.5, 2.0])))


@pytest.mark.slow
def test_links_and_ids_meet_in_a_run() -> None:
    tracks = pl.DataFrame({"id": [ID, "b"], "title": ["x", "y"]})
    events = pl.DataFrame({"user_id": ["u"], "track_id": [f"spotify:track:{ID}"], "type": ["like"]})
    controls = pl.DataFrame({"user_id": ["u"], "excluded_tracks": [[f"https://open.spotify.com/track/{ID}"]]})
    tables = build(Inputs(tracks=tracks, events=events, controls=controls), as_of=AS_OF)
    assert tables["ratings"]["track_id"].to_list() == [ID]
    assert tables["controls"]["excluded_tracks"].to_list() == [[ID]]


def test_the_listener_without_a_history_has_no_events() -> None:
    with pytest.raises(InputError, match=r"events\.user_id: row 0 is \*, which stands for a listener without a history"):
        Inputs(events=EVENTS.conform(pl.DataFrame({"user_id": ["*"], "track_id": ["a"], "type": ["like"]})))
