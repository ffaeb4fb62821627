"""Every error that recsys raises on purpose.

    RecsysError              exit 1   any other error; the base class of those below
    ├── UsageError           exit 2   a command, option or setting that is not allowed
    ├── InputError           exit 3   a file or a frame that cannot be used at all
    ├── LakeError            exit 4   the lake is missing, locked, damaged or not writable
    ├── CheckError           exit 5   a run was built, kept, and not published: a check failed
    ├── NotFoundError        exit 6   no such listener, track, list or run
    ├── ProviderError        exit 7   an outside source of data failed, refused, or is paused
    └── ClusterError         exit 8   the workers of a cluster cannot do a run; what they finished is kept

A message says what failed, where, what is allowed, and what to do next.
Exit 0 means done, 130 means interrupted; any other code is a bug in recsys.
"""

from __future__ import annotations

from pathlib import Path


class RecsysError(Exception):
    """Base of the tree. ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class UsageError(RecsysError):
    """A command, option or setting that is not allowed."""

    exit_code = 2


class InputError(RecsysError):
    """A file or a frame that cannot be used at all (single bad rows go to ``rejects`` instead).

    ``path``: the file, where it is one of several. ``passing``: it may be good the next time, because it was still being written,
    or the disk or its rights refused it.
    """

    exit_code = 3
    path: Path | None = None
    passing = False


class LakeError(RecsysError):
    """The lake is missing, locked, damaged or not writable."""

    exit_code = 4


class CheckError(RecsysError):
    """A run was built and kept, but a check failed, so it was not published."""

    exit_code = 5


class NotFoundError(RecsysError):
    """The listener, track, list or run asked for does not exist."""

    exit_code = 6


class ProviderError(RecsysError):
    """An outside source of data did not answer, refused, or must not be asked yet (kinds: ``recsys.providers.errors``)."""

    exit_code = 7


class ClusterError(RecsysError):
    """The workers of a cluster cannot do a run, or did not finish it; what they finished is kept for the same command."""

    exit_code = 8
