"""`recsys doctor`: names what is wrong, and changes nothing."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recsys import Lake
from recsys.cli import doctor
from tests.cli.conftest import Recsys

pytestmark = pytest.mark.slow  # whole runs


def test_a_good_lake(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("doctor", "--lake", lake.root)
    assert (answer.code, answer.err) == (0, "")
    for part in ("settings", "libraries", "inputs events", lake.published().id):
        assert part in answer.out


def test_damage_settings_and_versions(recsys: Recsys, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    copy.published().files("rankings")[0].unlink()
    (tmp_path / "recsys.toml").write_text("list_limit = 1000")
    monkeypatch.setattr(doctor, "requires", lambda _: ["nosuchpackage>=1", "polars<1", "duckdb; python_version < '3'"])
    answer = recsys("doctor", "--format", "json", "--lake", copy.root)
    assert answer.code == 4
    bad = {result["what"]: result["words"] for result in json.loads(answer.out) if result["state"] == "bad"}
    assert set(bad) == {"settings", "libraries", f"run {copy.run_ids()[0]}"}
    assert "setting list_limit (from recsys.toml)" in bad["settings"]
    assert "nosuchpackage is missing; polars" in bad["libraries"]


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        ("recsys.toml", "list_limit = 1000", "settings: setting list_limit"),
        (".env", "SPOTIFY_MARKET=germany", "providers: SPOTIFY_MARKET"),
        (".env", "API_KEYS=short", "keys: API_KEYS"),
    ],
)
def test_a_fault_of_settings_alone_is_one_of_usage(recsys: Recsys, lake: Lake, file: str, text: str, what: str) -> None:
    Path(file).write_text(text)
    answer = recsys("doctor", "--lake", lake.root)
    assert (answer.code, what in " ".join(answer.err.split())) == (2, True)
    assert "good" in answer.out


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Where nothing else has imported what it looks at."""
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "doctor", "--lake", "nowhere"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (4, False)
    assert "compiled code is kept in" in done.stdout


def test_no_lake(recsys: Recsys) -> None:
    answer = recsys("doctor", "--lake", "nowhere")
    assert (answer.code, "no lake at" in answer.err) == (4, True)


def test_an_old_run_is_told_to_on_failure(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    script = tmp_path / "hook.py"
    script.write_text("import sys, pathlib; pathlib.Path('heard').write_text(sys.argv[1])")
    Path("recsys.toml").write_text(f"on_failure = {json.dumps(shlex.join([sys.executable, str(script)]))}")
    assert recsys("doctor", "--lake", lake.root, "--quiet", "--alert").out == ""
    assert not (tmp_path / "heard").exists()
    answer = recsys("doctor", "--lake", lake.root, "--quiet", "--alert", "--stale-hours", "1e-9")
    assert (answer.code, answer.out) == (4, "")
    assert "no new run for" in answer.err
    assert (tmp_path / "heard").read_text().startswith("recsys doctor: no new run for ")
