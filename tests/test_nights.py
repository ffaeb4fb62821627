"""The lines that docs/nights.md gives an operator work as written: commands parse, units are units, the night is quiet."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from recsys.cli.app import build
from recsys.settings import Settings

TEXT = (Path(__file__).parent.parent / "docs" / "nights.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.+?)```", TEXT, re.DOTALL)


def parses(words: list[str]) -> None:
    assert words[0].endswith(".venv/bin/recsys")
    build().parse_args(words[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("line", blocks("crontab")[0].splitlines())
def test_crontab(line: str) -> None:
    *moment, command = line.split(maxsplit=5)
    assert [field.isdecimal() or field == "*" for field in moment] == [True] * 5
    folder, _, rest = command.partition(" && ")
    assert folder == "cd /srv/recsys"
    parses(shlex.split(rest))


def test_units(tmp_path: Path) -> None:
    for text in blocks("systemd"):
        name = re.findall(r"# /etc/systemd/system/(\S+)", text)[0]
        (tmp_path / name).write_text(text, encoding="utf-8")
    service, timer = configparser.ConfigParser(interpolation=None), configparser.ConfigParser(interpolation=None)
    service.read(tmp_path / "recsys.service")
    timer.read(tmp_path / "recsys.timer")
    parses(shlex.split(service["Service"]["ExecStart"]))
    assert service["Service"]["Type"] == "oneshot"
    assert timer["Install"]["WantedBy"] == "timers.target"
    if analyze := shutil.which("systemd-analyze"):
        moment = subprocess.run([analyze, "calendar", timer["Timer"]["OnCalendar"]], capture_output=True, check=False)
        assert moment.returncode == 0


def test_prefect_commands_name_the_pool_of_the_deployments(root: Path) -> None:
    deployments = yaml.safe_load((root / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert {each["work_pool"]["name"] for each in deployments} == {"nightly"}
    (text,) = blocks("sh")
    assert "prefect work-pool create nightly --type process" in text
    assert "prefect worker start --pool nightly" in text
    assert deployments[0]["name"] == "nightly"


def test_settings() -> None:
    (text,) = blocks("toml")
    assert Settings(**tomllib.loads(text)).on_failure
