"""What makes two titles the same song: normalised names, stable text ids, and Spotify ids in their several spellings.

A key is ``first artist | title``. Both parts go through the same steps: compatibility forms unified and accents off
(NFKD without U+0300–U+036F, then NFC, so that Korean, Japanese and Indic letters stay whole), lower case, ``&`` as *and*,
apostrophes and full stops gone, every other sign a space. A title first loses

- credits: ``(feat. …)``, ``[with …]``, and ``feat. …`` without brackets;
- version notes in brackets or after a spaced dash: remaster, live, edit, version, mono, stereo, deluxe, demo, acoustic …
  A remix keeps its name: it is another song. What else is another version of the song is so by its id, see :func:`text_ids`.

An artist first loses everyone but the first:

- what follows ``;``, `` / ``, feat., ft., featuring, with, vs. or presents is somebody else;
- so is what follows a comma and a space, except ``, the …`` (*Tyler, The Creator*) and any comma list that ends in *&*
  or *and* (*Earth, Wind & Fire*; *Crosby, Stills, Nash & Young*);
- *&* and *and* alone never separate (*Simon & Garfunkel*), so two guests joined by *&* stay one name.

A name made of signs alone (*÷*, *???*) stays as it is. Keys and the ids of plain songs never change between versions of recsys:
text ids are written into the lake.
"""

from __future__ import annotations

import hashlib

import polars as pl

from recsys.names import version

_CREDIT = r"(?:feat|ft|featuring)"
_VERSION = (
    r"\b(?:re-?master(?:ed)?|live|edit|edited|version|mono|stereo|deluxe|edition|expanded|anniversary|bonus|demo|acoustic"
    r"|unplugged|sessions?|explicit|clean|single|re-?recorded|original mix|extended mix|radio mix|soundtrack)\b"
)
_INSIDE = r"[^()\[\]{}]*"
_DASH = "\x1f"
_TEXT = pl.col("text")
_SPOTIFY_ID = (
    r"^(?:spotify:track:|https?://open\.spotify\.com/(?:intl-[a-zA-Z-]+/)?(?:embed/)?track/)?([0-9A-Za-z]{22})(?:[/?#].*)?$"
)


def song_keys(titles: pl.Series, artists: pl.Series) -> pl.Series:
    """Song key of each title and artist; null where either is null or blank."""
    names = pl.DataFrame({"title": _each_once(titles, _title(_TEXT)), "artist": _each_once(artists, _artist(_TEXT))})
    return names.select(pl.concat_str("artist", "title", separator=" | ").alias("song_key")).to_series()


def song_key(title: str | None, artist: str | None) -> str | None:
    """:func:`song_keys` of one song."""
    key: str | None = song_keys(_one(title), _one(artist)).item()
    return key


def text_ids(titles: pl.Series, artists: pl.Series) -> pl.Series:
    """Track ids for songs known by name only: ``text:`` and 20 hex digits of the key's SHA-256; null where the key is.

    A live take, karaoke and the like, whose notes the key drops, have ids of their own: of the key and the version.
    """
    keys = pl.DataFrame({"key": song_keys(titles, artists), "version": _versions(titles)})
    noted = pl.col("key").str.ends_with(pl.concat_str(pl.lit(" "), "version"))
    dropped = (pl.col("version") != "") & ~(noted & ~pl.col("key").str.ends_with(pl.concat_str(pl.lit("| "), "version")))
    named = keys.select(pl.when(dropped).then(pl.concat_str("key", "version", separator=" | ")).otherwise("key")).to_series()
    return _each_once(named, _TEXT.map_batches(_digests, return_dtype=pl.String)).alias("text_id")


def text_id(title: str, artist: str) -> str:
    """:func:`text_ids` of one song. Raises :class:`ValueError` when title or artist is blank."""
    identity: str | None = text_ids(_one(title), _one(artist)).item()
    if identity is None:
        raise ValueError(f"no text id for title {title!r}, artist {artist!r}: both must be named")
    return identity


def named_rows(tracks: pl.DataFrame, *, versions: bool = True) -> pl.DataFrame:
    """Rows of ``tracks`` as the model ``aliases`` reads them: ``song_key`` where a caller has none, and ``version``.

    ``versions``: whether a live take is another song than the plain one; ``version`` is blank otherwise.
    """
    artist = pl.select(pl.coalesce(tracks["artists"].list.first(), tracks["artist"])).to_series()
    keys = pl.select(pl.coalesce(tracks["song_key"], song_keys(tracks["title"], artist))).to_series().alias("song_key")
    if not versions or not (tracks["origin"] == "mention").any():
        return tracks.with_columns(keys, pl.lit("").alias("version"))
    return tracks.with_columns(keys, _versions(tracks["title"]).alias("version"))


def _versions(titles: pl.Series) -> pl.Series:
    """:func:`recsys.names.version` of each title; blank for none."""
    distinct = titles.cast(pl.String).unique().drop_nulls()
    named = pl.DataFrame({"title": distinct, "version": pl.Series([version(title) for title in distinct], dtype=pl.String)})
    joined = titles.cast(pl.String).to_frame("title").join(named, on="title", how="left", maintain_order="left")
    return joined["version"].fill_null("")


def spotify_ids(texts: pl.Series) -> pl.Series:
    """Track id in ``spotify:track:…``, an open.spotify.com track link, or 22 bare letters and digits; null for anything else."""
    return texts.cast(pl.String).str.strip_chars().str.extract(_SPOTIFY_ID).alias("spotify_id")


def spotify_id(text: str | None) -> str | None:
    """:func:`spotify_ids` of one text."""
    ident: str | None = spotify_ids(_one(text)).item()
    return ident


def _one(text: str | None) -> pl.Series:
    return pl.Series([text], dtype=pl.String)


def _each_once(texts: pl.Series, name: pl.Expr) -> pl.Series:
    """``name``, an expression over :data:`_TEXT`, computed once for each distinct text."""
    texts = texts.cast(pl.String).alias("text")
    distinct = texts.unique().drop_nulls().to_frame()
    return texts.to_frame().join(distinct.with_columns(name=name), on="text", how="left", maintain_order="left")["name"]


def _plain(text: pl.Expr) -> pl.Expr:
    bare = text.str.normalize("NFKD").str.replace_all(r"[\u{300}-\u{36f}]", "").str.normalize("NFC").str.to_lowercase()
    return bare.str.replace_all(r"[\s\x1f]+", " ").str.strip_chars()


def _words(text: pl.Expr) -> pl.Expr:
    words = (
        text.str.replace_all(r"['’‘ʼ`´.]", "")
        .str.replace_all("&", " and ", literal=True)
        .str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ")
        .str.strip_chars()
    )
    signs = text.str.strip_chars(" \x1f")
    return pl.when(words != "").then(words).when(signs != "").then(signs)


def _title(text: pl.Expr) -> pl.Expr:
    whole = _plain(text)
    dashed = whole.str.replace_all(r"\s+[-–—]\s+", _DASH)
    song = (
        dashed.str.replace_all(rf"[(\[{{]\s*(?:{_CREDIT}|with)\b{_INSIDE}[)\]}}]", " ")
        .str.replace_all(rf"\s{_CREDIT}\b[^\x1f()\[\]{{}}]*", " ")
        .str.replace_all(rf"[(\[{{]{_INSIDE}{_VERSION}{_INSIDE}[)\]}}]", " ")
        .str.replace_all(rf"\x1f[^\x1f]*{_VERSION}[^\x1f]*", " ")
    )
    return pl.coalesce(_words(song), _words(whole))


def _artist(text: pl.Expr) -> pl.Expr:
    whole = _plain(text)
    alone = whole.str.replace(rf"(?:;|\s/\s|\s(?:{_CREDIT}|with|vs|presents)\b).*$", "")
    first = (
        pl.when(alone.str.contains(r",.*(?:&|\band\b)"))
        .then(alone)
        .when(alone.str.contains("^[^,]+, the "))
        .then(alone.str.replace("^([^,]+, the [^,]+).*$", "${1}"))
        .otherwise(alone.str.replace(r",\s.*$", ""))
    )
    return pl.coalesce(_words(first), _words(whole))


def _digests(keys: pl.Series) -> pl.Series:
    return pl.Series(["text:" + hashlib.sha256(key.encode()).hexdigest()[:20] for key in keys], dtype=pl.String)
