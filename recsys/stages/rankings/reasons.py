"""Why a row is in its list: the evidence with the most points beyond what an average candidate of the list has, in words.

Every code stands for one kind of evidence; its arguments are stored, so that apps can say it in their own words or language.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.matrices.arrays import Flags, Floats, Ints, Offsets
from recsys.matrices.columns import ragged
from recsys.stages.rankings.picked import ROW_SOURCES
from recsys.stages.rankings.texts import CODES, FEATURE_WORDS, LONGEST_NAME, SOUNDS, TEXTS
from recsys.tables import FEATURES, STRINGS

_NEAR = 0.8
"""Cosine from which two tracks sound alike."""
KNOWN_TO_MANY = 0.6
"""Popularity from which a track is widely played."""
KNOWN_TO_FEW = 0.4
"""Popularity up to which it is little known."""
CLOSE = 1.0
"""Standard deviations up to which a feature is close to what was asked for."""
FEWEST = 2
"""Supporters, or tracks by an artist, from which their number is said."""
MOST_ARGS, _SLOTS = 3, 4
"""Arguments of a text, and places for them, some of which exclude each other."""
_NONE = -1
_DECIMALS = {"tempo": 0, "loudness": 1, "time_signature": 0, "key": 0, "mode": 0}
"""Of a feature's value in words; two for the others."""
SOUND_NAMES = [*(f"{name}{sign}" for name in FEATURES for sign in "+-"), "popularity-"]
"""What `reason_args` call a feature above the catalogue's mean, and below it; and a track that few know."""
_LITTLE_KNOWN = len(SOUND_NAMES) - 1


class RowEvidence(NamedTuple):
    """What speaks for n ranking rows, as numbers: −1 for none, as of everything that is named by number."""

    points: Floats
    """(n, parts) beyond the mean of the list's candidates."""
    own: Ints
    """(n, 2) own tracks with the greatest shares of the votes; in lists with seeds, what these start from."""
    share: Floats
    """(n, 2) these shares; in lists with seeds those of ``starts``."""
    seeded: Flags
    """The list starts from seeds, or from artists or genres."""
    starts: NDArray[np.int64]
    """(n, 2) what the list starts from with the greatest shares of the votes, by number among all titles, artists and genres of
    the :class:`Vocabulary`."""
    supporters: Ints
    """Neighbours who like the track …"""
    neighbors: Ints
    """… of so many."""
    artist: Ints
    """By whom the listener likes most tracks."""
    by_artist: Ints
    """How many."""
    theirs: Ints
    """The one of these nearest in sound."""
    nearest: Ints
    """The own track nearest in sound."""
    cosine: Floats
    sounds: NDArray[np.int64]
    """(n, 2) what both are: features by twice their number, one more below the mean."""
    genre: Ints
    """The genre of the track that the listener likes best."""
    fits: NDArray[np.int64]
    """(n, 2) features that were asked for: :data:`recsys.tables.FEATURES` × track + feature."""
    known: Floats
    """Popularity 0–1, NaN where it is unknown."""
    fresh: Flags
    """The list wants artists the listener has never played."""
    source: Offsets
    """How the row came into the list: one of :data:`recsys.stages.rankings.picked.ROW_SOURCES`."""


class Vocabulary(NamedTuple):
    """What the numbers of evidence stand for."""

    titles: pl.Series
    artists: pl.Series
    genres: pl.Series
    features: Floats
    """(tracks, 12) as they are said."""


class _Args(NamedTuple):
    """Arguments of n texts, by number of a name."""

    number: NDArray[np.int64]
    """(n, MOST_ARGS) in order, −1 behind the last."""
    counts: Offsets
    names: pl.Series
    words: Flags
    """Which of the names are sounds or features with a value, to be put into words. A song may be called *tempo=90*."""


def reasons(evidence: RowEvidence, names: Vocabulary, language: str = "en") -> pl.DataFrame:
    """Columns `reason_code`, `reason_args` and `reason` of rows.

    Everything is chosen by number; only names that are said are looked at, each once, however many rows say it.
    """
    code = _code(evidence)
    args = _args(evidence, code, names)
    said = args.names.gather(args.number[args.number >= 0])
    listed = ragged(said, np.r_[0, np.cumsum(args.counts)]) if len(code) else pl.Series(dtype=STRINGS)
    columns = {"reason_code": pl.Series(CODES).gather(code), "reason_args": listed, "reason": _texts(code, args, language)}
    return pl.DataFrame(columns)


def _code(evidence: RowEvidence) -> Ints:
    """(n,) the kind of evidence with the most of :func:`_points`, in :data:`CODES`; of equals the first. Without any: what the
    list starts from, if that speaks for the row at all."""
    points = _points(evidence)
    started = (evidence.starts[:, 0] >= 0) & (evidence.share[:, 0] > 0.0)
    otherwise = np.where(started, CODES.index("seed"), CODES.index("balanced"))
    code = np.where(points.max(axis=0) > 0.0, points.argmax(axis=0), otherwise)
    # cold, replay, back-fill: how the row came in is the reason
    named = np.array([CODES.index(name) if name in CODES else _NONE for name in ROW_SOURCES])[evidence.source]
    return np.where(named >= 0, named, code).astype(np.int32)


def _points(evidence: RowEvidence) -> Floats:
    """(kinds, n) points that each kind of evidence brings beyond an average candidate, 0 where there is none: of the first
    :data:`CODES`, in their order."""
    content, collaborative, popularity, exploration, familiarity, target = np.maximum(evidence.points, 0.0).T
    share = np.maximum(evidence.share, 0.0)
    own = np.minimum(share[:, 0] + share[:, 1], 1.0)
    supported, seeded, fresh = evidence.supporters >= FEWEST, evidence.seeded, evidence.fresh
    alike = (evidence.nearest >= 0) & (evidence.cosine >= _NEAR)
    kinds = {
        "own_tracks": ((evidence.own[:, 0] >= 0) & ~seeded, collaborative * own),
        "artist": (evidence.by_artist > 0, familiarity),
        "listeners": (supported, collaborative * (evidence.supporters / np.maximum(evidence.neighbors, 1))),
        "sound": (alike, content),
        "genre": (~alike & (evidence.genre >= 0), content),
        "seed": (evidence.starts[:, 0] >= 0, collaborative * own),
        "target": (evidence.fits[:, 0] >= 0, target),
        "discovery": (fresh & (evidence.artist >= 0), popularity + exploration),
        "popular": (~fresh & (evidence.known >= KNOWN_TO_MANY), popularity),
    }
    return np.stack([np.where(*kinds[name], 0.0) for name in CODES[: len(kinds)]])


def _args(evidence: RowEvidence, code: Ints, names: Vocabulary) -> _Args:
    """What each row's text names, in order, without what is not there."""
    most = max(
        (int(column.max(initial=0)) for column in (evidence.supporters, evidence.neighbors, evidence.by_artist)), default=0
    )
    counts = pl.Series(np.arange(most + 1)).cast(pl.String)
    target = np.flatnonzero(code == CODES.index("target"))
    fits = pl.Series([_value(names.features, number) for number in evidence.fits[target].ravel().tolist()], dtype=pl.String)
    kinds = {
        "title": names.titles,
        "artist": names.artists,
        "genre": names.genres,
        "sound": pl.Series(SOUND_NAMES),
        "count": counts,
    }
    every = pl.concat([*(kind.alias("") for kind in kinds.values()), fits.alias("")], rechunk=True)
    first = dict(zip((*kinds, "fit"), np.cumsum([0, *map(len, kinds.values())]).tolist(), strict=True)) | {"name": 0}
    number = np.full((len(code), _SLOTS), _NONE, np.int64)
    for name, columns in _arguments(evidence).items():
        own = np.flatnonzero(code == CODES.index(name))
        for place, (kind, column) in enumerate(columns):
            number[own, place] = np.where(column[own] >= 0, column[own] + first[kind], _NONE)
    number[target, :2] = first["fit"] + np.arange(2 * len(target)).reshape(-1, 2)
    there = (number >= 0) & every.is_not_null().to_numpy()[number]
    rows, slots = np.nonzero(there)
    out = np.full((len(code), MOST_ARGS), _NONE, np.int64)
    out[rows, slots - np.cumsum(~there, axis=1)[rows, slots]] = number[there]
    words = np.zeros(len(every), np.bool_)
    words[first["sound"] : first["count"]] = words[first["fit"] :] = True
    return _Args(out, there.sum(axis=1), every, words)


def _arguments(evidence: RowEvidence) -> dict[str, tuple[tuple[str, NDArray[np.integer]], ...]]:
    """Code → arguments of its text, in order, beside those of `target`: kind of name, and number, −1 for none."""
    (own_1, own_2), (share_1, share_2), (sound_1, sound_2) = evidence.own.T, evidence.share.T, evidence.sounds.T
    many, others, artist = evidence.supporters >= FEWEST, evidence.by_artist - 1, ("artist", evidence.artist)
    second, other_start = (np.where(share_2 > 0, column, _NONE) for column in (own_2, evidence.starts[:, 1]))
    liked = np.where((share_1 > 0) & ~evidence.seeded, own_1, _NONE)
    supporters, neighbors = ("count", evidence.supporters), ("count", evidence.neighbors)
    few = np.where(~many & (evidence.known <= KNOWN_TO_FEW), _LITTLE_KNOWN, _NONE)
    by_many = (("count", np.where(many, column, _NONE)) for _, column in (supporters, neighbors))
    return {
        "own_tracks": (("title", own_1), ("title", second)),
        "artist": (artist, ("title", evidence.theirs), ("count", np.where(others >= 1, others, _NONE))),
        "listeners": (supporters, neighbors, ("title", liked)),
        "sound": (("sound", sound_1), ("sound", sound_2), ("title", evidence.nearest)),
        "genre": (("genre", evidence.genre),),
        "seed": (("name", evidence.starts[:, 0]), ("name", other_start)),
        "discovery": (artist, ("sound", few), *by_many),
        "backfill_artist": (artist,),
        "backfill_known_artist": (artist,),
    }


def _value(features: Floats, number: int) -> str | None:
    """A feature of a track as ``feature=value``, by their number in :attr:`RowEvidence.fits`."""
    track, feature = divmod(number, len(FEATURES))
    name = FEATURES[feature]
    return f"{name}={features[track, feature]:.{_DECIMALS.get(name, 2)}f}" if number >= 0 else None


def texts(rows: pl.DataFrame, language: str) -> pl.Series:
    """The text of each row from its `reason_code` and `reason_args`, in a language of :data:`TEXTS`."""
    code = rows["reason_code"].replace_strict(CODES, range(len(CODES)), default=len(CODES), return_dtype=pl.Int32)
    names = pl.concat([rows["reason_args"].list.get(place, null_on_oob=True) for place in range(MOST_ARGS)], rechunk=True)
    number = np.where(names.is_not_null().to_numpy(), np.arange(len(names)), _NONE).reshape(MOST_ARGS, -1).T
    count = rows["reason_args"].list.len().fill_null(0).to_numpy().astype(np.int64)
    said, place = code.fill_null(len(CODES)).to_numpy(), np.arange(MOST_ARGS)[:, None]
    worded = np.isin(said, [CODES.index("target")]) | (said == CODES.index("sound")) & (place < count - 1)
    worded |= (said == CODES.index("discovery")) & (place == 1)
    return _texts(said, _Args(number, count, names, worded.ravel()), language)


class _Templates(NamedTuple):
    """The texts of a language, cut where arguments stand."""

    of: Ints
    """(codes + 1, MOST_ARGS + 2) which text, by code and number of arguments; where there is none, that of `balanced`."""
    places: Ints
    """(texts, MOST_ARGS) the argument behind each piece, −1 for none."""
    pieces: list[pl.Series]
    """MOST_ARGS + 1 of them, empty behind the last."""


@cache
def _templates(language: str) -> _Templates:
    every = [(code, count, text) for code, variants in TEXTS[language].items() for count, text in variants.items()]
    of = np.full((len(CODES) + 1, MOST_ARGS + 2), [code for code, *_ in every].index("balanced"), np.int32)
    places, pieces = np.full((len(every), MOST_ARGS), _NONE, np.int32), np.full((len(every), MOST_ARGS + 1), "", object)
    for number, (code, count, text) in enumerate(every):
        of[CODES.index(code), count] = number
        cut = re.split(r"\{(\d)\}", text[:1].upper() + text[1:])
        pieces[number, : len(cut[::2])], places[number, : len(cut[1::2])] = cut[::2], [int(place) for place in cut[1::2]]
    return _Templates(of, places, [pl.Series(column.tolist(), dtype=pl.String) for column in pieces.T])


def _texts(code: Ints, args: _Args, language: str) -> pl.Series:
    """All rows at once: pieces of texts and words in turn. Row by row, or text by text, it would be as many calls."""
    templates, (words, number) = _templates(language), _spoken(args, language)
    text = templates.of[code, np.minimum(args.counts, MOST_ARGS + 1)]
    places = templates.places[text]  # −1 is the column behind all arguments, the empty word
    said = [words.gather(column) for column in np.take_along_axis(number, places, axis=1).T]
    pieces = [piece.gather(text) for piece in templates.pieces]
    said[0] = _capitalized(said[0], np.flatnonzero((pieces[0].str.len_bytes() == 0).to_numpy()))
    turns = [pieces[0], *(one for pair in zip(said, pieces[1:], strict=True) for one in pair)]
    return pl.select(pl.concat_str(turns)).to_series()


def _spoken(args: _Args, language: str) -> tuple[pl.Series, NDArray[np.int64]]:
    """The names of arguments as they are said, each once and an empty one, and (n, MOST_ARGS + 1) which of them."""
    used = np.zeros(len(args.names) + 1, np.bool_)
    used[args.number] = True  # −1 marks the last, which is cut off
    chosen = np.flatnonzero(used[:-1])
    number = np.r_[np.cumsum(used[:-1]) - 1, len(chosen)][args.number]
    said = _words(args.names.gather(chosen).alias("name"), args.words[chosen], language)
    words = pl.concat([said, pl.Series("name", [""])], rechunk=True)
    return words, np.column_stack([number, np.full(len(number), len(chosen))])


def _capitalized(said: pl.Series, places: Offsets) -> pl.Series:
    """With the words at ``places``, which begin a text, in capitals at the beginning."""
    if not len(places):
        return said
    words = said[places].str
    return said.scatter(places, words.slice(0, 1).str.to_uppercase() + words.slice(1))


def _words(arguments: pl.Series, words: Flags, language: str) -> pl.Series:
    """Arguments as they are said. Most are short names, which stay: those that are long, or are ``words`` for a sound or a
    feature's value, are looked at alone."""
    said, name = arguments.alias("name"), pl.col("name")
    # a character has at least a byte, and bytes need not be looked at to be counted
    for places, spoken in (
        ((arguments.str.len_bytes() > LONGEST_NAME).arg_true(), _shortened(name)),
        (pl.Series(np.flatnonzero(words)), _word(name, language)),
    ):
        if len(places):
            said = said.scatter(places, arguments[places].to_frame("name").select(spoken).to_series())
    return said


def _shortened(name: pl.Expr) -> pl.Expr:
    return pl.when(name.str.len_chars() > LONGEST_NAME).then(_cut(name)).otherwise(name)


def _cut(name: pl.Expr) -> pl.Expr:
    return name.str.slice(0, LONGEST_NAME - 1) + "…"


def _word(argument: pl.Expr, language: str) -> pl.Expr:
    """An argument as it is said: a sound in words, a feature with its value, a name cut to its length."""
    said = pl.when(argument.is_in(SOUNDS[language])).then(argument.replace(SOUNDS[language])).otherwise(_shortened(argument))
    feature, value = argument.str.extract(r"^([a-z_]+)=", 1), argument.str.extract(r"^[a-z_]+=(-?[\d.]+)$", 1)
    named = pl.concat_str(feature.str.replace_all("_", " "), pl.lit(" "), value)
    for name, template in FEATURE_WORDS[language].items():
        before, after = template.split("{}")
        named = pl.when(feature == name).then(pl.concat_str(pl.lit(before), value, pl.lit(after))).otherwise(named)
    return pl.when(value.is_not_null()).then(named).otherwise(said)
