"""Small synthetic answers in the shapes of Spotify's Web API."""

from __future__ import annotations

from typing import Any

API = "api.spotify.com/v1"


def ident(number: int) -> str:
    """A well-formed id of 22 characters."""
    return f"{number:022d}"


def track(number: int, **changes: Any) -> dict[str, Any]:
    """A full track as an app with extended quota gets it."""
    return {
        "id": ident(number),
        "type": "track",
        "track": True,
        "episode": False,
        "name": f"Song {number}",
        "artists": [{"id": ident(900 + number), "name": f"Artist {number}"}, {"id": None, "name": "Guest"}],
        "album": {"id": ident(800), "name": "Album", "release_date": "1999-05", "release_date_precision": "month"},
        "duration_ms": 200_000 + number,
        "explicit": False,
        "popularity": 50,
        "external_ids": {"isrc": f"USQX9{number:07d}"},
        "is_local": False,
        **changes,
    }


def dev(number: int, **changes: Any) -> dict[str, Any]:
    """A full track as a new app in development mode gets it."""
    return {name: value for name, value in track(number, **changes).items() if name != "popularity"}


def simplified(number: int) -> dict[str, Any]:
    """A track inside an album."""
    return {name: value for name, value in dev(number).items() if name not in ("external_ids", "album")}


def page(
    items: list[Any], total: int | None = None, more: bool = False, host: str = "https://api.spotify.com/v1"
) -> dict[str, Any]:
    total = len(items) if total is None else total
    return {"items": items, "total": total, "next": f"{host}/next?offset=9" if more else None, "offset": 0, "limit": 50}
