"""A title as its core, the version it names, and the guests and numbers in it.

*Here Comes the Sun - Remastered 2009* and *Here Comes the Sun* are one recording, *Help! (live)* and *Help!* are not. What
stands in brackets or after a spaced dash is one of

- credits (``feat. …``, ``[with …]``): the guests;
- a version that is another recording (live, karaoke, instrumental, demo, remix …): its class;
- a note on the same recording (remaster, mono, deluxe, from …): nothing;
- anything else: a part of the title.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from recsys.names import CREDIT, key

_VERSIONS = {
    "live": r"^live\b|\blive (?:at|in|from|on|version|session|recording|performance|acoustic|bonus|\d)|\blive$|\bin concert\b"
    r"|\bunplugged\b|\b(?:bbc|peel|radio|tv) sessions?\b",
    "karaoke": r"\bkaraoke\b|\bbacking track\b",
    "cover": r"\btribute\b|\bcover\b|\bin the style of\b|\bmade famous\b|\boriginally (?:performed|by)\b",
    "instrumental": r"\binstrumental\b|\bno vocals?\b",
    "a cappella": r"\ba ?c+app?ell?a\b|\bvocals? only\b|\bisolated\b",
    "acoustic": r"\bacoustic\b|\bstripped\b|\bpiano version\b",
    "demo": r"\bdemo\b|\brehearsal\b|\bearly version\b|\btake \d+\b|\bouttake\b|\balternat(?:e|ive) (?:take|version|mix)\b",
    "remix": r"\bre ?mix(?:ed)?\b|\brework\b|\bbootleg\b|\bdub\b|\bvip\b|\bmashup\b|(?<!original)(?<!mono)(?<!stereo)(?<!album)"
    r"(?<!atmos)(?<!\d{4}) mix\b",
    "speed": r"\bsped up\b|\bslowed\b|\bnightcore\b|\b8d\b|\bspeed up\b",
    "recorded again": r"\bre recorded\b|\brerecorded\b|\btaylors version\b",
    "orchestral": r"\borchestral\b|\bsymphonic\b|\bstring quartet\b",
    "spoken": r"\bcommentary\b|\binterview\b|\btrack by track\b",
    "edit": r"\bedit(?:ed)?\b|\bshort version\b|\bsingle cut\b",
    "extended": r"\bextended\b|\b12(?: inch|in)?\b|\blong version\b|\bfull length\b",
}
SOFT = frozenset({"edit", "extended"})
"""Versions that differ in length alone: where both lengths are known and agree, the word does not matter."""
_NOTE = (
    r"\bre ?master(?:ed|izado)?\b|\bmono\b|\bstereo\b|\bdeluxe\b|\bedition\b|\bbonus\b|\bexplicit\b|\bclean\b|\bexpanded\b"
    r"|\banniversary\b|\balbum version\b|\bsingle version\b|\boriginal(?: mix| version| soundtrack| motion.*)?$|\bsoundtrack\b"
    r"|^from\b|^feat\b|\bofficial\b|\blyrics?\b|\bvideo\b|\baudio\b|\bhd\b|\b\d{4} (?:digital )?(?:version|mix)$|^\d{4}$"
    r"|\blp version\b|\bmain version\b|\bdolby\b|\batmos\b|\bsingle$|\bdigital\b"
)
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_DASHED = re.compile(r"\s+[-–—]\s+([^-–—]+(?:-[^-–—]+)*)(?=\s+[-–—]\s|$)")
_PARTS = re.compile(r"\b(?:part|pt|vol(?:ume)?|act|book|movement|mvt|no)\.? *(\d+|[ivxl]+|one|two|three|four|five|six)\b")
_MOVEMENT = re.compile(r"(?:^|[:–—-] *)([ivxl]+)\. ")
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}


@dataclass(frozen=True)
class Title:
    """``core`` and ``short`` (without parts in brackets) are normalised; ``places`` are numbers of parts and movements."""

    core: str
    short: str
    text: str
    """The short form as it is written, to search for."""
    versions: frozenset[str]
    guests: tuple[str, ...]
    numbers: frozenset[str]
    places: frozenset[int]


def versions(text: str) -> frozenset[str]:
    """Classes of another recording that a note names, such as a disambiguation."""
    plain = key(text)
    return frozenset(name for name, pattern in _VERSIONS.items() if re.search(pattern, plain))


@cache
def parse(title: str) -> Title:
    """What a title says.

    >>> parse("Get Lucky (feat. Pharrell Williams) - Radio Edit").core
    'get lucky'
    """
    named: set[str] = set()
    guests: list[str] = []

    def settle(part: str, whole: str) -> str:
        credit = re.match(rf"\s*(?:{CREDIT}|with\b)\s*(.+)", part, re.IGNORECASE)
        if credit:
            guests.append(credit[1])
            return " "
        classes = versions(part)
        named.update(classes)
        if "remix" in classes or not (classes or re.search(_NOTE, key(part))):
            return whole
        return " "

    text = _BRACKETS.sub(lambda note: settle(note[1], f" ⟨{note[1]}⟩ "), title)
    text = _DASHED.sub(lambda note: settle(note[1], note[0]), text)
    if credit := re.search(rf"\s{CREDIT}\s+(.*)$", text, re.IGNORECASE):
        guests.append(credit[1])
        text = text[: credit.start()]
    core = key(re.sub("[⟨⟩]", " ", text)) or key(title)
    short = key(re.sub("⟨[^⟩]*⟩", " ", text)) or core
    written = " ".join(re.sub("⟨[^⟩]*⟩", " ", text).split()) or title
    return Title(core, short, written, frozenset(named), tuple(guests), frozenset(re.findall(r"\d+", core)), _places(text))


def _places(text: str) -> frozenset[int]:
    plain = text.lower()
    return frozenset(map(_number, [*_PARTS.findall(plain), *_MOVEMENT.findall(plain)]))


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text in _WORDS:
        return _WORDS[text]
    values = [_ROMAN[sign] for sign in text]
    return sum(-value if value < max(values[place:]) else value for place, value in enumerate(values))
