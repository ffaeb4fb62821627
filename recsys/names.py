"""How names are compared, and who is credited in a text: the one normaliser, and the one function from text to artists.

Exclusions, caps, affinity, song identity, genres, lookup and checks all compare names by :func:`key`. Standard library only.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_SILENT = "'’‘‛ʼ`´＇."
_AND = "&+"
_ASCII = str.maketrans(dict.fromkeys("'`.") | dict.fromkeys(_AND, " and ") | dict.fromkeys('!"#$%()*,-/:;<=>?@[\\]^_{|}~', " "))
_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "œ": "oe", "ı": "i"})
_STANDS_FOR = ((re.compile(r"(?<=\w)!(?=\w)"), "i"), (re.compile(r"\$(?=\w)"), "s"))
"""*P!nk*, *Ke$ha*."""


@lru_cache(maxsize=1_000_000)
def key(name: str) -> str:
    """What two spellings of one name have in common; empty for a blank one.

    Compatibility forms (full width, ligatures) and letters with accents are unified, case is folded, apostrophes and full stops
    go, ``&`` and ``+`` are *and*, ``!`` and ``$`` within a word are *i* and *s*, every other sign is a space, and an outer *The*
    does not count. A name of signs alone stays.

    >>> key("The Beatles") == key("beatles, The"), key("Hip-Hop"), key("Guns N’ Roses"), key("÷")
    (True, 'hip hop', 'guns n roses', '÷')
    """
    if "!" in name or "$" in name:
        for sign, letter in _STANDS_FOR:
            name = sign.sub(letter, name)
    text = name.lower().translate(_ASCII) if name.isascii() else _plain(name)
    words = text.split()
    if len(words) > 1 and words.count("the") < len(words):  # but for a band of this name
        words = words[words[0] == "the" : len(words) - (words[-1] == "the" != words[0])]
    return " ".join(words) or "".join(name.casefold().split())


def barred_key(name: str) -> str:
    """:func:`key` without spaces: what is excluded stays away however it is put together.

    >>> barred_key("AC/DC") == barred_key("ACDC"), barred_key("Hip-Hop") == barred_key("hiphop")
    (True, True)
    """
    return key(name).replace(" ", "")


def _plain(name: str) -> str:
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", name))).casefold().translate(_LETTERS)
    return "".join(_spelled(char) for char in bare)


def _spelled(char: str) -> str:
    if char in _SILENT:
        return ""
    if char in _AND:
        return " and "
    kind = unicodedata.category(char)
    return "" if kind == "Cf" else char if kind[0] in "LNM" else " "


_DASH = "[-‐‑–—]"
_NOTE = re.compile(rf"[(\[{{]([^()\[\]{{}}]*)[)\]}}]|\s{_DASH}\s+([^()\[\]{{}}]*?)(?=\s{_DASH}\s|\s*[(\[{{]|$)")
CREDIT = r"(?:(?:feat|ft|featuring)\b(?:[.:]|(?=\s))|f/(?=\s))"
"""What stands before guests."""
_GUESTS = re.compile(rf"\s{CREDIT}\s*((?:(?!\s{_DASH}\s)[^()\[\]{{}}])*)", re.IGNORECASE)
_GUEST_NOTE = re.compile(rf"\s*(?:({CREDIT})\s*|(?:with|w/)\s+)(.*)", re.IGNORECASE | re.DOTALL)
_COMPANY = re.compile(r"\s*(?:con|avec|mit|com)\s+(.*)", re.IGNORECASE | re.DOTALL)
"""*With* in other languages: more often a part of the title than a guest."""
_SURE = (
    r"re-?master(?:ed|izado|izada|isee?|isiert)?|rimasterizzat[oa]|mono|stereo|deluxe|edition|expanded|anniversary|bonus|explicit|clean"
    r"|single|radio|album|original|soundtrack|official|lp|ep|from|digital(?:ly)?|lyrics?|visuali[sz]er|\d{4}|\d+th"
)
_PARTS = "edit(?:ed)?|version|audio|video|mix|track|full|short|long|music|main|final|movie|film|tv|cd|vinyl|hd|hq|4k|uk|us"
_EDITION = re.compile(rf"\b(?:{_SURE}|edit(?:ed)?|version|audio|video|mix|track|full|short|long|hd|hq|4k)\b")
"""What tells an edition or a version: with anything beside these words, *edit*, *version* and *audio* name another song."""
_SURELY = re.compile(rf".*\b(?:{_SURE})\b.*|(?:{_SURE}|{_PARTS}|the|inch|7|12|\W)+")
_REMASTER = re.compile(
    r"\b(?:\d{4} )?(?:digital(?:ly)? )?re-?master(?:ed)?\b(?: version)?(?: \d{4})?|\b(?:mono|stereo|explicit)\b|\bver(?:sion)?\b"
)
_OTHER_SONG = re.compile(
    r"\b(?:live|(?<!original )(?<!radio )(?<!album )(?<!mono )(?<!stereo )(?<!\d\d\d\d )mix|remix(?:ed)?|rmx|karaoke|instrumental"
    r"|acoustic|demo|cover|unplugged|session|sessions|sped|slowed|nightcore|rework|bootleg|mashup|dub|cappella|acapella|tribute"
    r"|orchestral|extended|re ?record(?:ed|ing)|reloaded|revisited|reimagined|alternate|outtake)\b"
)


@lru_cache(maxsize=1_000_000)
def title_key(title: str) -> str:
    """What the titles of one song's releases have in common: without guests and without notes about the edition.

    Live, remix, karaoke, acoustic and the like make another song, and stay. Empty for a blank title.

    >>> title_key("Song (feat. X) - 2011 Remaster"), title_key("Song (Live)") == title_key("Song - Live - Remastered 2009")
    ('song', True)
    """
    if not re.search(rf"[(\[{{]|\s{_DASH}\s|\s(?:feat|ft|f/)", title, re.IGNORECASE):
        return key(title)
    core = _GUESTS.sub(" ", _NOTE.sub(" ", title))
    notes = [note for match in _NOTE.findall(title) for note in match if note]
    kept = sorted(filter(None, map(_note, notes)))
    return " ".join([key(core) or key(title), *kept])


@lru_cache(maxsize=1_000_000)
def version(title: str) -> str:
    """Which other song than the plain one a title names: live, remix, karaoke and the like; empty for none.

    >>> version("Song - Remastered 2009"), version("Song (Live at Wembley)"), version("Song - Live at Wembley [Mono]")
    ('', 'live at wembley', 'live at wembley')
    """
    notes = (_note(note) for result in _NOTE.findall(title) for note in result if note)
    return " ".join(
        sorted(note for note in notes if _OTHER_SONG.search(note) or (_EDITION.search(note) and _names_another(note)))
    )


@lru_cache(maxsize=1_000_000)
def work_key(title: str) -> str:
    """What all versions of one song have in common: :func:`title_key` without live, remix, edit, acoustic and the like.

    Notes of another kind stay: parts and movements are works of their own. Empty for a blank title.

    >>> work_key("Song - Extended Version") == work_key("Song (Live at Wembley) [2009 Remaster]"), work_key("Suite - Pt. 2")
    (True, 'suite pt 2')
    """
    notes = [note for match in _NOTE.findall(title) for note in match if note]
    if not notes:
        return title_key(title)
    core = key(_GUESTS.sub(" ", _NOTE.sub(" ", title)))
    parts = (note for note in map(_note, notes) if note and not (_OTHER_SONG.search(note) or _EDITION.search(note)))
    return " ".join([core, *sorted(parts)]) if core else title_key(title)


def work_name(artist: str | None, title: str | None) -> str | None:
    """What all versions of a title by one artist, the first that is credited, are called; none when either is blank."""
    names = key(artist or ""), work_key(title or "")
    return "\x1f".join(names) if all(names) else None


def _note(note: str) -> str:
    """What a note of a title adds to the song's name; nothing for guests and editions."""
    if _GUEST_NOTE.fullmatch(note):
        return ""
    text = key(note)
    if _OTHER_SONG.search(text):
        return " ".join(_REMASTER.sub(" ", text).split())
    return text if _names_another(text) or not _EDITION.search(text) else ""


def _names_another(text: str) -> bool:
    """Whether the key of a note names a version by somebody or in a language: *Bob edit*, *piano version*, *8D audio*."""
    return bool(_OTHER_SONG.search(text) or re.search(r"\b\w+s version\b", text)) or not _SURELY.fullmatch(text)


_ALWAYS = re.compile(
    rf"\s*(?:[;|•、]|\\\\)\s*|\s+[/·]\s+|,?\s+[(\[]?(?:(?P<guests>{CREDIT})\s*"
    r"|(?:(?:(?:(?:duet|together)\s+)?with|vs|presents|pres)\b\.?|w/)\s+)",
    re.IGNORECASE,
)
_COMMAS = r"\s*,\s+(?!the\b)(?:(?:and|&)\s+)?|\s*，\s*"
_MAYBE = re.compile(rf"{_COMMAS}|(?<!\d),(?=\w)|\s+(?:&|and|\+|x|×)\s+|/", re.IGNORECASE)
_COMMA = re.compile(_COMMAS, re.IGNORECASE)
_WORDS = re.compile(r"\s+(?:con|com|y|e|et|avec|und|mit|og|och)\s+", re.IGNORECASE)
"""*And* and *with* in other languages: in most names a part of the name."""
_BAND = re.compile(
    r"(?:the|his|her|los|las|die|friends|band|co|sus?|seine|ses|freunde|amigos|amis|orchestra|orquesta|orchester)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Artists:
    """The artists a catalogue knows by themselves, by :func:`key`: how many of its tracks credit each."""

    known: Counter[str]
    whole: frozenset[str]
    """Names that stand in a list of several artists: there, a comma or *&* is a part of the name."""
    alone: frozenset[str] = frozenset()
    """Everything that stands as the one credit of a track, also with a comma or *&* in it."""

    @classmethod
    def of(cls, tracks: Iterable[tuple[str | None, Sequence[str] | None, int]]) -> Artists:
        """From every ``artist`` and ``artists`` of a catalogue, and how many tracks have them."""
        known: Counter[str] = Counter()
        whole: set[str] = set()
        alone: set[str] = set()
        for artist, listed, count in tracks:
            several = listed is not None and len(listed) > 1
            if several:
                whole.update(key(name) for name in listed or () if not _ALWAYS.search(name))
            for text in listed or ((artist,) if artist else ()):
                alone.add(key(text))
                for part, _ in _parts(text):
                    if several or not _MAYBE.search(part):
                        known[key(part)] += count
        return cls(known, frozenset(whole), frozenset(alone))

    def credited(self, artist: str | None, listed: Sequence[str] | None = None, title: str | None = None) -> list[str]:
        """Every credited artist of a track, the main one first, each once; guests named in the title come last.

        ``;``, ``|``, `` / ``, `` · ``, *feat.* and *with* always separate. A comma does, unless ``, the …`` follows or *&* comes
        after it. *&*, *and*, *x*, ``/`` and a comma without a space separate artists whom the catalogue knows by themselves, and
        guests after *feat.* whom it does not know together. *con*, *y*, *et*, *und* and the like separate only artists who are
        all known.
        """
        names = [
            name for text in listed or ([artist] if artist else []) for name in self._split(text, sure=len(listed or ()) > 1)
        ]
        names += self._guests(title or "")
        first: dict[str, str] = {}
        for name in names:
            first.setdefault(key(name), name)
        return [name for plausible, name in first.items() if plausible]

    def _guests(self, title: str) -> Iterable[str]:
        for note in _NOTE.findall(title):
            text = note[0] or note[1]
            guests, company = _GUEST_NOTE.fullmatch(text), _COMPANY.fullmatch(text)
            if guests and (guests[1] or self._all_known(_MAYBE.split(guests[2]))):  # "(with tears in my eyes)" credits nobody
                yield from self._split(guests[2], guests=True)
            elif company and (names := self._company(company[1])):
                yield from names
        for text in _GUESTS.findall(_NOTE.sub(" ", title)):
            yield from self._split(text, guests=True)

    def _company(self, text: str) -> list[str]:
        """The artists in a text, when all are known."""
        names = self._apart(text, guests=False)
        return names if self._all_known(names) else []

    def _split(self, text: str, *, sure: bool = False, guests: bool = False) -> list[str]:
        names: list[str] = []
        for part, credited in _parts(text):
            names += [part] if sure else self._apart(part, guests=guests or credited)
        return names

    def _apart(self, text: str, *, guests: bool) -> list[str]:
        """A credit whose separators may be a part of a name."""
        if key(text) in self.whole:
            return [text]
        everyone = [name for some in _MAYBE.split(text) for name in _WORDS.split(some) if name.strip()]
        if len(everyone) > 1 and self._all_known(everyone):
            return [name.strip() for name in everyone]
        names = self._signs(text, guests=guests)
        return names if len(names) == 1 else [name for some in names for name in self._apart(some, guests=False)]

    def _signs(self, text: str, *, guests: bool) -> list[str]:
        """The same by commas, *&*, *and* and the like, which part more often than they join."""
        names = [name.strip() for name in _MAYBE.split(text) if name.strip()]
        if len(names) < 2:
            return [text]
        band = any(_BAND.match(name) for name in names[1:])
        if self._all_known(names) or (guests and not band and key(text) not in self.alone):
            return names
        listed = [name.strip() for name in _COMMA.split(text)]
        if len(listed) == len(names):
            return names
        if len(listed) > 1:
            return names if 2 * sum(key(name) in self.known for name in names) >= len(names) else [text]
        return names if key(names[0]) in self.known and not band else [text]

    def _all_known(self, names: Sequence[str]) -> bool:
        return all(key(name) in self.known for name in names)


def _parts(text: str) -> list[tuple[str, bool]]:
    """The parts of a credit between separators that always are, and whether each stands after *feat.*."""
    parts: list[tuple[str, bool]] = []
    start, guests = 0, False
    for separator in _ALWAYS.finditer(text):
        parts.append((text[start : separator.start()], guests))
        start, guests = separator.end(), guests or separator["guests"] is not None
    parts.append((text[start:], guests))
    several = len(parts) > 1
    trimmed = [(part.strip(" ()[]") if several else part.strip(), credited) for part, credited in parts]
    return [(part, credited) for part, credited in trimmed if part]


_GENRES = re.compile(r"\s*[;|,]\s*|\s+/\s+")


def genres(listed: Sequence[str]) -> list[str]:
    """Every genre in a list of texts, each once: ``rock;pop`` and ``rock, pop`` are two.

    >>> genres(["rock;pop", "Hip-Hop", "hip hop", "drum & bass"])
    ['rock', 'pop', 'Hip-Hop', 'drum & bass']
    """
    first: dict[str, str] = {}
    for text in listed:
        for name in _GENRES.split(text):
            first.setdefault(key(name), name.strip())
    return [name for plausible, name in first.items() if plausible]
