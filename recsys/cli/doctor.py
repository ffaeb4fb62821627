"""``recsys doctor``: is everything as it should be, and if not, what to do."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from packaging.requirements import Requirement

from flows.alerts import alert as tell
from recsys import compiled, settings
from recsys.cli.options import Format, LakeFolder, Quiet, lake_folder
from recsys.cli.screen import console, grid, print_json
from recsys.cli.serve import api_keys
from recsys.errors import LakeError, RecsysError, UsageError
from recsys.lake import Lake, code_version
from recsys.lake.condition import examine
from recsys.lake.finding import Finding
from recsys.lake.freshness import STALE_HOURS
from recsys.matrices import order
from recsys.providers import settings as providers

SETTINGS = ("settings", "providers", "keys")
"""Findings about what was configured."""


Hours = Annotated[
    float,
    Parameter(name="--stale-hours", help="Age in hours at which the published run counts as too old.", validator=Number(gt=0)),
]
Alert = Annotated[
    bool, Parameter(name="--alert", help="Send the alert of the setting on_failure if something is wrong.", negative="")
]


def doctor(
    *,
    stale_hours: Hours = STALE_HOURS,
    alert: Alert = False,
    lake: LakeFolder = None,
    form: Format = "table",
    quiet: Quiet = False,
) -> None:
    """Check the lake, the last night, the versions and the settings; nothing is changed."""
    home = Lake(lake_folder(lake))
    findings = [*_settings(), *_versions(), _kernels(), *_lake(home, stale_hours)]
    if form == "json":
        print_json([finding._asdict() for finding in findings])
    elif not quiet:
        console().print(grid(None, ("what", "state", "details"), findings, whole=("state",)))
    if bad := [finding for finding in findings if finding.state == "bad"]:
        if alert:
            _tell(bad)
        error = UsageError if all(finding.what in SETTINGS for finding in bad) else LakeError
        raise error(f"{len(bad)} of {len(findings)} checks failed, first: {bad[0].what}: {bad[0].words}")


def _tell(bad: list[Finding]) -> None:
    """The setting ``on_failure`` hears what is wrong, without the words about files; settings that cannot be read name nobody."""
    with suppress(UsageError):
        words = [finding.words if finding.what == "age" else finding.what for finding in bad]
        tell(settings.load()[0].on_failure, f"recsys doctor: {'; '.join(words)}")


def _lake(lake: Lake, stale_hours: float) -> Iterator[Finding]:
    try:
        lake.run_ids()
        lake.runs()
        yield from examine(lake, stale_hours=stale_hours)
    except RecsysError as error:
        yield Finding("lake", "bad", str(error))


def _settings() -> Iterator[Finding]:
    readers = (_own_settings, _provider_settings, _keys)
    for what, read in zip(SETTINGS, readers, strict=True):
        try:
            yield Finding(what, "good", read())
        except UsageError as error:
            yield Finding(what, "bad", str(error))


def _own_settings() -> str:
    _, origins = settings.load()
    own = [f"{name} from {origin}" for name, origin in origins.items() if not origin.startswith("preset")]
    return "; ".join(own) or "all from the preset"


def _provider_settings() -> str:
    named = providers.load().model_fields_set
    return f"set: {', '.join(sorted(name.upper() for name in named))}" if named else "none set"


def _keys() -> str:
    return f"{len(api_keys())} for `recsys serve`"


def _versions() -> Iterator[Finding]:
    """Python, recsys, and every requirement that is missing or outside its bounds."""
    yield Finding("recsys", "good", f"{code_version()[:19]} on Python {platform.python_version()}, {platform.platform()}")
    wrong = [problem for needed in requires("recsys") or () if (problem := _unfit(needed))]
    words = "; ".join(wrong) + "; run make setup" if wrong else "every requirement is installed within its bounds"
    yield Finding("libraries", "bad" if wrong else "good", words)


def _kernels() -> Finding:
    place = compiled.home(Path(order.__file__).parent)  # its import says what kernels are made from
    if place is None:
        return Finding("kernels", "bad", "compiled code can be kept nowhere, so every command compiles anew; set NUMBA_CACHE_DIR")
    return Finding("kernels", "good", f"compiled code is kept in {place}")


def _unfit(needed: str) -> str | None:
    requirement = Requirement(needed)
    if requirement.marker and not requirement.marker.evaluate():
        return None
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is missing"
    fits = requirement.specifier.contains(installed, prereleases=True)
    return None if fits else f"{requirement.name} {installed}, needed {requirement.specifier}"
