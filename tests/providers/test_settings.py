from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import UsageError
from recsys.providers.settings import _NAMES, load

CANARY = "canary-5f1d"


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SPOTIFY_CLIENT_ID=file\nMUSICBRAINZ_CONTACT=me@example.org\nOTHER=1\n")
    settings = load(folder=tmp_path, environment={"SPOTIFY_CLIENT_ID": "environment"})
    assert settings.spotify_client_id == "environment"
    assert settings.musicbrainz_contact == "me@example.org"


def test_every_address_can_be_replaced(tmp_path: Path) -> None:
    names = [name for name in _NAMES if name.endswith("_URL")]
    settings = load(folder=tmp_path, environment={name: f"http://127.0.0.1:9/{name}/" for name in names})
    assert {getattr(settings, _NAMES[name]) for name in names} == {f"http://127.0.0.1:9/{name}" for name in names}
    assert {"SPOTIFY_API_URL", "SPOTIFY_ACCOUNTS_URL", "SPOTIFY_WEBPLAYER_URL", "MUSICBRAINZ_URL"} <= set(names)
    assert {"LISTENBRAINZ_URL", "RECCOBEATS_URL", "SONGLINK_URL"} <= set(names)


@pytest.mark.parametrize("name", ["SPOTIFY_CLIENT_SECRET", "SPOTIFY_BEARER_TOKEN", "SONGLINK_API_KEY", "LISTENBRAINZ_TOKEN"])
def test_a_secret_does_not_show(tmp_path: Path, name: str) -> None:
    settings = load(folder=tmp_path, environment={name: CANARY})
    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPOTIFY_MARKET", f"{CANARY}"),
        ("SPOTIFY_API_URL", f"ftp://{CANARY}"),
        ("SPOTIFY_WEBPLAYER", CANARY),
        ("PROVIDER_CACHE_TTL_HOURS", f"-{CANARY}"),
        ("SPOTIFY_WEBPLAYER_HASHES", f"{{{CANARY}"),
    ],
)
def test_an_error_names_the_variable_and_never_its_value(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(folder=tmp_path, environment={name: value})
    assert name in str(caught.value)
    assert CANARY not in str(caught.value)
