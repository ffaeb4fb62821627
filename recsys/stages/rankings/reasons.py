"""Why a row is in its list: the evidence with the most points beyond what an average candidate of the list has, in words.

Every code stands for one kind of evidence; its arguments are stored, so that apps can say it in their own words or language.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl

from recsys.stages.rankings.texts import CODES, FEATURE_WORDS, LONGEST_NAME, SOUNDS, TEXTS
from recsys.tables import STRINGS

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
MOST_ARGS = 3
_PREFIX = "points_"

EVIDENCE = pl.Schema(
    {
        # points of each part beyond the mean of the list's candidates
        "content": pl.Float64(),
        "collaborative": pl.Float64(),
        "popularity": pl.Float64(),
        "exploration": pl.Float64(),
        "familiarity": pl.Float64(),
        "target": pl.Float64(),
        # titles, by number as all names here, of the own tracks with the greatest shares of the votes, and these shares
        "own_1": pl.Int32(),
        "own_2": pl.Int32(),
        "share_1": pl.Float64(),
        "share_2": pl.Float64(),
        # neighbours who like the track, of how many
        "supporters": pl.Int32(),
        "neighbors": pl.Int32(),
        # the artist by whom the listener likes most tracks, how many, and title of the one nearest in sound
        "artist": pl.Int32(),
        "by_artist": pl.Int32(),
        "theirs": pl.Int32(),
        # title of the own track nearest in sound, its cosine, and what both are: feature and direction
        "nearest": pl.Int32(),
        "cosine": pl.Float64(),
        "sound_1": pl.Int32(),
        "sound_2": pl.Int32(),
        # the genre of the track that the listener likes best
        "genre": pl.Int32(),
        # title of the list's seed that the votes come from most
        "seed": pl.Int32(),
        # features asked for, as feature=value of the track
        "fit_1": pl.String(),
        "fit_2": pl.String(),
        # popularity 0–1, null where it is not known
        "known": pl.Float64(),
        # the list wants artists the listener has never played
        "fresh": pl.Boolean(),
        # how the row came into the list
        "source": pl.String(),
    }
)
"""What speaks for a ranking row; null or 0 where there is nothing of the kind."""


NameColumns = Mapping[str, pl.Series]
"""What the numbers in a column of :data:`EVIDENCE` stand for, by column."""


def reasons(evidence: pl.DataFrame, names: NameColumns, language: str = "en") -> pl.DataFrame:
    """Columns `reason_code`, `reason_args` and `reason` of rows in the columns of :data:`EVIDENCE`."""
    # step by step: one expression of all of it takes longer to plan than to compute
    weighed = evidence.with_columns(**_points()).with_columns(points_most=pl.max_horizontal(*_points()))
    coded = weighed.select(pl.int_range(pl.len()).alias("place"), _code(), *EVIDENCE)
    # names are looked up where they are said: most of the evidence is never put in words
    parts = [pl.DataFrame(schema={"place": pl.Int64, "reason_code": pl.String, "reason_args": STRINGS})]
    parts += [_with_args(rows, code, names) for (code,), rows in coded.partition_by("reason_code", as_dict=True).items()]
    chosen = pl.concat(parts).sort("place").drop("place")
    return chosen.with_columns(texts(chosen, language).alias("reason"))


def _with_args(rows: pl.DataFrame, code: str, names: NameColumns) -> pl.DataFrame:
    """Columns `place`, `reason_code` and `reason_args` of rows of one code."""
    args = _args().get(code, ())
    said = {name for arg in args for name in arg.meta.root_names()} & names.keys()
    named = rows.with_columns(names[name].gather(rows[name]).alias(name) for name in sorted(said))
    listed = pl.concat_list(args).list.drop_nulls() if args else pl.lit([], STRINGS)
    return named.select("place", "reason_code", listed.alias("reason_args"))


@cache
def _code() -> pl.Expr:
    """The kind of evidence with the most of :func:`_points`; the first in the order of :data:`CODES` of equals."""
    most = pl.col("points_most")
    code = pl.coalesce(pl.when(pl.col(name) == most).then(pl.lit(name.removeprefix(_PREFIX))) for name in _points())
    named = pl.col("source").is_in(CODES)  # cold, replay, back-fill: how the row came in is the reason
    return pl.when(named).then(pl.col("source")).when(most > 0).then(code).otherwise(pl.lit("balanced")).alias("reason_code")


@cache
def _points() -> dict[str, pl.Expr]:
    """Column → points that each kind of evidence brings beyond an average candidate, 0 where there is none."""
    part = {name: pl.col(name).clip(lower_bound=0.0) for name in EVIDENCE.names()[:6]}
    own = pl.sum_horizontal(pl.col(name).fill_null(0.0).clip(lower_bound=0.0) for name in ("share_1", "share_2")).clip(0.0, 1.0)
    support = pl.when(pl.col("supporters") >= FEWEST).then(pl.col("supporters") / pl.col("neighbors")).otherwise(0.0)
    alike = (pl.col("nearest").is_not_null() & (pl.col("cosine") >= _NEAR)).fill_null(value=False)
    points = {
        "own_tracks": (pl.col("own_1").is_not_null() & pl.col("seed").is_null(), part["collaborative"] * own),
        "artist": (pl.col("by_artist") > 0, part["familiarity"]),
        "listeners": (pl.col("supporters") >= FEWEST, part["collaborative"] * support),
        "sound": (alike, part["content"]),
        "genre": (~alike & pl.col("genre").is_not_null(), part["content"]),
        "seed": (pl.col("seed").is_not_null(), part["collaborative"] * own),
        "target": (pl.col("fit_1").is_not_null(), part["target"]),
        "discovery": (pl.col("fresh") & pl.col("artist").is_not_null(), part["popularity"] + part["exploration"]),
        "popular": ((~pl.col("fresh") & (pl.col("known") >= KNOWN_TO_MANY)).fill_null(value=False), part["popularity"]),
    }
    return {f"{_PREFIX}{name}": pl.when(points[name][0]).then(points[name][1]).otherwise(0.0) for name in CODES if name in points}


@cache
def _args() -> dict[str, tuple[pl.Expr, ...]]:
    """Code → arguments of its text, in order."""
    number = {name: pl.col(name).cast(pl.String) for name in ("supporters", "neighbors")}
    others = pl.col("by_artist") - 1
    many = pl.col("supporters") >= FEWEST
    return {
        "own_tracks": (pl.col("own_1"), pl.when(pl.col("share_2") > 0).then(pl.col("own_2"))),
        "artist": (pl.col("artist"), pl.col("theirs"), pl.when(others >= 1).then(others.cast(pl.String))),
        "listeners": (number["supporters"], number["neighbors"], pl.when(pl.col("share_1") > 0).then(pl.col("own_1"))),
        "sound": (pl.col("sound_1"), pl.col("sound_2"), pl.col("nearest")),
        "genre": (pl.col("genre"),),
        "seed": (pl.col("seed"), pl.when(pl.col("share_2") > 0).then(pl.col("own_2"))),
        "target": (pl.col("fit_1"), pl.col("fit_2")),
        "discovery": (
            pl.col("artist"),
            pl.when(many).then(number["supporters"]).when(pl.col("known") <= KNOWN_TO_FEW).then(pl.lit("popularity-")),
            pl.when(many).then(number["neighbors"]),
        ),
        "backfill_artist": (pl.col("artist"),),
        "backfill_known_artist": (pl.col("artist"),),
    }


def texts(rows: pl.DataFrame, language: str) -> pl.Series:
    """The text of each row from its `reason_code` and `reason_args`, in a language of :data:`TEXTS`.

    Rows that share a template are filled together: as one expression, all templates would be filled for all rows.
    """
    arguments = (pl.col("reason_args").list.get(at, null_on_oob=True).alias(str(at)) for at in range(MOST_ARGS))
    frame = rows.select(pl.int_range(pl.len()).alias("place"), "reason_code", pl.col("reason_args").list.len(), *arguments)
    parts = [pl.DataFrame(schema={"place": pl.Int64, "text": pl.String})]
    for (code, count), part in frame.partition_by("reason_code", "reason_args", as_dict=True).items():
        template = TEXTS[language].get(code, {}).get(count, TEXTS[language]["balanced"][0])
        parts.append(part.select("place", _filled(template, part, language).alias("text")))
    text = pl.col("text")
    return pl.concat(parts).sort("place").select(text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)).to_series()


def _filled(template: str, rows: pl.DataFrame, language: str) -> pl.Expr:
    """The template with its places filled from the columns 0, 1 … of rows."""
    pieces: list[pl.Expr] = []
    rest = template
    while "{" in rest:
        before, _, rest = rest.partition("{")
        place, _, rest = rest.partition("}")
        pieces += [pl.lit(before), pl.lit(_words(rows[place], language))]
    return pl.concat_str(*pieces, pl.lit(rest))


def _words(arguments: pl.Series, language: str) -> pl.Series:
    """Arguments as they are said. Most are short names, which stay: those that are long, or may be a sound, which ends with a
    sign, or a feature's value are looked at alone."""
    said, text = arguments.alias("name"), arguments.str
    name, signed = pl.col("name"), text.ends_with("+") | text.ends_with("-") | text.contains("=", literal=True)
    # a character has at least a byte, and bytes need not be looked at to be counted
    for places, words in (
        ((text.len_bytes() > LONGEST_NAME).arg_true(), _shortened(name)),
        (signed.arg_true(), _word(name, language)),
    ):
        if len(places):
            said = said.scatter(places, arguments[places].to_frame("name").select(words).to_series())
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
