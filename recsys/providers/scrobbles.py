"""A Last.fm user's plays and loved tracks → events of a listener: only those that the lake lacks."""

from __future__ import annotations

from collections.abc import Sequence

from recsys.errors import ProviderError
from recsys.lake import Lake
from recsys.providers.cache import Cache
from recsys.providers.lastfm import LastFm, Play
from recsys.providers.lenient import Unreadable
from recsys.providers.listenbrainz import Listen
from recsys.providers.listens import Import, Listens
from recsys.providers.paging import left

_WINDOW = 14 * 86_400
"""Seconds before the newest play that are read once more each time: clients deliver late."""


def import_scrobbles(
    lake: Lake, lastfm: LastFm, user: str, *, cache: Cache, listener: str | None = None, since: int = 0
) -> Listens:
    """Plays and loved tracks of a Last.fm user, from second ``since`` on, → events of ``listener`` (default: the user's name).

    The next import reads on from the newest play, less the last two weeks. One that stops early starts over: only what the lake
    lacks is written.
    """
    own = Import(lake, f"lastfm {user}", listener or user, "lastfm")
    summary = own.outcome.summary
    summary.access = lastfm.access
    cursor = f"{user}>{listener or user}"
    done = int(cache.state("lastfm").cursors.get(cursor, "0"))
    try:
        newest = done
        for page in lastfm.recent(user, max(since, done - _WINDOW, 0)):
            listens = _listens(page)
            newest = max([newest, *(one.listened_at for one in listens if isinstance(one, Listen))])
            own.write([listens])
        for page in lastfm.loved(user):
            own.write([_listens(page)], "like")
        with cache.changing("lastfm") as state:
            state.cursors[cursor] = str(newest)
    except ProviderError as error:
        summary.stopped, summary.not_asked = str(error), left(lastfm.total, own.read)
    return own.outcome


def _listens(page: Sequence[Play | Unreadable]) -> list[Listen | Unreadable]:
    return [play if isinstance(play, Unreadable) else _listen(play) for play in page]


def _listen(play: Play) -> Listen:
    named = {
        "track_name": play.name,
        "artist_name": play.artist.text or play.artist.name,
        "release_name": (play.album.text or None) if play.album else None,
        "additional_info": {"music_service_name": "Last.fm"},
    }
    return Listen.model_validate({"listened_at": play.date.uts if play.date else 0, "track_metadata": named})
