from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recsys.errors import InputError
from recsys.providers.acousticbrainz import AcousticBrainz

RHYTHM = [
    "mbid,submission_offset,bpm,danceability,onset_rate",
    "a,1,99.5,1.1,2",
    "a,0,120.25,0.99,2",
    "b,0,9000,1,1",
]
TONAL = ["mbid,submission_offset,key_key,key_scale,tuning_frequency", "a,0,Bb,minor,440", "c,0,C,major,440", "d,0,H,unknown,440"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "acousticbrainz-lowlevel-features-20220623-rhythm.csv").write_text("\n".join(RHYTHM))
    (tmp_path / "acousticbrainz-lowlevel-features-20220623-tonal.csv").write_text("\n".join(TONAL))
    return tmp_path


def test_only_what_is_on_the_same_scale_is_taken_from_the_first_submission(folder: Path) -> None:
    listing = AcousticBrainz(folder).enrich([{"id": name.upper(), "mbid": name} for name in "abcde"])
    assert {facts.id: dict(facts.fields) for facts in listing.facts} == {
        "A": {"tempo": 120.25, "key": 10.0, "mode": 0.0},
        "B": {"tempo": None, "key": None, "mode": None},
        "C": {"tempo": None, "key": 0.0, "mode": 1.0},
        "D": {"tempo": None, "key": None, "mode": None},
    }
    assert [skip.name for skip in listing.skipped] == ["E"]


def test_missing_and_wrong_files_are_named(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*tonal*"):
        path.write_text("x\n1\n")
    with pytest.raises(InputError, match="AcousticBrainz"):
        AcousticBrainz(folder).enrich([{"id": "t", "mbid": "a"}])
    with pytest.raises(InputError, match="rhythm"):
        AcousticBrainz(tmp_path / "empty")


def test_recorded_answers(shared: Path, tmp_path: Path) -> None:
    for path in (shared / "providers/fixtures/acousticbrainz").glob("*.head.csv"):
        shutil.copy(path, tmp_path / path.name.replace(".head", ""))
    [facts] = AcousticBrainz(tmp_path).enrich([{"id": "t", "mbid": "0e11c0fd-a1da-4b88-a438-7ef55c5809ec"}]).facts
    assert facts.fields["tempo"] == pytest.approx(120.763885498)
