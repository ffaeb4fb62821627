"""What is known of the bucket between two commands: tags of the objects that are here, and of those that were sent.

Lost or damaged, it costs requests and nothing else.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys.lake import files

_NAME = "tags.json"


class Tags:
    """Key → tag of the content that is here (``here``), and → tag and SHA-256 of what this machine sent (``sent``)."""

    def __init__(self, here: dict[str, str], sent: dict[str, list[str]]) -> None:
        self.here, self.sent = here, sent

    def forget(self, there: set[str]) -> list[str]:
        """Let go of the keys that are not there any more; those of which the content is here."""
        gone = [key for key in self.here if key not in there]
        for key in gone:
            del self.here[key]
        self.sent = {key: value for key, value in self.sent.items() if key in there}
        return gone

    def dump(self) -> bytes:
        return json.dumps({"here": self.here, "sent": self.sent}, sort_keys=True).encode()


@contextmanager
def tags_in(folder: Path) -> Iterator[Tags]:
    """The tags of a mirror, one process or thread at a time; what changes is stored when the block ends."""
    with (folder / f".{_NAME}.lock").open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        tags = _read(folder / _NAME)
        before = tags.dump()
        try:
            yield tags
        finally:
            if (now := tags.dump()) != before:
                files.put_cache(folder / _NAME, now)


def _read(path: Path) -> Tags:
    try:
        values = json.loads(path.read_bytes())
        here, sent = dict(values["here"]), dict(values["sent"])
    except (OSError, ValueError, TypeError, KeyError):
        return Tags({}, {})
    return Tags(
        {key: tag for key, tag in here.items() if isinstance(tag, str)},
        {key: pair for key, pair in sent.items() if isinstance(pair, list)},
    )
