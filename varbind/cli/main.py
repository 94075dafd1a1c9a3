"""The program `varbind`: its commands, the exit codes of its errors, and its log on standard error."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import signal
import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import click

from varbind._version import __version__
from varbind.cli.suggestions import closest, usage_message
from varbind.errors import Interrupted, OutputError, UsageError, VarbindError, output_errors, printable
from varbind.gate import has_working_folder
from varbind.signals import STOPPING, ignore_signals, is_too_late

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["configure_logging", "main", "print_text", "run"]

# Each command's module is imported when the command is called, so that --help is instant.
COMMANDS = {
    "annotate": (
        "varbind.cli.annotate",
        "Annotate the promoter variants of a VCF with losses and gains of protein binding.",
    ),
    "check": (
        "varbind.cli.annotate",
        "Dry run of annotate: contigs, agreement with the reference, number of alleles, time.",
    ),
    "demo": ("varbind.cli.demo", "Annotate the embedded example and show the result."),
    "precompute": (
        "varbind.cli.precompute",
        "Score every SNV of the promoters into a table, which makes annotate faster.",
    ),
    "show": ("varbind.cli.show", "List the most extreme annotated variants, or describe one in plain words."),
    "report": ("varbind.cli.report", "Write an annotated VCF as one HTML page with pictures, for any browser."),
    "rank": ("varbind.cli.rank", "Sort the alleles of an annotated VCF into a table."),
    "score": ("varbind.cli.score", "Score sequences, or the alleles of a VCF, with every model."),
    "map": ("varbind.cli.map", "Map how each substitution in a sequence would change the score of a protein."),
    "splice": ("varbind.cli.splice", "Compare binding to RNA beside included and excluded exons."),
    "train": ("varbind.cli.train", "Train networks on your own data."),
    "evaluate": (
        "varbind.cli.evaluate",
        "Evaluate model banks and second stages on measured data, and the quality of peaks.",
    ),
    "models": ("varbind.cli.models", "List, show, import, export, verify and explain model banks."),
    "selftest": ("varbind.cli.models", "Compare the scores of this machine with reference scores."),
}
INTERNAL_ERROR = 1
CLOSED_PIPE = 141
# Messages of Python where a limit on memory or on threads leaves no room for another thread.
NO_ROOM = {"can't start new thread", "can't allocate lock"}
# Message of the system about a shared library for which there is no memory.
NO_ROOM_FOR_LIBRARY = "failed to map segment from shared object"


class _ClosedPipeError(Exception):
    """The reader of standard output has closed the pipe."""


class LazyGroup(click.Group):
    """A group that knows the names and the short help texts of its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """List the commands in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of a command; the function of the command has its name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is refused with the command that was probably meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            meant = closest(name, COMMANDS)
            raise click.UsageError(f"no such command {name}" + f"; did you mean {meant}?" * bool(meant), ctx=ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click itself would end with exit code 1 when the reader closes the pipe."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ClosedPipeError from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands in --help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="varbind %(version)s")
def main() -> None:
    """Annotate variants in promoters with predicted gains and losses of protein binding."""


def run() -> NoReturn:
    """Run a command; after an error, print one line and exit with the code of the error."""
    if sys.stderr is None:  # closed by the caller; a file that is opened later must not become standard error
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    # If numba cannot read an environment variable, it warns with a traceback and uses the default value.
    warnings.filterwarnings("ignore", "Environment variable 'NUMBA_", RuntimeWarning)
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a job in the background
            signal.signal(number, _interrupt)
    # Every record is a few objects that live until it is written and that form no cycles: with Python's usual
    # thresholds the search for cycles takes a sixth of the time of a run.
    gc.set_threshold(50_000, 20, 20)
    code = _run()
    ignore_signals()  # the work is complete
    _flush_stdout()
    sys.exit(code)


def _run() -> int:  # noqa: PLR0911 (one return per exit code)
    try:
        _invoke()
    except Interrupted as error:
        _print_message(str(error))
        return error.code
    except VarbindError as error:
        _print_message(f"error: {error}")
        return error.exit_code
    except click.ClickException as error:
        _print_message(f"error: {usage_message(error)}")
        return 2
    except click.Abort:
        return 128 + signal.SIGINT
    except (BrokenPipeError, _ClosedPipeError):
        return CLOSED_PIPE
    except OSError as error:
        return _report_system_error(error)
    except Exception as error:
        if isinstance(error, MemoryError) or str(error) in NO_ROOM or NO_ROOM_FOR_LIBRARY in str(error):
            _print_message("error: out of memory; give it more, or fewer --threads and a smaller --batch-size")
            return INTERNAL_ERROR
        if os.environ.get("VARBIND_TRACEBACK"):
            raise
        what = f"{type(error).__name__}: {error}".replace("\n", " ")
        _print_message(f"internal error: {what}; set VARBIND_TRACEBACK=1 and report what it prints")
        return INTERNAL_ERROR
    return 0


def _report_system_error(error: OSError) -> int:
    if not has_working_folder():
        _print_message("error: the working folder does not exist any more; cd to another one, or give absolute paths")
        return UsageError.exit_code
    _print_message(f"error: {error.filename or 'the system'}: {error.strerror or error}")
    return INTERNAL_ERROR


def _invoke() -> None:
    main.main(standalone_mode=False)
    if sys.stdout is not None:
        with output_errors("standard output"):
            sys.stdout.flush()


def _flush_stdout() -> None:
    """Write the rest of the buffer of standard output, or drop it, so that it does not raise an error again at exit."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_text(text: str) -> None:
    """Write text to standard output.

    Raises:
        OutputError: standard output is closed, or the text cannot be written.
    """
    if sys.stdout is None:
        raise OutputError("is closed", path="standard output")
    with output_errors("standard output"):
        sys.stdout.write(text)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if is_too_late():
        return
    ignore_signals()  # a second signal must not interrupt the removal of temporary files
    raise Interrupted(number, signal.Signals(number).name)


def _print_message(text: str) -> None:
    with _ignore_closed_stderr():
        print(f"varbind: {printable(text)}", file=sys.stderr)  # noqa: T201


class _ignore_closed_stderr:  # noqa: N801 (a context manager, read like a verb)
    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, OSError)


def configure_logging(*, quiet: bool, verbose: bool) -> None:
    """Send the log of the package to standard error.

    Args:
        quiet: only warnings and errors.
        verbose: what was decided and why, as well.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Format())
    logger = logging.getLogger("varbind")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)


class _Format(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"varbind: {level}{printable(record.getMessage())}"
