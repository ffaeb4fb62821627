"""One listener with every reason for the absence of a track, and the answer to why it is absent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import polars as pl

from recsys import Settings, build
from recsys.readers.answer import Why
from recsys.readers.why import _READS, explain
from tests.support.worlds import AS_OF, asked, event, inputs, silent, track

SETTINGS = Settings(
    lists=("balanced",), artist_gap=0, list_limit=4, pool=5, diversity_pool=5, max_per_artist=2, neighborhood="co_rated"
)
UNTIL = AS_OF + timedelta(days=1)


@cache
def tables() -> dict[str, pl.DataFrame]:
    """One listener with every reason for an absence; ``v`` and ``w`` vote for track ``voted``, ``x`` does not."""
    tracks = [
        track("a third", genres=["rock"]),
        track("liked", genres=["rock"]),
        track("liked2", genres=["rock"], popularity=0.9),
        track("voted", popularity=0.6, artist="Ada"),
        silent("blocked", explicit=True),
        silent("id"),
        silent("later"),
        silent("artist", artist="Bel"),
        silent("genre", genres=["metal"]),
        silent("rare", popularity=0.01),
        silent("hidden"),
        track("two", artist="Ada", popularity=0.62),
        track("three", artist="Ada", popularity=0.61),
        track("seen", artist="Dee", popularity=0.5),
        track("song", song_key="k", popularity=0.62, title="Song", artist="Cem"),
        track("song again", title="Song (Club Remix)", artist="Cem", popularity=0.1),
        *(track(f"z{number:03}", popularity=0.0, quality_penalty=0.5 + number / 1000, tempo=60.0) for number in range(110)),
    ]
    events = [
        event("u", "liked", days=10),
        event("u", "liked", days=20),
        event("u", "liked2", "play"),
        event("u", "hidden", "hide"),
        event("x", "liked", weight=2.0),
    ]
    votes = {"liked": 2.0, "liked2": 0.5, "voted": 1.0, "gone": 1.0}
    events += [event(user, name, weight=points) for user in "vw" for name, points in votes.items()]
    events += [event(user, "a third", weight=1.5) for user in "uvx"]
    control = {"user_id": "u", "allow_explicit": False, "excluded_tracks": ["id"], "excluded_artists": ["bel"]}
    control |= {"excluded_genres": ["METAL"], "postponed_tracks": [{"track_id": "later", "until": UNTIL}]}
    wishes = [asked("u", "common", min_popularity=0.5, limit=1), asked("u", "seeded", seed_track_ids=["two"])]
    shown = pl.DataFrame({"user_id": ["u", "u"], "list": ["balanced", "balanced"], "track_id": ["seen", "liked"]})
    return build(replace(inputs(tracks, events, [control], wishes), shown=shown), SETTINGS, as_of=AS_OF)


def ask(name: str, list_name: str = "balanced", user: str = "u") -> Why:
    return explain({table: tables()[table] for table in _READS}, SETTINGS, AS_OF, user, name, list_name)
