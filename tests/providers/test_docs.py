"""`.env.example` and the documentation name every setting there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from dotenv import dotenv_values

from recsys.cli.app import COMMANDS
from recsys.providers import settings
from recsys.providers.settings import _NAMES
from recsys.providers.webplayer.totp import parse_secrets
from recsys.settings import ENVIRONMENT, Settings

PREFIX = re.compile(
    r"\b(?:SPOTIFY|MUSICBRAINZ|LISTENBRAINZ|RECCOBEATS|SONGLINK|PROVIDER|LASTFM|DEEZER|SUBSONIC|JELLYFIN)_[A-Z_]+\b"
)


def test_settings_in_the_documentation_exist(root: Path) -> None:
    for name in ("docs/providers.md", ".env.example"):
        named = set(PREFIX.findall((root / name).read_text(encoding="utf-8")))
        assert named <= set(_NAMES), name
        assert named


def test_every_address_and_credential_is_documented(root: Path) -> None:
    text = (root / "docs/providers.md").read_text(encoding="utf-8") + (root / ".env.example").read_text(encoding="utf-8")
    assert {name for name in _NAMES if name not in text} <= {"SPOTIFY_WEBPLAYER_VERSION", "LISTENBRAINZ_SIMILARITY"}


def test_the_example_file_works_when_its_lines_are_used(root: Path, tmp_path: Path) -> None:
    lines = (root / ".env.example").read_text(encoding="utf-8").splitlines()
    used = [line.removeprefix("# ") for line in lines if PREFIX.match(line.removeprefix("# "))]
    (tmp_path / ".env").write_text("\n".join(used))
    assert set(dotenv_values(tmp_path / ".env")) <= set(_NAMES)
    result = settings.load(folder=tmp_path, environment={})
    assert result.spotify_webplayer_secrets is not None
    assert parse_secrets(result.spotify_webplayer_secrets.get_secret_value())[0][0] == 61


def test_the_example_file_has_the_weights_of_the_default_preset(root: Path) -> None:
    weights = re.findall(r"^# (REC_[A-Z_]+)=([\d.]+)$", (root / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(weights) == 5
    for name, value in weights:
        assert float(value) == getattr(Settings(), ENVIRONMENT[name]), name


def test_commands_in_the_documentation_exist(root: Path) -> None:
    named = set(re.findall(r"recsys ([a-z]+)", (root / "docs/providers.md").read_text(encoding="utf-8")))
    assert named - {"works"} <= {*COMMANDS, "forget"}
