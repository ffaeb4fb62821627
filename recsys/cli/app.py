"""The commands and what they are for; errors become one message and an exit code here."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import version

from cyclopts import App, CycloptsError
from rich.console import Console
from rich.markup import escape

from recsys.cli.screen import Screen
from recsys.errors import LakeError, RecsysError, UsageError

INTERRUPTED = 130

COMMANDS = {
    "demo": ("demo:demo", "Generate synthetic data, run it and show one listener's list."),
    "ingest": ("ingest:app", "Read files into the lake."),
    "import": ("providers:import_", "Fetch tracks and listens from outside into the lake."),
    "search": ("providers:search", "Search Spotify; with --save, import the results."),
    "enrich": ("providers:enrich", "Fetch more about the tracks of the catalogue."),
    "run": ("run:run", "Build every listener's lists from the lake, and publish them."),
    "users": ("browse:users", "List or search the listeners of a run."),
    "tracks": ("browse:tracks", "List or search the tracks of a run."),
    "show": ("show:show", "Show one listener's list."),
    "try": ("trial:trial", "Build a list now from seeds, targets and bounds; --save keeps it."),
    "why": ("why:why", "Explain why a track is, or is not, in a listener's list."),
    "evaluate": ("evaluate:evaluate", "Measure the lists against what listeners did next, beside baselines."),
    "tune": ("tune:tune", "Search for better settings on your own data."),
    "report": ("report:report", "Write the report of a run: one HTML page that works offline."),
    "runs": ("runs:app", "List, show, verify, compare and remove runs; go back to an earlier one."),
    "sql": ("sql:sql", "Query a run, the inputs and earlier runs with DuckDB."),
    "serve": ("serve:serve", "Serve the published lists over HTTP, read only."),
    "export": ("export:export", "Write lists as playlist files, or send them to a service."),
    "publish": ("publish:publish", "Make a run the published one."),
    "forget": ("forget:forget", "Remove a listener, or what a source supplied, from the whole lake."),
    "compile": ("compile:compile_", "Compile the kernels now, so that the first run need not."),
    "doctor": ("doctor:doctor", "Check the lake, the last night, the versions and the settings."),
    "providers": ("providers:app", "Show what each outside source can do now; log in to Spotify."),
    "tables": ("tables:tables", "Print the data contract: columns, types, units, ranges."),
    "settings": ("settings:settings", "Print the effective settings and where each came from."),
}
"""Command → where it is, and its help."""


def build() -> App:
    """The command line, with nothing imported yet but itself."""
    app = App(
        name="recsys",
        help="Ranked, explained music lists for every listener: files in, Parquet tables out.",
        help_format="plaintext",
        version=version("recsys"),
    )
    for order, (name, (place, purpose)) in enumerate(COMMANDS.items()):
        app.command(f"recsys.cli.{place}", name=name, help=purpose, sort_key=order)
    app.register_install_completion_command(help="Install completion for your shell.")
    return app


def run(arguments: Sequence[str]) -> int:
    """Runs one command; returns its exit code. Bad input never ends in a traceback."""
    console = Screen(stderr=True, highlight=False, soft_wrap=True)
    try:
        _require_command(arguments)
        build()(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _complain(console, f"{error}  See: {' '.join(('recsys', *(error.command_chain or ())))} --help")
        return UsageError.exit_code
    except RecsysError as error:
        _complain(console, str(error))
        return error.exit_code
    except BrokenPipeError:  # whoever reads has read enough
        return 0
    except Exception as error:
        if not _of_a_library(error):
            raise
        cause = (str(error).splitlines() or [""])[0]
        _complain(console, f"{type(error).__name__}: {cause}; look whether the lake is whole:  recsys doctor")
        return LakeError.exit_code
    except KeyboardInterrupt:
        console.print("interrupted; run the same command again to finish")
        return INTERRUPTED
    return 0


def _of_a_library(error: Exception) -> bool:
    """Whether an error is one of a file, or of what reads tables; known by its home, for the libraries are not imported here."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb", "polars", "pyarrow")


def _require_command(arguments: Sequence[str]) -> None:
    """Raises :class:`UsageError` for a first word that is no command, before any command is imported."""
    word = arguments[0] if arguments else "--help"
    if word not in COMMANDS and not word.startswith("-"):
        near = get_close_matches(word, COMMANDS, n=1)
        meant = f"did you mean: recsys {near[0]}" if near else f"commands: {', '.join(COMMANDS)}"
        raise UsageError(f"there is no command {word!r}; {meant}  See: recsys --help")


def _complain(console: Console, message: str) -> None:
    console.print(f"[bold red]error:[/] {escape(message)}")
