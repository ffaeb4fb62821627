"""Settings: presets, where a value comes from, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from recsys import Settings, UsageError
from recsys.settings import ENVIRONMENT, PRESETS, SETTINGS_FILE, load

FIELDS = Settings.model_fields


def write(folder: Path, toml: str = "", env: str = "") -> Path:
    (folder / SETTINGS_FILE).write_text(toml, encoding="utf-8")
    (folder / ".env").write_text(env, encoding="utf-8")
    return folder


class TestFields:
    @pytest.mark.parametrize("name", FIELDS)
    def test_every_field_is_documented(self, name: str) -> None:
        assert len(FIELDS[name].description or "") > 15

    def test_weights_of_the_older_service_are_kept(self) -> None:
        older = Settings.reference()
        weights = older.model_dump(include={"content_weight", "collab_weight", "popularity_weight", "exploration_weight"})
        assert list(weights.values()) == [0.44, 0.28, 0.08, 0.20]
        assert older.diversity_lambda == 0.74
        assert 0.5 ** (1 / older.half_life_days) == pytest.approx(math.exp(-1 / 120))

    def test_settings_cannot_be_changed(self) -> None:
        with pytest.raises(ValidationError):
            Settings().pool = 3  # type: ignore[misc]

    def test_digest_tells_results_apart_and_nothing_else(self) -> None:
        assert (
            Settings().digest()
            == Settings(threads=2, memory_limit="1GiB", oversize=True, on_failure="mail -s recsys ops").digest()
        )
        digests = {Settings().digest(), Settings.reference().digest(), Settings(pool=3).digest(), Settings(seed=1).digest()}
        assert len(digests) == 4

    def test_a_run_can_be_made_again_from_its_manifest(self) -> None:
        for settings in (Settings(), Settings.reference(lists=("comfort",), pool=7)):
            assert Settings(**json.loads(settings.model_dump_json())) == settings


class TestPresets:
    def test_default_changes_nothing(self) -> None:
        assert Settings.preset_of("default") == Settings()

    @pytest.mark.parametrize("name", PRESETS["reference"])
    def test_reference_differs_in_every_value_it_names(self, name: str) -> None:
        assert getattr(Settings.reference(), name) == PRESETS["reference"][name] != getattr(Settings(), name)

    def test_overrides_win(self) -> None:
        assert Settings.reference(backfill=True).backfill

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"pools": 3}, r"setting 'pools' does not exist; did you mean pool"),
            ({"zzz": 3}, r"setting 'zzz' does not exist; allowed: preset, content_weight"),
            ({"pool": 0}, r"setting pool: .*greater than or equal to 1; got 0"),
            ({"diversity_lambda": 1.01}, r"setting diversity_lambda: .*less than or equal to 1; got 1.01"),
            ({"content_weight": math.nan}, r"setting content_weight: .*; got nan"),
            ({"half_life_days": math.inf}, r"setting half_life_days: .*finite number; got inf"),
            ({"half_life_days": 0}, r"setting half_life_days: .*greater than 0; got 0"),
            ({"undated_decay": 0}, r"setting undated_decay: .*greater than 0"),
            ({"list_limit": 101}, r"setting list_limit: .*less than or equal to 100"),
            ({"exclusions": "fuzzy"}, r"setting exclusions: .*'exact' or 'token'; got 'fuzzy'"),
            ({"lists": ("sleep",)}, r"list 'sleep' has no mode of that name; modes: balanced, comfort, discovery"),
            ({"max_per_artist": 0}, r"setting max_per_artist: .*; got 0"),
            ({"memory_limit": "1MB"}, r"setting memory_limit: .*greater than or equal to 67108864; got '1MB'"),
            ({"memory_limit": "much"}, r"setting memory_limit: could not parse value and unit .*; got 'much'"),
        ],
    )
    def test_what_is_not_allowed(self, values: dict[str, Any], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            Settings.reference(**values)


class TestLoad:
    def test_nothing_given_is_the_default(self, tmp_path: Path) -> None:
        settings, origins = load(folder=tmp_path, environment={})
        assert settings == Settings()
        assert set(origins.values()) == {"preset default"}
        assert set(origins) == set(FIELDS)

    def test_later_wins(self, tmp_path: Path) -> None:
        toml = "pool = 1\ncontent_weight = 0.1\ncollab_weight = 0.1\npopularity_weight = 0.1\n"
        write(tmp_path, toml, "REC_COLLAB_WEIGHT=0.2\nREC_POPULARITY_WEIGHT=0.2\nREC_CONTENT_WEIGHT=0.2\n")
        environment = {"REC_POPULARITY_WEIGHT": "0.3", "REC_CONTENT_WEIGHT": "0.3"}
        settings, origins = load({"content_weight": 0.4, "threads": None}, folder=tmp_path, environment=environment)
        names = ("pool", "collab_weight", "popularity_weight", "content_weight", "seed")
        assert [getattr(settings, name) for name in names] == [1, 0.2, 0.3, 0.4, 0]
        assert [origins[name] for name in names] == [SETTINGS_FILE, ".env", "environment", "command line", "preset default"]
        assert origins["threads"] == "preset default"

    @pytest.mark.parametrize("name", ENVIRONMENT)
    def test_every_environment_name(self, name: str, tmp_path: Path) -> None:
        others = {
            "RECSYS_PRESET": "reference",
            "RECSYS_THREADS": "3",
            "RECSYS_ON_FAILURE": "true",
            "RECSYS_MEMORY_LIMIT": "100000000",
        }
        value = others.get(name, "0.5")
        settings, _ = load(folder=tmp_path, environment={name: value})
        assert str(getattr(settings, ENVIRONMENT[name])) == value

    def test_preset_first_single_values_after(self, tmp_path: Path) -> None:
        write(tmp_path, 'preset = "reference"\nbackfill = true\n')
        settings, origins = load(folder=tmp_path, environment={})
        assert settings == Settings.reference(backfill=True)
        assert (origins["exclusions"], origins["backfill"], origins["preset"]) == (
            "preset reference",
            SETTINGS_FILE,
            SETTINGS_FILE,
        )

    def test_empty_environment_values_mean_nothing(self, tmp_path: Path) -> None:
        assert load(folder=tmp_path, environment={"REC_CONTENT_WEIGHT": ""})[0] == Settings()

    @pytest.mark.parametrize(
        ("toml", "env", "environment", "overrides", "message"),
        [
            ("pools = 3", "", {}, {}, r"'pools' \(from recsys.toml\) does not exist; did you mean pool"),
            ("pool = -1", "", {}, {}, r"pool \(from recsys.toml\): .*got -1"),
            ("", "REC_CONTENT_WEIGHT=nan", {}, {}, r"content_weight \(from .env\): .*got 'nan'"),
            ("", "", {"REC_DIVERSITY_LAMBDA": "much"}, {}, r"diversity_lambda \(from environment\): .*got 'much'"),
            ("", "", {}, {"threads": 0}, r"threads \(from command line\): .*got 0"),
            ('preset = "best"', "", {}, {}, r"preset 'best' \(from recsys.toml\) does not exist; allowed: default, reference"),
            ('preset = ["default"]', "", {}, {}, r"preset \['default'\] \(from recsys.toml\) does not exist"),
            ("", "", {"RECSYS_PRESET": "best"}, {}, r"preset 'best' \(from environment\) does not exist"),
            ("pool =", "", {}, {}, r"recsys.toml: not a settings file: .*write lines like  list_limit = 50"),
        ],
    )
    def test_refusals_name_the_source(
        self, toml: str, env: str, environment: dict[str, str], overrides: dict[str, Any], message: str, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match=message):
            load(overrides, folder=write(tmp_path, toml, env), environment=environment)

    @pytest.mark.parametrize("name", [SETTINGS_FILE, ".env"])
    def test_files_that_are_no_text(self, name: str, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(b"\xff\xfe\x00")
        with pytest.raises(UsageError, match=f"{name}: not a "):
            load(folder=tmp_path, environment={})

    def test_a_folder_of_that_name(self, tmp_path: Path) -> None:
        (tmp_path / SETTINGS_FILE).mkdir()
        with pytest.raises(UsageError, match="not a settings file"):
            load(folder=tmp_path, environment={})
