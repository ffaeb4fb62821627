"""``recsys settings``: every setting, its value and where it came from."""

from __future__ import annotations

from recsys.cli.options import Document, PresetName
from recsys.cli.screen import console, grid, markdown, print_json, say
from recsys.settings import ENVIRONMENT, PRESETS, SETTINGS_FILE, Settings, load

_ENVIRONMENT_OF = {setting: name for name, setting in ENVIRONMENT.items()}


def settings(*, preset: PresetName = None, form: Document = "table") -> None:
    """Print the effective settings and where each came from."""
    if form == "markdown":
        say(reference_table())
        return
    effective, origins = load({"preset": preset})
    values = effective.model_dump(mode="json")
    if form == "json":
        print_json({name: {"value": value, "from": origins[name]} for name, value in values.items()})
        return
    rows = [(name, written(value), origins[name], meaning(name)) for name, value in values.items()]
    console().print(grid(None, ("setting", "value", "from", "meaning"), rows))
    say(f"change one:  a line in {SETTINGS_FILE}, e.g.  list_limit = 30")


def reference_table() -> str:
    """Every setting with its value in both presets, as Markdown."""
    base = Settings().model_dump(mode="json")
    rows = [(f"`{name}`", f"`{written(value)}`", _changed(name), meaning(name), _variable(name)) for name, value in base.items()]
    return markdown(("setting", "default", "reference", "meaning", "environment"), rows)


def meaning(name: str) -> str:
    """What the setting does, on one line."""
    return " ".join((Settings.model_fields[name].description or "").split())


def written(value: object) -> str:
    """The value as a settings file would hold it; `none` for no value."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else ", ".join(value) if isinstance(value, list) else str(value)


def _changed(name: str) -> str:
    if name == "preset":
        return "`reference`"
    return f"`{written(PRESETS['reference'][name])}`" if name in PRESETS["reference"] else ""


def _variable(name: str) -> str:
    return f"`{_ENVIRONMENT_OF[name]}`" if name in _ENVIRONMENT_OF else ""
