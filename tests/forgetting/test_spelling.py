"""The ways in which files write one id, and that each is read back."""

from __future__ import annotations

import html
import json
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.forgetting.spelling import readings, spellings

WHO = 'Zoë/"1"+<\\>'
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    "write",
    [
        str, json.dumps, lambda name: json.dumps(name, ensure_ascii=False), html.escape, lambda name: quote(name, safe=""),
        lambda name: unicodedata.normalize("NFD", name),
        lambda name: name.encode("latin-1").decode("utf-8", "surrogateescape").encode("utf-8", "backslashreplace").decode(),
        lambda name: name.encode("latin-1").decode("utf-8", "backslashreplace"),
    ],
    ids=["plain", "JSON", "JSON in Unicode", "HTML", "address", "decomposed", "file name in Latin-1", "line in Latin-1"],
)  # fmt: skip
def test_every_way_a_file_writes_it(write: object) -> None:
    assert callable(write)
    assert write(WHO).strip('"') in {one.strip('"') for one in spellings(WHO)}


def test_a_plain_name_has_one_spelling() -> None:
    assert spellings("demo-u001") == {"demo-u001"}


def test_what_is_no_latin_1_has_no_spelling_in_it() -> None:
    assert not any("\\x" in one for one in spellings("Žižek"))


@given(NAMES)
def test_composed_and_decomposed_have_the_same_spellings_and_none_is_empty(name: str) -> None:
    composed, apart = (spellings(unicodedata.normalize(form, name)) for form in ("NFC", "NFD"))
    assert composed == apart
    assert "" not in composed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"Zo\u00eb", "Zoë"),
        (r"Zo\u00EB", "Zoë"),
        (r"\ud83d\ude00", "😀"),
        (r"Zo\xeb", "Zoë"),
        (r"a\/b \"c\" \\d", 'a/b "c" \\d'),
        ('say ""hi""', 'say "hi"'),
        ("Zo%C3%AB%2F", "Zoë/"),
        ("Zoe\u0308", "Zoë"),
        (r"\ud83d alone", "\ufffd alone"),
    ],
)
def test_a_text_is_read_without_its_escapes(text: str, said: str) -> None:
    assert said in list(readings(text))


@given(NAMES)
def test_written_as_json_or_address_it_is_read_again(name: str) -> None:
    composed = unicodedata.normalize("NFC", name)
    if "\\" not in name:
        assert composed in set(readings(json.dumps(name)[1:-1]))
    if "%" not in name:
        assert composed in {unicodedata.normalize("NFC", one) for one in readings(quote(name, safe=""))}
