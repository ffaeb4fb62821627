"""Small worlds at random, with every oddity that inputs may hold.

Gaps, several credits of an artist, versions of a song, unknown tracks, undated and future events, all kinds of wishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from recsys import Inputs
from recsys.tables import EVENT_TYPES, FEATURES
from tests.support.worlds import AS_OF, Row, asked, event, inputs


class Chance:
    """Rows at random, the same for the same seed."""

    def __init__(self, seed: int, users: int, tracks: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.users = [f"u{number}" for number in range(users)]
        self.ids = [f"t{number:02}" for number in range(tracks)]

    def maybe(self, value: Any, share: float = 0.3) -> Any:
        return value if self.rng.random() < share else None

    def one(self, values: Sequence[str]) -> str:
        return values[int(self.rng.integers(len(values)))]

    def some(self, values: Sequence[str]) -> list[str]:
        return [self.one(values) for _ in range(self.rng.integers(3))]

    def sound(self) -> Row:
        wide = self.rng.uniform((-60.0, 40.0, 1.0), (0.0, 220.0, 7.0)).tolist()
        shares = dict(zip(FEATURES, self.rng.random(12).tolist(), strict=True))
        return shares | dict(zip(("loudness", "tempo", "time_signature"), wide, strict=True))

    def track(self, name: str) -> Row:
        return {
            "id": name,
            "artist": self.maybe(f"Artist {self.rng.integers(6)}", 0.9),
            "artists": self.maybe(self.some(("Ada", "Bel", " ada"))),
            "genres": self.some(("Rock", "rock ", "Pop", "jazz", "")),
            "popularity": self.maybe(self.rng.random(), 0.9),
            "explicit": self.maybe(True),
            "commercial_boost": self.maybe(0.05),
            "discovery_allowed": self.maybe(True, 0.7),
            "quality_penalty": self.maybe(0.3),
            "song_key": self.maybe(f"song {self.rng.integers(8)}"),
            **(self.sound() if self.rng.random() < 0.8 else {}),
        }

    def event(self) -> Row:
        days = self.maybe(self.rng.uniform(-5, 300), 0.95)
        heard, length = self.one([*self.ids, "gone"]), int(self.rng.integers(60_000))
        return event(self.one(self.users), heard, self.one(EVENT_TYPES), days, completed_ms=length, weight=self.maybe(0.7, 0.1))

    def controls(self, user: str) -> Row:
        until = AS_OF + timedelta(days=self.rng.uniform(-5, 5))
        return {
            "user_id": user,
            "allow_explicit": self.maybe(False, 0.5),
            "excluded_tracks": self.some(self.ids),
            "excluded_artists": self.some(("artist 1", "Ada", "Artist 2")),
            "excluded_genres": self.some((" POP", "jazz")),
            "postponed_tracks": [{"track_id": track, "until": self.maybe(until, 0.7)} for track in self.some(self.ids)],
        }

    def request(self, user: str) -> Row:
        return asked(
            user,
            limit=int(self.rng.integers(1, 25)),
            mode=self.maybe(" Discovery ", 0.5),
            seed_track_ids=self.some([*self.ids, "gone"]),
            feature_targets=self.maybe({"energy": 0.7, "tempo": 160.0}),
            exploration_target=self.maybe(0.4),
            min_popularity=self.maybe(0.2),
            max_popularity=self.maybe(0.6),
            include_explicit=self.maybe(True, 0.5),
            excluded_track_ids=self.some(self.ids),
            excluded_artist_ids=self.some(("Artist 3",)),
            excluded_genres=self.some(("Rock",)),
        )


def world(seed: int, users: int = 10, tracks: int = 30, events: int = 200) -> Inputs:
    """Half of the listeners have controls, a third and one without history have a saved list."""
    chance = Chance(seed, users, tracks)
    return inputs(
        [chance.track(name) for name in chance.ids],
        [chance.event() for _ in range(events)],
        [chance.controls(user) for user in chance.users[::2]],
        [chance.request(user) for user in (*chance.users[::3], "new")],
    )
