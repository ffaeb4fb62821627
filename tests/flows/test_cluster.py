"""Lists made by the workers of a cluster: the bytes of a run in one process, whatever dies on the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from socket import socket
from time import sleep
from typing import Any

import pytest

from flows.cluster import require_cluster
from recsys import Lake
from recsys.errors import ClusterError, UsageError
from recsys.tables import INPUTS, REJECTS
from tests.support.chance import world
from tests.support.worlds import AS_OF

NIGHT = """
import json, logging, os, sys
from datetime import datetime
from pathlib import Path
from flows import nightly, parts, steps
from recsys.errors import ClusterError
from recsys.settings import Settings
from tests.support import plague

if __name__ == "__main__":
    lake, as_of, where, notes = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), sys.argv[3], sys.argv[4]
    steps.pipeline.SHARD_LISTENERS = 3
    if notes:
        os.environ["PLAGUE"], parts.make = notes, plague.make
    logging.basicConfig(level=logging.INFO)
    try:
        report = nightly.run(lake, Settings(list_limit=5, pool=10, cluster=where or None), as_of)
    except ClusterError as error:
        print(json.dumps({"error": str(error)}))
    else:
        print(json.dumps({"run": report.run_id, "published": report.published}))
"""


def ready(folder: Path) -> Path:
    """The folder of a lake of inputs."""
    lake, inputs = Lake(folder / "lake"), world(31)
    for number, table in enumerate(INPUTS):
        rows = getattr(inputs, table).drop("batch")
        lake.add_batch(table, rows, rejects=REJECTS.empty(), source=table, digest=f"{number:064}", rows_read=rows.height)
    return folder / "lake"


def night(lake: Path, root: Path, where: str = "", plague: str = "") -> tuple[dict[str, Any], str]:
    """What a run in a process of its own says, and its log. ``plague``: which part ends workers, and how many."""
    script, notes = lake.parent / "night.py", lake.parent / "plague"
    script.write_text(NIGHT)
    notes.write_text(plague)
    command = [sys.executable, str(script), str(lake), AS_OF.isoformat(), where, str(notes) if plague else ""]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=lake.parent, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.mark.slow
def test_two_workers_of_which_one_dies_make_the_bytes_of_one_process(tmp_path: Path, root: Path) -> None:
    for name in ("alone", "shared"):
        (tmp_path / name).mkdir()
    lakes = ready(tmp_path / "alone"), ready(tmp_path / "shared")
    alone, _ = night(lakes[0], root)
    shared, log = night(lakes[1], root, "local:2", "1 1")
    assert shared == alone
    runs = [Lake(lake).run(alone["run"]) for lake in lakes]
    assert runs[0].manifest.files == runs[1].manifest.files  # tables, the lookup's files, suites and views
    assert len([file for file in runs[0].manifest.files if file.table == "rankings"]) >= 4
    assert runs[0].manifest.seconds.keys() == runs[1].manifest.seconds.keys()
    assert "stage=rankings" in log
    assert (tmp_path / "shared" / "plague").read_text() == "1 0"


@pytest.mark.slow
def test_a_part_that_ends_every_worker_is_named_and_the_rest_is_kept(tmp_path: Path, root: Path) -> None:
    lake = ready(tmp_path)
    failed, _ = night(lake, root, "local:2", "3 99")
    assert "part 3 of the lists ended every worker that began it" in failed["error"]
    assert Lake(lake).runs() == []
    again, log = night(lake, root)
    assert again["published"]
    assert "finished before, not computed again" in log


def test_an_address_that_is_none_and_a_scheduler_that_does_not_answer() -> None:
    for address in ("local:0", "local:x", "tcp:host", "tcp://host", "http://host:1", "2"):
        with pytest.raises(UsageError, match="allowed are local:N"):
            require_cluster(address)
    with socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(ClusterError, match="no scheduler answers"):
            require_cluster(f"tcp://127.0.0.1:{nobody.getsockname()[1]}")


@pytest.mark.slow
def test_the_documents_two_terminals(tmp_path: Path, root: Path) -> None:
    text = (root / "docs" / "cluster.md").read_text(encoding="utf-8")
    scheduler, worker, run = re.search(r"```sh\n(.+?)```", text, re.DOTALL)[1].strip().splitlines()  # type: ignore[index]
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    lake = ready(tmp_path)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "RECSYS_LAKE": str(lake)}
    begun = []
    try:
        for line in (scheduler, worker):
            command = [*line.replace("8786", port).split(" #")[0].split(), "--no-dashboard"]
            begun.append(subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL))
            while begun and begun[0].poll() is None and not _listens(port):
                sleep(0.1)
        command = [*run.replace("8786", port).split(), "--as-of", AS_OF.isoformat()]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stderr
        assert Lake(lake).published().read("rankings").height
    finally:
        for process in reversed(begun):
            process.terminate()
            process.wait(60)


def _listens(port: str) -> bool:
    with socket() as knock:
        return knock.connect_ex(("127.0.0.1", int(port))) == 0
