"""Are the reasons true? Of some listeners every claim of every text is derived anew, by plain counting in the run's tables.

Which listeners follows from their ids and the moment of the run: every night looks at others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from recsys.matrices.catalog import LEAST_SPREAD
from recsys.matrices.features import has_audio, space
from recsys.matrices.tokens import token
from recsys.models import TableRows, scan
from recsys.names import key
from recsys.settings import Settings
from recsys.stages.rankings.reasons import CLOSE, FEWEST, KNOWN_TO_FEW, KNOWN_TO_MANY
from recsys.stages.rankings.wording import reason
from recsys.tables import FEATURES

_SAMPLE = 50
"""Listeners looked at."""
SHARES_ADD_UP = "the shares of a row's own tracks and the rest add up to 1 within 1e-6"
OWN_APPROVED = "the own tracks behind a row have points from its listener, who rejects none, or are seeds of its list"
SUPPORTERS_LIKE = "supporters are stored neighbours who like the track"
SAID = "a reason says what the tables say, and its text is that of its code and arguments"
CLAIM_RULES = (SHARES_ADD_UP, OWN_APPROVED, SUPPORTERS_LIKE, SAID)
"""Of listeners sampled; of severity `warn`."""


@dataclass(frozen=True)
class _World:
    """What the claims are about; songs by the id of their main release."""

    tracks: dict[str, dict[str, Any]]
    song: dict[str, str]
    liked: dict[str, set[str]]
    """Listener → songs with a rating above 0, whose latest opinion is no dislike or hide."""
    approved: dict[str, set[str]]
    """Listener with lists → songs with points for them that are not rejected: what votes rest on."""
    heard: dict[str, set[str]]
    """Listener with lists → artists, as names are compared, of every song with an event."""
    neighbors: dict[str, list[str]]
    lists: dict[tuple[str, str], dict[str, Any]]
    mean: dict[str, float]
    """Feature → its mean over the tracks with audio."""
    spread: dict[str, float]
    """Feature → its standard deviation over them, at least :data:`LEAST_SPREAD` of its range."""
    compared: Callable[[str], str]
    language: str

    def title(self, track: str) -> str:
        return str(self.tracks.get(track, {}).get("title") or track)

    def artists(self, track: str) -> set[str]:
        """Whom a track is credited to, or its main release, as names are compared."""
        return {self.compared(name) for one in (track, self.song[track]) for name in self._credits(one)}

    def by(self, user: str, artist: str) -> list[str]:
        """The liked songs by an artist."""
        named = self.compared(artist)
        return [song for song in self.liked[user] if named in {self.compared(name) for name in self._credits(song)}]

    def _credits(self, track: str) -> list[str]:
        facts = self.tracks.get(track, {"artists": None, "artist": None})
        return [*(facts["artists"] or ([facts["artist"]] if facts["artist"] else []))]

    def names(self, track: str) -> set[str]:
        """Artists and genres of a track, as names are compared."""
        return {self.compared(name) for name in (*self._credits(track), *(self.tracks.get(track, {}).get("genres") or ()))}

    def seed_names(self, user: str, listed: str) -> set[str]:
        """The artists and genres that a list starts from, as names are compared."""
        wish = self.lists[user, listed]
        return {self.compared(name) for column in ("seed_artists", "seed_genres") for name in wish[column] or ()}

    def starts(self, user: str, listed: str, songs: list[str]) -> set[str] | None:
        """Which of the songs the list starts from, as a seed or by the name of an artist or genre; none where it starts from
        none."""
        names, seeds = self.seed_names(user, listed), self.seeds(user, listed)
        started = {song for song in songs if song in seeds or names & self.names(song)}
        return started if started or seeds else None

    def seeds(self, user: str, listed: str) -> set[str]:
        """Songs of the seed tracks that the catalogue has."""
        return {self.song[track] for track in self.lists[user, listed]["seed_track_ids"] or () if track in self.song}


def false_claims(tables: Mapping[str, TableRows], settings: Settings, sample: int = _SAMPLE) -> pl.DataFrame:
    """Columns table, rule, severity, passed, failures, example: one row for each of :data:`CLAIM_RULES`."""
    rows, world = _sampled(tables, settings, sample)
    broken = [(rule, f"{row['user_id']} {row['list']} {row['track_id']}") for row in rows for rule in _broken(row, world)]
    counts, examples = Counter(rule for rule, _ in broken), dict(reversed(broken))
    return pl.DataFrame(
        [("rankings", rule, "warn", not counts[rule], counts[rule], examples.get(rule)) for rule in CLAIM_RULES],
        schema=["table", "rule", "severity", "passed", "failures", "example"],
        orient="row",
    )


def _broken(row: dict[str, Any], world: _World) -> Iterator[str]:
    """The rules that a row breaks. A track that the run does not have breaks another."""
    user, song = row["user_id"], world.song.get(row["track_id"])
    if song is None or row["track_id"] not in world.tracks:
        return
    own, shares = _own(row), [one["share"] for one in row["because"] or ()]
    if not abs(sum(shares) + (row["because_rest"] or 0.0) - 1) <= 1e-6:
        yield SHARES_ADD_UP
    starts = world.starts(user, row["list"], own)
    if not set(own) <= (world.approved[user] if starts is None else starts):
        yield OWN_APPROVED
    if row["supporters"] != sum(song in world.liked[other] for other in world.neighbors[user]):
        yield SUPPORTERS_LIKE
    code, args = row["reason_code"], row["reason_args"]
    if not _HOLDS[code](row, args, world) or row["reason"] != reason(code, args, world.language):
        yield SAID


def _own(row: dict[str, Any]) -> list[str]:
    return [one["track_id"] for one in row["because"] or ()]


def _named(row: dict[str, Any], titles: list[str], world: _World) -> bool:
    """Whether the titles are those of the first own tracks, each with a share above 0."""
    first = (row["because"] or [])[: len(titles)]
    return [world.title(one["track_id"]) for one in first] == titles and all(one["share"] > 0 for one in first)


def _own_tracks(row: dict[str, Any], args: list[str], world: _World) -> bool:
    return _named(row, args, world) and set(_own(row)[: len(args)]) <= world.approved[row["user_id"]]


def _seeded(row: dict[str, Any], args: list[str], world: _World) -> bool:
    """Each name is that of a seed behind the row, or of a seed artist or genre that a track behind it bears."""
    user, listed = row["user_id"], row["list"]
    behind = [one["track_id"] for one in row["because"] if one["share"] > 0]
    titles = {world.title(track) for track in world.seeds(user, listed) & set(behind)}
    names = world.seed_names(user, listed) & {name for track in behind for name in world.names(track)}
    return bool(args) and all(name in titles or world.compared(name) in names for name in args)


def _artist(row: dict[str, Any], args: list[str], world: _World) -> bool:
    liked = world.by(row["user_id"], args[0])
    others = int(args[2]) if args[2:] else 0
    return _credited(row, args, world) and len(liked) == 1 + others and args[1] in map(world.title, liked)


def _credited(row: dict[str, Any], args: list[str], world: _World) -> bool:
    return world.compared(args[0]) in world.artists(row["track_id"])


def _listeners(row: dict[str, Any], args: list[str], world: _World) -> bool:
    count, named = [str(row["supporters"]), str(len(world.neighbors[row["user_id"]]))], args[2:]
    return args[:2] == count and row["supporters"] >= FEWEST and (not named or _own_tracks(row, named, world))


def _sound(row: dict[str, Any], args: list[str], world: _World) -> bool:
    """Some liked track of the title is on the same side of the catalogue's mean in every feature named."""
    track = world.tracks[row["track_id"]]
    liked = (world.tracks.get(song, track) for song in world.liked[row["user_id"]] if world.title(song) == args[-1])
    return any(all(_beyond(one, word, world) for one in (track, other) for word in args[:-1]) for other in liked)


def _beyond(track: dict[str, Any], word: str, world: _World) -> bool:
    away = (track[word[:-1]] or 0.0) - world.mean[word[:-1]]
    return away > 0 if word.endswith("+") else away < 0


def _genre(row: dict[str, Any], args: list[str], world: _World) -> bool:
    def bears(track: str) -> bool:
        return world.compared(args[0]) in {world.compared(name) for name in world.tracks.get(track, {}).get("genres") or ()}

    return bears(row["track_id"]) and any(map(bears, world.liked[row["user_id"]] | world.seeds(row["user_id"], row["list"])))


def _target(row: dict[str, Any], args: list[str], world: _World) -> bool:
    """The track has the values, and they are within a standard deviation of what the list asks for."""
    wanted, track = world.lists[row["user_id"], row["list"]]["feature_targets"] or {}, world.tracks[row["track_id"]]
    for name, value in (one.split("=") for one in args):
        if wanted.get(name) is None or abs(track[name] - float(value)) > 0.5 * _unit(value):
            return False
        if abs(track[name] - wanted[name]) > CLOSE * world.spread[name] * (1 + 1e-9):
            return False
    return True


def _unit(value: str) -> float:
    """One in the last place of a number as it is written, and a bit for what halves are rounded to."""
    return 10.0 ** -len(value.partition(".")[2]) * (1 + 1e-6)


def _discovery(row: dict[str, Any], args: list[str], world: _World) -> bool:
    user = row["user_id"]
    known = world.tracks[row["track_id"]]["popularity"]
    few = len(args) != 2 or (known is not None and known <= KNOWN_TO_FEW)
    counted = len(args) < 3 or _listeners(row, args[1:], world)
    return _credited(row, args, world) and not world.heard[user] & world.artists(row["track_id"]) and few and counted


def _popular(row: dict[str, Any], _: list[str], world: _World) -> bool:
    return (world.tracks[row["track_id"]]["popularity"] or 0.0) >= KNOWN_TO_MANY


def _cold(row: dict[str, Any], _: list[str], world: _World) -> bool:
    return bool(world.lists[row["user_id"], row["list"]]["cold"])


def _filled(row: dict[str, Any], args: list[str], world: _World) -> bool:
    return row["source"] == row["reason_code"] and _credited(row, args, world)


def _known_artist(row: dict[str, Any], args: list[str], world: _World) -> bool:
    return _filled(row, args, world) and bool(world.heard[row["user_id"]] & world.artists(row["track_id"]))


def _out_of_bounds(row: dict[str, Any], _: list[str], world: _World) -> bool:
    listed, popularity = world.lists[row["user_id"], row["list"]], world.tracks[row["track_id"]]["popularity"] or 0.0
    low, high = listed["min_popularity"], listed["max_popularity"]
    return (low is not None and popularity < low) or (high is not None and popularity > high)


def _always(*_: object) -> bool:
    return True


_HOLDS: dict[str, Callable[[dict[str, Any], list[str], _World], bool]] = {
    "own_tracks": _own_tracks,
    "artist": _artist,
    "listeners": _listeners,
    "sound": _sound,
    "genre": _genre,
    "seed": _seeded,
    "target": _target,
    "discovery": _discovery,
    "popular": _popular,
    "replay": _always,
    "cold": _cold,
    "backfill_artist": _filled,
    "backfill_known_artist": _known_artist,
    "backfill_popularity": _out_of_bounds,
    "balanced": _always,
}
"""Reason code → whether its claims hold for a row and its arguments."""


def _sampled(tables: Mapping[str, TableRows], settings: Settings, sample: int) -> tuple[list[dict[str, Any]], _World]:
    """The rows of the listeners sampled whose reasons have arguments, and what they are about."""
    scans = {name: scan(tables[name]) for name in ("profiles", "rankings", "neighbors", "ratings", "songs", "tracks", "lists")}
    users = _chosen(scans["profiles"], sample)
    mine = pl.col("user_id").is_in(users.implode())
    columns = (
        "user_id",
        "list",
        "track_id",
        "reason_code",
        "reason",
        "reason_args",
        "because",
        "because_rest",
        "supporters",
        "source",
    )
    rows = scans["rankings"].filter(mine, pl.col("reason_args").is_not_null()).select(columns).collect().to_dicts()
    near = scans["neighbors"].filter(mine).select("user_id", "neighbor_id").collect()
    everyone = pl.concat([users, near["neighbor_id"]]).unique()
    approved = (pl.col("positive") > 0) & ~pl.col("rejected")
    mentioned = scans["ratings"].filter(pl.col("user_id").is_in(everyone.implode()))
    likes = (pl.col("rating") > 0) & ~pl.col("rejected")
    rated = mentioned.select("user_id", "track_id", likes=likes, approved=approved).collect()
    lists = scans["lists"].filter(mine).collect()
    stored = _Stored(rated, near, lists, scans["songs"].collect(), scans["tracks"].collect())
    return rows, _world(rows, stored, settings)


def _chosen(profiles: pl.LazyFrame, sample: int) -> pl.Series:
    """Listeners in an order that their ids and the moment of the run decide; the one without a history comes first."""
    moment = pl.col("updated_at").dt.epoch("us").cast(pl.String)
    order = pl.concat_str("user_id", moment).hash(seed=1)
    ordered = profiles.select("user_id", order=pl.when(pl.col("user_id") == "*").then(0).otherwise(order))
    return ordered.bottom_k(sample, by=["order", "user_id"]).collect()["user_id"]


class _Stored(NamedTuple):
    """What a run's tables have of the listeners sampled and their neighbours; ``songs`` and ``tracks`` are whole."""

    rated: pl.DataFrame
    near: pl.DataFrame
    lists: pl.DataFrame
    songs: pl.DataFrame
    tracks: pl.DataFrame


def _world(rows: list[dict[str, Any]], stored: _Stored, settings: Settings) -> _World:
    rated, near, lists, songs, tracks = stored
    song = dict(songs.select("track_id", "song").iter_rows())
    facts = {row["id"]: row for row in tracks.filter(_named_tracks(rows, rated, lists, song)).iter_rows(named=True)}
    compared = key if settings.exclusions == "token" else token
    listed = {(row["user_id"], row["list"]): row for row in lists.iter_rows(named=True)}
    liked: dict[str, set[str]] = defaultdict(set)
    approved: dict[str, set[str]] = defaultdict(set)
    heard: dict[str, set[str]] = defaultdict(set)
    neighbors: dict[str, list[str]] = defaultdict(list)
    world = _World(facts, song, liked, approved, heard, neighbors, listed, *_spreads(tracks), compared, settings.language)
    sampled = {user for user, _ in listed}
    for user, track, likes, approves in rated.iter_rows():
        if track in song:
            if user in sampled:
                world.heard[user].update(world.artists(track))
                if approves:
                    world.approved[user].add(song[track])
            if likes:
                world.liked[user].add(song[track])
    for user, other in near.iter_rows():
        world.neighbors[user].append(other)
    return world


def _named_tracks(rows: list[dict[str, Any]], rated: pl.DataFrame, lists: pl.DataFrame, song: dict[str, str]) -> pl.Expr:
    """Which tracks the claims are about, and their main releases: a catalogue of dictionaries is hundreds of megabytes."""
    ids = {track for row in rows for track in (row["track_id"], *_own(row))}
    ids.update(rated.join(lists, on="user_id", how="semi")["track_id"])
    ids.update(lists["seed_track_ids"].explode(empty_as_null=False).drop_nulls())
    ids |= {song[track] for track in ids if track in song}
    ids.discard(None)  # a damaged row breaks another rule
    return pl.col("id").is_in(pl.Series(sorted(ids), dtype=pl.String).implode())


def _spreads(tracks: pl.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation of each feature over the tracks with audio."""
    raw = tracks.select(pl.col(FEATURES).fill_null(0.0)).to_numpy()
    known = raw[has_audio(raw)]
    if not len(known):
        return dict.fromkeys(FEATURES, 0.0), dict.fromkeys(FEATURES, 0.0)
    whole = space(raw, has_audio(raw))
    spread = np.maximum(known.std(axis=0), LEAST_SPREAD * (whole.high - whole.low))
    return dict(zip(FEATURES, known.mean(axis=0).tolist(), strict=True)), dict(zip(FEATURES, spread.tolist(), strict=True))
