"""``recsys serve``: the read-only lookup over HTTP."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import uvicorn
from cyclopts import Parameter
from cyclopts.validators import Number

from recsys.cli.options import LakeFolder, lake_folder
from recsys.cli.screen import say, warn
from recsys.errors import RecsysError, UsageError
from recsys.lake import pointer
from recsys.lake.home import Home, home_of
from recsys.lookup.app import build
from recsys.lookup.connection import Connection
from recsys.lookup.gateway import LOOPBACK, Gateway
from recsys.sources import variable

KEEP_ALIVE, SHUTDOWN = 5, 10
LOOK = 20
"""Tenths of a second between two looks at what is published."""
FOLLOW = 5.0
"""Seconds between two looks at a bucket."""

Host = Annotated[str, Parameter(name="--host", help="Address to listen on; one that others can reach needs API_KEYS.")]
Port = Annotated[int, Parameter(name="--port", help="Port to listen on; 0 = any free one.", validator=Number(gte=0, lte=65_535))]
Linkless = Annotated[
    bool, Parameter(name="--without-links", negative="", help="Leave the links to Spotify, YouTube and others out of the page.")
]
Keyless = Annotated[bool, Parameter(name="--without-keys", negative="", help="Let everyone read, on any address.")]


def serve(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8350,
    without_keys: Keyless = False,
    without_links: Linkless = False,
    lake: LakeFolder = None,
) -> None:
    """Serve the published lists, read only; API_KEYS (comma-separated) protects them."""
    keys = api_keys()
    if not keys and host not in LOOPBACK and not without_keys:
        raise UsageError(f"--host {host} would show every list to the network: set API_KEYS, or add --without-keys")
    local = not keys and not without_keys
    home = home_of(lake_folder(lake))
    _warn_unless_published(home)
    app = build(home.root, keys=keys, hosts=LOOPBACK if local else None, links=not without_links)
    with _listen(host, port) as listener, _followed(home):
        name, number = listener.getsockname()[:2]
        say(f"serving on http://{f'[{name}]' if ':' in name else name}:{number}/  (Ctrl-C stops it)")
        gc.collect()
        gc.freeze()  # what is here now stays: later collections need not look at it
        _Server(app).run(sockets=[listener])


@contextmanager
def _followed(home: Home) -> Iterator[None]:
    """Bring what is published in a bucket to this machine, as long as the block lasts."""
    done = threading.Event()

    def follow() -> None:
        while not done.wait(FOLLOW):
            with suppress(RecsysError):  # what is here is served on
                home.sync()

    if home.shared:
        threading.Thread(target=follow, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _warn_unless_published(home: Home) -> None:
    """A server may start before the first run, or while a bucket does not answer, but says so."""
    try:
        home.sync()
    except RecsysError as error:
        warn(f"{error}; what is on this machine is served")
    try:
        published = pointer.read(home.root / pointer.CURRENT)
    except RecsysError as error:
        warn(f"nothing to serve yet: {error}")
        return
    if published is None or published.run is None:
        warn(f"nothing to serve yet: no run is published in {home.name}; make one with  recsys run --lake {home.name}")


class _Server(uvicorn.Server):
    """Looks every few seconds which run is published, so that an idle one lets go of the files of another."""

    def __init__(self, app: Gateway) -> None:
        super().__init__(_config(app))
        self._refresh = app.refresh

    async def on_tick(self, counter: int) -> bool:
        if counter % LOOK == 0:
            with suppress(RecsysError):
                self._refresh()
        return await super().on_tick(counter)


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        loop="uvloop",
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=SHUTDOWN,
    )


def api_keys() -> tuple[str, ...]:
    """Keys from the environment or ``.env`` in the working folder. Raises :class:`UsageError` for one that is easily guessed."""
    keys = tuple(key.strip() for key in (variable("API_KEYS") or "").split(",") if key.strip())
    if any(len(key) < 8 for key in keys):
        raise UsageError("API_KEYS: a key needs at least 8 characters; make one with  openssl rand -hex 16")
    return keys


def _listen(host: str, port: int) -> socket.socket:
    """Bound before the server starts, so that a port in use is one message."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(f"cannot listen on {host} port {port}: {error}; choose others with --host and --port") from error
