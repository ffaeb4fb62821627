"""What is wrong with a lake is named, with what to do; looking changes nothing."""

from __future__ import annotations

import pytest

from recsys.lake.condition import examine
from tests.lake import night


def findings(lake):
    return {finding.what: finding for finding in examine(lake)}


@pytest.fixture
def run(lake):
    night.ingest(lake, 1)
    return lake.publish(night.build(lake).id)


def test_a_good_lake(lake, run):
    before = night.contents(lake.root)
    seen = findings(lake)
    assert [finding.what for finding in seen.values() if finding.state == "bad"] == []
    assert seen["folder"].words == f"{lake.root}, mode 700"
    assert seen["inputs events"].words == "1 batch, 3 rows, 1 rejected"
    assert (seen["lock"].words, seen["leftovers"].words, seen["published"].words) == ("free", "none", run.id)
    assert night.contents(lake.root) == before


def test_a_writer_at_work_and_what_a_dead_one_left(lake, run):
    with lake.writer():
        (lake.root / ".staging" / "half").mkdir()
        seen = findings(lake)
    assert seen["lock"].words.startswith("process ")
    assert seen["leftovers"] == ("leftovers", "note", "half; the next writer removes them")


def test_folder_open_to_everybody(lake, run):
    lake.root.chmod(0o755)
    assert findings(lake)["folder"].state == "note"


@pytest.mark.parametrize(
    ("place", "content", "what", "words"),
    [
        ("CURRENT", b"?", "published", "does not name a run; run `recsys publish 2026"),
        ("runs/*/manifest.json", b"{", "run ", "its manifest is missing or damaged"),
        ("runs/*/lookup/users.txt", None, "run ", "cannot be read: No such file"),
        ("inputs/events/*/*.parquet", b"", "inputs events", "0 bytes where"),
        ("inputs/events/*/receipt.json", None, "inputs events", "receipt.json"),
    ],
)
def test_damage(place, content, what, words, lake, run):
    (path,) = lake.root.glob(place)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    bad = [finding for finding in findings(lake).values() if finding.state == "bad"]
    assert any(finding.what.startswith(what) and words in finding.words for finding in bad)
