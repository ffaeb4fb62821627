"""What clients that flood take from the others: ``python -m bench.floods --lake LAKE [--seconds N]``.

Starts ``recsys serve`` over a lake with a published run. While each flood runs in a process of its own, ``/healthz`` is asked on
a new connection every 20 ms. Prints how long that took and the greatest memory of the server: a new one for each flood, so that
none hides behind another. All of it happens on one machine, so a busy one makes every time longer: beside the flood that stands
at the head, ``none``, one sees by how much.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PAUSE = 0.02
PATIENCE = 10.0
LIST = b"/v1/users/%2A/recommendations"
POST = b"/v1/recommendations"
WRONG = b'{"limit": [' + b'"x",' * 10_000 + b'"x"]}'
"""A body of 20,000 faults."""


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def head(path: bytes, *lines: bytes, method: bytes = b"GET") -> bytes:
    return b"\r\n".join([b"%b %b HTTP/1.1" % (method, path), b"host: localhost", *lines, b"", b""])


def idle(_port: int) -> None:
    """Nobody floods."""
    time.sleep(1)


def pipelined(port: int) -> None:
    """30 MiB of requests that do not wait for their answers."""
    _pour(port, head(LIST) * 200, 2_000)


def endless_head(port: int) -> None:
    """A header without end."""
    _pour(port, b"GET / HTTP/1.1\r\nx: " + b"a" * 16_384, 1_000)


def endless_body(port: int) -> None:
    """Chunks without end."""
    with connect(port) as client:
        client.sendall(head(POST, b"transfer-encoding: chunked", method=b"POST"))
        for _ in range(10_000):
            client.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")


def silent(port: int) -> None:
    """1,200 connections that say nothing."""
    _many(port, 1_200, b"")


def half_heads(port: int) -> None:
    """1,200 connections that stop within a head."""
    _many(port, 1_200, b"GET / HTTP/1.1\r\nx: y\r\n")


def half_bodies(port: int) -> None:
    """600 connections that announce a body and do not send it."""
    _many(port, 600, head(POST, b"content-length: 50", method=b"POST") + b"{")


def deaf(port: int) -> None:
    """600 connections that do not read their answers."""
    _many(port, 600, head(LIST + b"?limit=100"))


def hang_ups(port: int) -> None:
    """Connections that end within a request."""
    for _ in range(200):
        with connect(port) as client:
            client.sendall(head(POST, b"content-length: 50", method=b"POST") + b"{")


def wrong_bodies(port: int) -> None:
    """Bodies of 20,000 faults."""
    with connect(port) as client:
        for _ in range(20):
            client.sendall(head(POST, b"content-length: %d" % len(WRONG), method=b"POST") + WRONG)
            client.recv(2**20)


def lengths(port: int) -> None:
    """Lengths of 4,301 digits."""
    for _ in range(100):
        with connect(port) as client:
            client.sendall(head(POST, b"content-length: " + b"9" * 4_301, method=b"POST"))
            client.recv(65_536)


def requests(port: int) -> None:
    """Good requests, one after the other, from eight connections."""
    clients = [connect(port) for _ in range(8)]
    for _ in range(500):
        for client in clients:
            client.sendall(head(LIST))
        for client in clients:
            client.recv(2**20)


def _pour(port: int, data: bytes, times: int) -> None:
    with connect(port) as client:
        for _ in range(times):
            client.sendall(data)


def _many(port: int, count: int, data: bytes) -> None:
    clients = []
    for _ in range(count):
        clients.append(connect(port))
        with suppress(OSError):
            clients[-1].sendall(data)
    time.sleep(1)
    for client in clients:
        client.close()


FLOODS: tuple[Callable[[int], None], ...] = (
    idle, pipelined, endless_head, endless_body, silent, half_heads, half_bodies, deaf, hang_ups, wrong_bodies, lengths, requests,
)  # fmt: skip


def flood(kind: Callable[[int], None], port: int) -> None:
    """The same again and again."""
    while True:
        with suppress(OSError):
            kind(port)


@contextmanager
def served(lake: Path) -> Iterator[tuple[int, int]]:
    """Process id and port of a server."""
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "serve", "--port", "0", "--lake", str(lake)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as server:
        try:
            said = re.search(r"http://[^:]+:(\d+)", server.stdout.readline() if server.stdout else "")
            if said is None:
                raise SystemExit(f"{lake} cannot be served; see  recsys serve --lake {lake}")
            yield server.pid, int(said[1])
        finally:
            server.kill()


def ask(port: int) -> float:
    """Seconds until ``/healthz`` answered; infinite when it did not."""
    started = time.perf_counter()
    try:
        with connect(port) as client:
            client.sendall(head(b"/healthz", b"connection: close"))
            good = client.recv(1_024).startswith(b"HTTP/1.1 200")
    except OSError:
        good = False
    return time.perf_counter() - started if good else float("inf")


def peak(pid: int) -> float:
    """The most MiB that a process had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def measure(kind: Callable[[int], None], lake: Path, seconds: float) -> str:
    """One flood as a row of the table."""
    with served(lake) as (pid, port):
        ask(port)
        flooding = multiprocessing.get_context("spawn").Process(target=flood, args=(kind, port), daemon=True)
        flooding.start()
        took, until = [], time.monotonic() + seconds
        while time.monotonic() < until:
            took.append(ask(port) * 1_000)
            time.sleep(PAUSE)
        flooding.kill()
        flooding.join()
        took.sort()
        p95 = took[int(0.95 * (len(took) - 1))]
        lost = sum(each == float("inf") for each in took)
        what = (kind.__doc__ or "").rstrip(".")
        return f"| {what} | {len(took)} | {lost} | {statistics.median(took):.1f} | {p95:.1f} | {took[-1]:.1f} | {peak(pid):.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", help="the flood of this name")
    chosen = parser.parse_args()
    print("| flood | asked | no answer | median ms | p95 ms | longest ms | server MiB |\n|---|---|---|---|---|---|---|")
    for kind in FLOODS:
        if chosen.only in (None, kind.__name__):
            print(measure(kind, chosen.lake, chosen.seconds), flush=True)
    print(f"\nload at the end: {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
