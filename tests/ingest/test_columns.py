"""Column names of table files."""

from __future__ import annotations

import pytest

from recsys.errors import InputError, UsageError
from recsys.ingest import ingest
from recsys.ingest.columns import Header
from recsys.lake import Lake
from recsys.tables import EVENTS, INPUTS, TABLES, TRACKS, Table
from tests.ingest.conftest import Put


def header(table: Table = EVENTS, **columns: str) -> Header:
    return Header.of(table, columns, {}).fresh([])


@pytest.mark.parametrize("name", INPUTS)
def test_the_contract_itself_fits(name: str) -> None:
    names = TABLES[name].names[::-1]
    assert header(TABLES[name]).read("f", names, nested=False) == names


def test_other_names_of_a_column() -> None:
    assert header(TRACKS).read("f", ["title", "track_id"], nested=False) == ["title", "id"]
    assert header().read("f", ["User_ID", " TRACK_ID", "type"], nested=False) == ["user_id", "track_id", "type"]
    assert header(TRACKS, id="uri", title="What").read("f", ["uri", "What"], nested=False) == ["id", "title"]


def test_the_numbers_of_pandas_rows_are_ignored() -> None:
    for name in ("__index_level_0__", "Unnamed: 0", ""):
        result = header()
        assert result.read("f", [name, *EVENTS.names], nested=False)[1:] == EVENTS.names
        assert (len(result.dropped), len(result.ignored)) == (1, 1)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["user_id", "track", "type"],
            "f: 'track' is not a column, did you mean 'track_id'.; column 'track_id' is required in events; ",
        ),
        (
            ["user_id", "track_id", "type", "zebra", "yak"],
            "f: 'zebra' is not a column; 'yak' is not a column; rename it, drop it",
        ),
        (
            ["user_id", "track_id", "type", *"abcdef"],
            "f: 'a' is not a column; .*; 'd' is not a column; 2 more are not columns; rename",
        ),
        (["id", "title", "artist"], "f: these are columns of tracks, not of events; try:  recsys ingest tracks PATH"),
        (["user_id", "type"], "f: column 'track_id' is required in events; .* There: 'user_id', 'type'"),
        (["user_id", "track_id", "type", "type"], "f: column 'type' is there twice"),
        (["user_id", "", "track_id", "type"], "f: column 2 has no name"),
    ],
)
def test_refused(names: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        header().read("f", names, nested=False)


def test_what_cannot_be_said() -> None:
    with pytest.raises(UsageError, match="'titel' is not a column; did you mean 'title'"):
        Header.of(TRACKS, {"titel": "x"}, {})
    with pytest.raises(UsageError, match="--scale title=100: a number column"):
        Header.of(TRACKS, {}, {"title": 100})


KAGGLE = """,track_id,artists,album_name,track_name,popularity,explicit,track_genre,mystery
0,a,Artist A;Artist B,Al,Song A,73,False,acoustic,x
1,b,"['Artist C', ""D's""]",Al,Song C,100,True,pop,y
"""
EXPORTIFY = """Track URI,Track Name,Artist Name(s),Album Name,Album Release Date,Track Duration (ms),Popularity,Added By
spotify:track:0AbCdEfGhIjKlMnOpQrSt1,Song,"Ada, Bo",Al,2011-02-03,200000,50,me
"""


def test_tables_that_people_have(lake: Lake, put: Put) -> None:
    (report,) = ingest(lake, "tracks", [put("dataset.csv", KAGGLE)])
    assert report.note == "ignored: column 1, without a name, mystery"
    tracks = lake.input("tracks").select("id", "title", "artists", "album", "genres", "popularity", "explicit")
    assert tracks.rows() == [
        ("a", "Song A", ["Artist A", "Artist B"], "Al", ["acoustic"], 0.73, False),
        ("b", "Song C", ["Artist C", "D's"], "Al", ["pop"], 1.0, True),
    ]
    (report,) = ingest(lake, "tracks", [put("liked.csv", EXPORTIFY)])
    last = lake.input("tracks").row(-1, named=True)
    assert (last["id"], last["artists"], last["release_date"]) == ("0AbCdEfGhIjKlMnOpQrSt1", ["Ada, Bo"], "2011-02-03")
    assert (last["duration_ms"], last["popularity"]) == (200_000, 0.5)
    assert report.note == (
        "ignored: Added By; artists: 1 with a comma, which separates in a run unless "
        "the catalogue has the whole as a name; | or ; always does"
    )


def test_names_and_scales_that_the_caller_says(lake: Lake, put: Put) -> None:
    path = put("mine.csv", "key,what,heard\na,Song,50\nb,Other,500\n")
    said = {"columns": {"id": "key", "title": "what", "popularity": "heard"}, "scale": {"popularity": 200.0}}
    (report,) = ingest(lake, "tracks", [path], **said)
    assert (report.kept, dict(report.causes)) == (1, {"range": 1})
    assert lake.input("tracks").select("id", "title", "popularity").rows() == [("a", "Song", 0.25)]


def test_columns_that_folders_name(lake: Lake, put: Put) -> None:
    folder = put("in/user_id=u1/x.csv", "track_id,type\na,play\n").parent.parent
    put("in/user_id=u2/x.csv", "track_id,type\na,play\n")
    ingest(lake, "events", [folder])
    assert lake.input("events").select("user_id", "track_id").rows() == [("u1", "a"), ("u2", "a")]
    with pytest.raises(InputError, match="column 'user_id' is required"):  # a path alone says nothing
        ingest(lake, "events", [folder / "user_id=u1" / "x.csv"])


def test_a_line_that_names_the_separator(lake: Lake, put: Put) -> None:
    ingest(lake, "events", [put("e.csv", "sep=;\nuser_id;track_id;type\nu;a,b;play\n")])
    assert lake.input("events")["track_id"].to_list() == ["a,b"]


def test_several_names_in_one_text_are_split_or_reported(lake: Lake, put: Put) -> None:
    rows = 'id,title,artist,artists,genres\na,A,X,"X, Y","rock; pop"\nb,B,X,"[""X, Y""]","a, b; c"\nc,C,X,"Z, Y","folk, pop"\n'
    (report,) = ingest(lake, "tracks", [put("t.csv", rows)])
    assert lake.input("tracks")["genres"].to_list() == [["rock", "pop"], ["a, b", "c"], ["folk, pop"]]
    assert report.note == (
        "artists: 2 with a comma, which separates in a run unless the catalogue has the whole as a name; | or ; always does; "
        "genres: 1 with a comma, which separates in a run; | or ; always does"
    )


def test_a_table_with_name_and_artists_is_a_well_known_one_too(lake: Lake, put: Put) -> None:
    rows = "name,year,artists,id,danceability,popularity\nOne,1921,\"['A', 'B']\",x,0.5,57\n"
    (report,) = ingest(lake, "tracks", [put("data.csv", rows)])
    assert report.note == "ignored: year"
    assert lake.input("tracks").select("id", "title", "artists", "popularity").row(0) == ("x", "One", ["A", "B"], 0.57)


def test_words_in_capitals_are_read_and_counted(lake: Lake, put: Put) -> None:
    rows = ["user_id,track_id,type", "u,a,PLAY", "u,b, Like ", "u,c,skip", "u,d,listen"]
    (done,) = ingest(lake, "events", [put("e.csv", "\n".join(rows))])
    assert lake.input("events")["type"].to_list() == ["play", "like", "skip"]
    assert (done.rows_read, done.kept, done.causes) == (4, 3, {"allowed": 1})
    assert done.note == "type: 2 in capitals or with spaces, read without"
    lines = put("e.jsonl", '{"user_id":"u","track_id":"a","type":"Hide"}')
    assert [one.note for one in ingest(lake, "events", [lines])] == ["type: 1 in capitals or with spaces, read without"]
    assert ingest(lake, "events", [put("f.csv", "user_id,track_id,type\nu,a,play")])[0].note == ""


def test_lengths_that_may_be_seconds_are_noted(lake: Lake, put: Put) -> None:
    (done,) = ingest(lake, "tracks", [put("t.csv", "id,duration_ms\na,210\nb,NA\nc,x\n")])
    assert done.note == "duration_ms: at most 210; if it counts seconds, give milliseconds"
    (done,) = ingest(lake, "events", [put("e.csv", "user_id,track_id,type,completed_ms\nu,a,skip,900\nu,a,play,210000\n")])
    assert done.note == ""


def test_decimal_commas_between_semicolons(lake: Lake, put: Put) -> None:
    ingest(lake, "tracks", [put("t.csv", "id;artist;energy;loudness\na;1,5;0,25;-7,5\nb;x;0.5;-60\n")])
    assert lake.input("tracks").select("artist", "energy", "loudness").rows() == [("1,5", 0.25, -7.5), ("x", 0.5, -60.0)]
    with pytest.raises(InputError, match=r"energy is 0,25"):
        ingest(lake, "tracks", [put("u.csv", 'id,energy\na,"0,25"\n')])


def test_columns_between_bars_are_named(lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match=r"t\.csv: columns are separated by \|; write the table with commas"):
        ingest(lake, "tracks", [put("t.csv", "id|title\na|One\n")])


def test_an_empty_part_of_a_folder_is_no_fault(lake: Lake, put: Put) -> None:
    put("in/part-0.csv", "")
    folder = put("in/part-1.csv", "id,title\na,One\n").parent
    assert [(done.rows_read, done.note) for done in ingest(lake, "tracks", [folder])] == [(0, "empty; left alone"), (1, "")]
    with pytest.raises(InputError, match="the file is empty"):
        ingest(lake, "tracks", [folder / "part-0.csv"])
