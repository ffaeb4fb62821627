from __future__ import annotations

import base64
import json

import pytest

from recsys.errors import UsageError
from recsys.providers.webplayer.totp import code, derive, parse_secrets

VERSION_61 = ',7/*F("rLJ2oxaKL^f+E1xvP@N'
VERSION_5 = [12, 56, 76, 33, 88, 44, 88, 33, 78, 78, 11, 66, 22, 22, 55, 69, 54]


def test_the_published_ciphers_give_the_published_keys() -> None:
    digits = "376136387538459893883312310911992847112448894410210511297108"
    assert base64.b32decode(derive(VERSION_61)).decode() == digits
    assert derive(list(VERSION_61.encode())) == derive(VERSION_61)
    assert derive(VERSION_61).startswith("GM3TMMJTGYZTQNZVGM4DINJZHA4TGOBYGMZTCMRTGEYDSMJRHE4TEOBUG4YT")
    assert base64.b32decode(derive(VERSION_5)).decode() == "5507145853487499592248630329347"


@pytest.mark.parametrize(
    ("at", "expected"),
    [(0, "204513"), (59, "332823"), (1_111_111_109, "611107"), (1_700_000_000, "371599"), (1_767_225_600, "830147")],
)
def test_known_codes_of_version_61(at: int, expected: str) -> None:
    [(version, key)] = parse_secrets(json.dumps({"61": VERSION_61}))
    assert version == 61
    assert code(key, at) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_vectors_of_rfc_6238_appendix_b(at: int, expected: str) -> None:
    key = base64.b32encode(b"12345678901234567890").decode()
    [(_, parsed)] = parse_secrets(json.dumps({"1": f"base32:{key}"}))
    assert code(parsed, at) == expected


def test_versions_keep_the_order_written() -> None:
    text = json.dumps({"60": list(range(40, 60)), "61": VERSION_61, "5": VERSION_5})
    assert [version for version, _ in parse_secrets(text)] == [60, 61, 5]


WRONG = ["", "canary", "[]", '{"61": "base32:canary1"}', '{"x": "y"}', '{"61": []}', '{"61": 5}', '{"61": {}}', '{"61": [1, 2]}']


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_form_is_explained_without_repeating_it(text: str) -> None:
    with pytest.raises(UsageError, match="SPOTIFY_WEBPLAYER_SECRETS") as caught:
        parse_secrets(text)
    assert "canary" not in str(caught.value)
