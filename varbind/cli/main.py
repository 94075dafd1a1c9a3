"""`varbind`: the commands, the one place where errors become exit codes, and where talk goes to stderr."""

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
from varbind.errors import Interrupted, UsageError, VarbindError, output_errors, printable
from varbind.gate import has_working_folder
from varbind.signals import STOPPING, ignore_signals, is_too_late

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["main", "put", "run", "talk"]

# Each command's module is imported when the command is called, so that --help is instant.
COMMANDS = {
    "annotate": ("varbind.cli.annotate", "Put binding losses and gains on every promoter variant of a VCF."),
    "check": ("varbind.cli.check", "Dry run: build, contigs, REF agreement, what would be scored, how long."),
    "demo": ("varbind.cli.demo", "Annotate the embedded example and show the result."),
    "rank": ("varbind.cli.rank", "Sort the alleles of an annotated VCF into a table."),
    "score": ("varbind.cli.score", "Score sequences, or the alleles of a VCF, with every model."),
    "train": ("varbind.cli.train", "Train networks on your own data."),
    "evaluate": ("varbind.cli.evaluate", "Judge model banks, and second stages over them, on what was measured."),
    "models": ("varbind.cli.models", "List, show, import, export and verify model banks."),
    "selftest": ("varbind.cli.selftest", "Compare this machine's scores with golden ones."),
}
INTERNAL_ERROR = 1
CLOSED_PIPE = 141
# As Python says it where a limit on memory or on threads leaves no room for another thread.
NO_ROOM = {"can't start new thread", "can't allocate lock"}
# As the system says it of a library that finds no room.
NO_ROOM_FOR_LIBRARY = "failed to map segment from shared object"


class _ClosedPipeError(Exception):
    """Nobody reads standard output any more."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and one-line helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click itself would end with 1 where nobody reads on."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ClosedPipeError from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands in --help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="varbind %(version)s")
def main() -> None:
    """Which promoter variant breaks or makes the binding of which protein."""


def run() -> NoReturn:
    """Entry point: run a command, print one line on an error, leave with the right exit code."""
    if sys.stderr is None:  # closed by the caller; a file must not take its place
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    # numba tells of a variable that it cannot read with a traceback; it then takes the usual value.
    warnings.filterwarnings("ignore", "Environment variable 'NUMBA_", RuntimeWarning)
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a job in the background
            signal.signal(number, _interrupt)
    # Every record is a few objects that live until it is written and that form no cycles: with Python's usual
    # thresholds the search for cycles takes a sixth of the time of a run.
    gc.set_threshold(50_000, 20, 20)
    code = _run()
    ignore_signals()  # all is done
    _settle_output()
    sys.exit(code)


def _run() -> int:  # noqa: PLR0911 (one return an exit code)
    try:
        _call()
    except Interrupted as error:
        _say(str(error))
        return error.code
    except VarbindError as error:
        _say(f"error: {error}")
        return error.exit_code
    except click.ClickException as error:
        _say(f"error: {error.format_message().rstrip('.')}; see varbind --help")
        return 2
    except click.Abort:
        return 128 + signal.SIGINT
    except (BrokenPipeError, _ClosedPipeError):
        return CLOSED_PIPE  # nobody reads on
    except OSError as error:
        return _tell_of_system(error)
    except Exception as error:
        if isinstance(error, MemoryError) or str(error) in NO_ROOM or NO_ROOM_FOR_LIBRARY in str(error):
            _say("error: out of memory; give it more, or fewer --threads and a smaller --batch-size")
            return INTERNAL_ERROR
        if os.environ.get("VARBIND_TRACEBACK"):
            raise
        what = f"{type(error).__name__}: {error}".replace("\n", " ")
        _say(f"internal error: {what}; set VARBIND_TRACEBACK=1 and report what it prints")
        return INTERNAL_ERROR
    return 0


def _tell_of_system(error: OSError) -> int:
    if not has_working_folder():
        _say("error: the working folder does not exist any more; cd to another one, or give absolute paths")
        return UsageError.exit_code
    _say(f"error: {error.filename or 'the system'}: {error.strerror or error}")
    return INTERNAL_ERROR


def _call() -> None:
    main.main(standalone_mode=False)
    if sys.stdout is not None:
        with output_errors("standard output"):
            sys.stdout.flush()


def _settle_output() -> None:
    """Write what is left in the buffer of standard output, or drop it: it must not raise once more at exit."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def put(text: str) -> None:
    """Write to standard output.

    Raises:
        OutputError: it cannot be written.
    """
    with output_errors("standard output"):
        sys.stdout.write(text)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if is_too_late():
        return
    ignore_signals()  # a second signal must not break the clearing up that the first one started
    raise Interrupted(number, signal.Signals(number).name)


def _say(text: str) -> None:
    with _ignore_closed_stderr():
        print(f"varbind: {printable(text)}", file=sys.stderr)  # noqa: T201


class _ignore_closed_stderr:  # noqa: N801 (a context manager, read like a verb)
    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, OSError)


def talk(*, quiet: bool, verbose: bool) -> None:
    """Send the package's log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Format())
    logger = logging.getLogger("varbind")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)


class _Format(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        return f"varbind: {level}{printable(record.getMessage())}"
