"""What people reported of providers, played by a server on this machine and asked through the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys import Lake
from recsys.providers.settings import _NAMES
from tests.cli.conftest import Recsys
from tests.providers.spotify_answers import dev, ident
from tests.support.outside import Outside, entries

pytestmark = pytest.mark.slow  # whole runs

PLAYLIST = f"spotify:playlist:{ident(90)}"


@pytest.fixture(scope="module")
def server() -> Iterator[Outside]:
    with Outside().running() as running:
        yield running


@pytest.fixture
def outside(server: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Outside:
    """The server in every provider's place, with a world of its own."""
    server.reset()
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**server.environment, "SPOTIFY_TOKEN_FILE": str(tmp_path / "login.json"), "SPOTIFY_WORKERS": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROVIDER_LIMITS_FILE", str(tmp_path / "limits.sqlite"))
    return server


def account(recsys: Recsys, *arguments: str) -> tuple[int, dict[str, int], dict[str, object]]:
    """Exit code, the account's numbers, and the whole answer; the numbers must add up."""
    answer = recsys(*arguments, "--format", "json")
    whole = json.loads(answer.out)
    numbers = {name: whole[name] for name in ("imported", "updated", "unchanged", "skipped", "failed", "not_asked")}
    assert whole["asked"] == sum(numbers.values())
    return answer.code, {name: number for name, number in numbers.items() if number}, whole


class TestAccount:
    def test_every_source_failed(self, outside: Outside, recsys: Recsys) -> None:
        outside.rule("GET /sp/playlists", 403, {"error": {"status": 403, "message": "Forbidden"}})
        assert account(recsys, "import", "spotify", PLAYLIST)[:2] == (7, {"failed": 1})
        assert account(recsys, "import", "spotify", f"spotify:album:{ident(10**6)}")[:2] == (7, {"failed": 1})
        assert account(recsys, "import", "spotify", ident(10**6))[:2] == (7, {"skipped": 1})
        assert Lake("data/lake").rejects().select("code", "raw").rows() == [
            ("failed", PLAYLIST), ("failed", f"spotify:album:{ident(10**6)}"), ("unknown", ident(10**6)),
        ]  # fmt: skip

    def test_a_list_that_is_cut_short(self, outside: Outside, recsys: Recsys) -> None:
        outside.lists[f"/playlists/{ident(90)}"] = entries(*range(1, 236))
        outside.rule("GET /sp/playlists.*offset=100", body="<html>")
        code, numbers, whole = account(recsys, "import", "spotify", PLAYLIST)
        assert (code, numbers) == (7, {"imported": 100, "not_asked": 135})
        assert "HTML" in str(whole["shortfall"])
        receipt = json.loads((Lake("data/lake").batches("tracks")[0].path / "receipt.json").read_text())
        assert receipt["account"] == {"asked": 235, "updated": 0, "unchanged": 0, "skipped": 0, "failed": 0, **numbers}

    def test_a_block_in_the_middle(self, outside: Outside, recsys: Recsys) -> None:
        outside.rule("GET /sp/tracks/", 429, "Too many requests", headers={"Retry-After": "86236"}, after=4)
        links = [ident(number) for number in range(1, 21)]
        assert account(recsys, "import", "spotify", *links)[:2] == (7, {"imported": 4, "not_asked": 16})
        assert account(recsys, "import", "spotify", PLAYLIST, *links)[:2] == (7, {"unchanged": 4, "not_asked": 17})

    def test_entries_that_are_no_tracks_are_rejects_with_their_place(self, outside: Outside, recsys: Recsys) -> None:
        episode = {"item": {"type": "episode", "name": "Talk", "id": "e"}}
        outside.lists[f"/playlists/{ident(90)}"] = [episode, {"item": None}, {"is_local": True, "item": dev(1, id=None)}]
        assert account(recsys, "import", "spotify", PLAYLIST)[:2] == (0, {"skipped": 3})
        rejects = Lake("data/lake").rejects()
        assert rejects.select("line", "code").rows() == [(1, "episode"), (2, "unavailable"), (3, "local_file")]
        assert "Talk" in rejects["raw"][0]
        again = account(recsys, "import", "spotify", PLAYLIST)
        assert (again[2]["batches"], Lake("data/lake").rejects().height) == ([], 3)

    def test_a_plain_text_refusal_is_read_and_teaches_nothing(self, outside: Outside, recsys: Recsys) -> None:
        outside.rule("/sp/", 403, "User not registered in the Developer Dashboard")
        code, numbers, whole = account(recsys, "import", "spotify", ident(1), ident(2), ident(3))
        assert (code, numbers) == (7, {"not_asked": 3})
        assert "user list" in str(whole["shortfall"])
        status = json.loads(recsys("providers", "--format", "json").out)
        assert [one["refused"] for one in status if one["name"] == "spotify"] == [[]]
        assert outside.count("GET /sp") == 1

    def test_what_an_enricher_does_not_know_is_in_rejects(self, outside: Outside, recsys: Recsys) -> None:
        recsys("import", "spotify", ident(1), ident(2))
        outside.rule("GET /rb", body={"content": [{"href": f"x/{ident(1)}", "energy": 0.4}]})
        assert account(recsys, "enrich", "audio", "--all")[:2] == (0, {"updated": 1, "skipped": 1})
        assert Lake("data/lake").rejects().select("source", "code").rows() == [("reccobeats", "unknown")]


class TestPolite:
    def test_a_token_server_that_is_down_is_asked_four_times(self, outside: Outside, recsys: Recsys) -> None:
        outside.rule("POST /acc", 503)
        assert account(recsys, "import", "spotify", *[ident(number) for number in range(1, 31)])[:2] == (7, {"not_asked": 30})
        assert (outside.count("POST /acc"), outside.count("GET /sp")) == (4, 0)

    def test_a_refused_secret_is_sent_once(self, outside: Outside, recsys: Recsys, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SPOTIFY_WORKERS", "8")
        outside.rule("POST /acc", 400, {"error": "invalid_client"})
        assert account(recsys, "import", "spotify", *[ident(number) for number in range(1, 31)])[:2] == (7, {"not_asked": 30})
        assert outside.count("POST /acc") == 1

    def test_one_odd_id_in_a_batch_costs_nobody_else(self, outside: Outside, recsys: Recsys) -> None:
        outside.batches = True
        odd = ident(13)
        outside.rule(f"GET /sp/tracks.ids=.*{odd}", 400, {"error": {"status": 400, "message": "Invalid base62 id"}})
        links = [ident(number) for number in range(1, 51)]
        assert account(recsys, "import", "spotify", *links)[:2] == (7, {"imported": 49, "failed": 1})
        assert "Invalid base62 id" in Lake("data/lake").rejects()["reason"][0]

    def test_one_odd_item_in_an_answer_costs_nobody_else(self, outside: Outside, recsys: Recsys) -> None:
        tracks = [dev(1), {"id": {"odd": 1}}, None, dev(4)]
        outside.rule("GET /sp/tracks.ids=", body={"tracks": tracks})
        links = [ident(number) for number in range(1, 5)]
        assert account(recsys, "import", "spotify", *links)[:2] == (7, {"imported": 2, "skipped": 1, "failed": 1})
        outside.lists[f"/playlists/{ident(90)}"] = [{"item": {"artists": "odd"}}, *entries(1, 2, 3)]
        assert account(recsys, "import", "spotify", PLAYLIST)[1] == {"imported": 2, "unchanged": 1, "failed": 1}

    def test_names_in_paths_are_quoted(self, outside: Outside, recsys: Recsys) -> None:
        outside.listens["a/b?c"] = []
        assert recsys("import", "listenbrainz", "a/b?c").code == 0
        assert outside.count(r"/1/user/a%2Fb%3Fc/listens") == 1

    def test_calls_may_be_bounded(self, outside: Outside, recsys: Recsys) -> None:
        links = [ident(number) for number in range(1, 11)]
        code, numbers, whole = account(recsys, "import", "spotify", *links, "--calls", "6")
        assert (code, numbers["imported"] + numbers["not_asked"], len(outside.requests)) == (7, 10, 6)
        assert "budget of 6 calls" in str(whole["shortfall"])
        assert account(recsys, "import", "spotify", *links)[0] == 0


class TestFresh:
    def test_lists_are_asked_anew_and_items_are_not(
        self,
        outside: Outside,
        recsys: Recsys,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        monkeypatch.delenv("SPOTIFY_CLIENT_SECRET")
        (tmp_path / "login.json").write_text('{"client_id": "app", "refresh_token": "canary-refresh"}')
        outside.lists["/me/tracks"] = entries(*range(1, 61))
        assert account(recsys, "import", "spotify", "me:tracks")[1] == {"imported": 60}
        outside.lists["/me/tracks"] = entries(*range(1, 66))
        assert account(recsys, "import", "spotify", "me:tracks")[1] == {"imported": 5, "unchanged": 60}

    def test_a_playlist_that_did_not_change_is_asked_once(self, outside: Outside, recsys: Recsys) -> None:
        outside.lists[f"/playlists/{ident(90)}"] = entries(*range(1, 61))
        outside.rule("GET /sp/playlists/[0-9]+.fields=snapshot", body={"snapshot_id": "v1"})
        assert account(recsys, "import", "spotify", PLAYLIST)[1] == {"imported": 60}
        assert account(recsys, "import", "spotify", PLAYLIST)[1] == {"unchanged": 60}
        assert outside.count("/items") == 2
        assert account(recsys, "import", "spotify", PLAYLIST, "--refresh")[1] == {"unchanged": 60}
        assert outside.count("/items") == 4

    def test_a_list_that_cannot_be_asked_anew_is_said_to_be_old(self, outside: Outside, recsys: Recsys) -> None:
        outside.lists[f"/playlists/{ident(90)}"] = entries(1, 2)
        recsys("import", "spotify", PLAYLIST)
        outside.rule("GET /sp/playlists/", 500)
        code, numbers, whole = account(recsys, "import", "spotify", PLAYLIST)
        assert (code, numbers) == (7, {"unchanged": 2})
        assert "as it was when it was read last" in str(whole["shortfall"])

    def test_questions_without_an_answer_wait(self, outside: Outside, recsys: Recsys) -> None:
        recsys("import", "spotify", ident(1), ident(2))
        outside.rule("GET /rb", body={"content": []})
        assert account(recsys, "enrich", "audio", "--all")[1] == {"skipped": 2}
        recsys("import", "spotify", ident(3))
        outside.rules.clear()
        code, numbers, whole = account(recsys, "enrich", "audio", "--all")
        assert (code, numbers) == (0, {"updated": 1})
        assert "no answer before for 2 tracks" in str(whole["notes"])
        assert account(recsys, "enrich", "audio", "--all", "--force")[1]["updated"] == 2


class TestWebPlayer:
    @pytest.fixture(autouse=True)
    def player(self, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SPOTIFY_WEBPLAYER", "1")
        monkeypatch.delenv("SPOTIFY_CLIENT_ID")
        monkeypatch.delenv("SPOTIFY_CLIENT_SECRET")
        outside.lists[f"/playlists/{ident(90)}"] = entries(*range(1, 56))

    def test_it_is_off_unless_it_is_turned_on(self, outside: Outside, recsys: Recsys, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SPOTIFY_WEBPLAYER")
        answer = recsys("import", "spotify", PLAYLIST)
        assert (answer.code, "SPOTIFY_WEBPLAYER=1" in answer.err, outside.requests) == (7, True, [])

    def test_an_outdated_query_is_named_and_the_embed_page_is_no_whole_list(self, outside: Outside, recsys: Recsys) -> None:
        outside.rotated = {"fetchPlaylist", "searchDesktop"}
        code, numbers, whole = account(recsys, "import", "spotify", PLAYLIST)
        assert (code, numbers) == (7, {"imported": 50, "not_asked": 1})
        assert "fetchPlaylist has changed; put its new hash into SPOTIFY_WEBPLAYER_HASHES" in str(whole["shortfall"])
        search = recsys("search", "foo")
        assert (search.code, "searchDesktop" in search.err) == (7, True)

    def test_errors_in_an_answer_are_no_ignorance(self, outside: Outside, recsys: Recsys) -> None:
        broken = {"errors": [{"message": "Internal server error"}], "data": {"trackUnion": None}}
        outside.rule("/path", body=broken)
        outside.rule("/open/embed/track/0+[2-9]", 500)
        code, numbers, whole = account(recsys, "import", "spotify", ident(1), ident(2))
        assert (code, numbers) == (7, {"imported": 1, "failed": 1})
        assert "Internal server error" in str(whole["notes"])
        outside.rules.clear()
        assert account(recsys, "import", "spotify", ident(1), ident(2))[:2][1]["imported"] == 1

    def test_the_second_endpoint_is_asked_by_post(
        self, outside: Outside, recsys: Recsys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SPOTIFY_PATHFINDER_URL", f"{outside.address}/path/v2/query")
        assert account(recsys, "import", "spotify", PLAYLIST)[:2] == (0, {"imported": 55})
        assert (outside.count("POST /path/v2/query"), outside.count("GET /path")) == (2, 0)

    def test_it_reads_public_lists_that_official_access_may_not_see(
        self, outside: Outside, recsys: Recsys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SPOTIFY_CLIENT_ID", "app")
        monkeypatch.setenv("SPOTIFY_CLIENT_SECRET", "canary-secret")
        outside.rule("GET /sp/playlists", 403, {"error": {"status": 403, "message": "Forbidden"}})
        code, numbers, whole = account(recsys, "import", "spotify", PLAYLIST)
        assert (code, numbers) == (0, {"imported": 55})
        assert "read through Spotify's web player" in str(whole["notes"])


class TestLibrary:
    @pytest.fixture(autouse=True)
    def login(self, outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        outside.lists.clear()
        monkeypatch.delenv("SPOTIFY_CLIENT_SECRET")
        (tmp_path / "login.json").write_text('{"client_id": "app", "refresh_token": "canary-refresh"}')

    def test_likes_plays_and_saves_become_events_each_once(self, outside: Outside, recsys: Recsys) -> None:
        outside.lists["/me/tracks"] = [{"added_at": "2025-02-02T00:00:00Z", "track": dev(number)} for number in (1, 2)]
        plays = [{"played_at": f"2026-01-01T00:0{minute}:00.000Z", "track": dev(3)} for minute in range(3)]
        outside.lists["/me/player/recently-played"] = plays
        outside.lists["/me/playlists"] = [{"id": ident(90), "name": "Mine"}]
        outside.lists[f"/playlists/{ident(90)}"] = [{"added_at": "2024-05-05T00:00:00Z", "item": dev(4)}]
        parts = ("me:liked", "me:recent", "me:playlists")
        code, _, whole = account(recsys, "import", "spotify", *parts, "--user", "ann")
        assert (code, whole["imported"], whole["events"]) == (0, 4, 6)
        events = Lake("data/lake").input("events").sort("occurred_at")
        assert events.select("type", "track_id").rows() == [
            ("save", ident(4)), ("like", ident(1)), ("like", ident(2)), *[("play", ident(3))] * 3,
        ]  # fmt: skip
        outside.lists["/me/player/recently-played"] = [{"played_at": "2026-01-02T00:00:00Z", "track": dev(1)}, *plays]
        assert account(recsys, "import", "spotify", *parts, "--user", "ann")[2]["events"] == 1

    def test_what_others_put_into_a_list_is_no_event(self, outside: Outside, recsys: Recsys) -> None:
        outside.lists[f"/playlists/{ident(90)}"] = [{"added_at": "2024-05-05T00:00:00Z", "item": dev(4)}]
        assert account(recsys, "import", "spotify", PLAYLIST, "--user", "ann")[2]["events"] == 0

    def test_only_what_came_since(self, outside: Outside, recsys: Recsys) -> None:
        moments = ("2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
        outside.lists["/me/tracks"] = [{"added_at": at, "track": dev(number)} for number, at in enumerate(moments, 1)]
        whole = account(recsys, "import", "spotify", "me:liked", "--user", "ann", "--since", "2025-01-01")[2]
        assert (whole["imported"], whole["events"]) == (2, 1)

    def test_a_track_that_cannot_be_played_is_left_out_unless_it_is_wanted(
        self, outside: Outside, recsys: Recsys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outside.lists["/me/tracks"] = [{"track": dev(1)}, {"track": dev(2, is_playable=False)}]
        assert account(recsys, "import", "spotify", "me:liked")[:2] == (0, {"imported": 1, "skipped": 1})
        assert "not playable" in Lake("data/lake").rejects()["reason"][0]
        monkeypatch.setenv("SPOTIFY_UNPLAYABLE", "keep")
        assert account(recsys, "import", "spotify", "me:liked")[1] == {"imported": 1, "unchanged": 1}


def test_similar_recordings_become_tracks(outside: Outside, recsys: Recsys, tmp_path: Path) -> None:
    known, new = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))
    (tmp_path / "t.csv").write_text(f"id,title,artist,mbid\na,One,Ada,{known}\nb,Two,Bel,\n")
    near = [
        {"recording_mbid": mbid, "recording_name": f"Near {mbid[-1]}", "artist_credit_name": "Cem", "score": 9}
        for mbid in (known, new)
    ]
    outside.rule("GET /labs/similar-recordings", body=near)
    assert recsys("ingest", "tracks", tmp_path / "t.csv").code == 0
    dry = recsys("import", "similar", "one", "--dry-run")
    assert (dry.code, "1 imported" in dry.out, "Near 2" in dry.out) == (0, True, True)
    assert account(recsys, "import", "similar", "One", "b")[:2] == (0, {"imported": 1, "skipped": 1})
    tracks = Lake("data/lake").input("tracks").select("id", "title", "artist", "mbid", "origin").sort("title").rows()
    assert tracks == [
        (new, "Near 2", "Cem", new, "catalog"),
        ("a", "One", "Ada", known, "catalog"),
        ("b", "Two", "Bel", None, "catalog"),
    ]
    assert recsys("import", "similar", "nothing").code == 6
