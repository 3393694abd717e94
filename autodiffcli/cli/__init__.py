"""The command line: each command reads its options, calls the library, and hands the result to a renderer."""

from __future__ import annotations

import gc
import io
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from autodiffcli.errors import AdcalcError, RequestError, printable

__all__ = ["adcalc", "main", "program"]

_NEW_OBJECTS = 50_000
"""How many objects are made before Python looks for cycles among them. Its own 700 costs a twentieth of a command."""

_COMMANDS = (
    "grad",
    "eval",
    "diff",
    "jacobian",
    "hessian",
    "jvp",
    "vjp",
    "hvp",
    "check",
    "taylor",
    "graph",
    "compile",
    "cost",
    "fit",
    "ops",
    "completion",
)


class _Commands(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"autodiffcli.cli.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Refuse a command that does not exist, with the nearest that does."""
        if args and args[0] not in _COMMANDS and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f'adcalc grad "{args[0]}" differentiates an expression'
            if args[0] == "help":
                hint = "adcalc --help lists the commands, adcalc grad --help the options of one"
            raise RequestError(f"there is no command '{args[0]}'", hint=hint)
        return super().resolve_command(ctx, args)


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from autodiffcli import __version__

        click.echo(f"adcalc {__version__}")
        ctx.exit()


@click.command(cls=_Commands, context_settings={"help_option_names": ["--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def adcalc() -> None:
    """Differentiate expressions, and show every step.

    \b
    adcalc grad "ln(x1)+x1*x2-sin(x2)" --at x1=2,x2=5
    adcalc eval "sqrt(3^2+4^2)"
    """


def main() -> None:
    """Run the command line and leave with its status: 0 done, 1 the mathematics failed, 2 the request was wrong."""
    gc.set_threshold(_NEW_OBJECTS)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a name that the terminal's encoding lacks is written out, not a traceback
            reconfigure(errors="backslashreplace")
    if isinstance(getattr(sys.stdout, "buffer", None), io.RawIOBase):
        # PYTHONUNBUFFERED is set, as containers have it: what a stop (Ctrl-Z) leaves of a write would be lost
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(sys.stdout.buffer), encoding=sys.stdout.encoding, errors="backslashreplace"
        )
    try:
        if sys.stdout is None:  # closed by the caller: >&-
            raise OSError("standard output is closed")
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        status = _silenced(141)  # as a program leaves whose reader has gone
    except KeyboardInterrupt:
        status = _silenced(130)
    except OSError as error:
        _complain(f"error: cannot write the output: {error.strerror or error}")
        status = _silenced(2)
    sys.exit(status)


def program() -> None:
    """Run `main` as all that a process does, and leave it at once.

    Python would first take apart all that is loaded, which the system frees anyway: 8 ms with NumPy.
    """
    try:
        main()
    except SystemExit as leaving:
        if isinstance(leaving.code, int):
            os._exit(leaving.code)  # all is written, and what was begun is ended where it was
        raise


def _run(arguments: list[str]) -> int:
    try:
        return _invoke(arguments)
    except AdcalcError as error:
        return _refused(error)
    except click.UsageError as error:
        from autodiffcli.cli.usage import explained

        return _refused(explained(error))
    except click.ClickException as error:
        _complain(f"error: {printable(error.format_message())}")
        return 2
    except OSError:
        raise
    except MemoryError:
        _complain(
            "error: the request needs more memory than there is\nhint: ask for fewer inputs with --wrt, or --no-trace"
        )
        return 1
    except Exception as error:
        if os.environ.get("ADCALC_DEBUG"):
            raise
        _complain(
            f"error: adcalc failed on this request ({type(error).__name__}: {printable(str(error))[:200]})\n"
            "hint: this is a defect of adcalc; please report it with the command you gave"
        )
        return 70


def _invoke(arguments: list[str]) -> int:
    """Call the command. Not by Click's main, which takes a closed pipe and Ctrl-C for itself."""
    if "_ADCALC_COMPLETE" in os.environ:
        adcalc.main(prog_name="adcalc")  # answers the shell and leaves
    if not arguments:
        _complain(adcalc.get_help(click.Context(adcalc, info_name="adcalc")))
        return 2
    try:
        with adcalc.make_context("adcalc", arguments) as context:
            return int(adcalc.invoke(context) or 0)
    except click.exceptions.Exit as leaving:  # --help, --version
        return leaving.exit_code


def _refused(error: AdcalcError) -> int:
    sys.stdout.flush()  # what was done before the error stands before it
    _complain(error.report())
    return error.status


def _complain(text: str) -> None:
    if sys.stderr is not None:
        with suppress(OSError):  # nobody is left to tell
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def _silenced(status: int) -> int:
    """Return the status, with standard output led away: what is still buffered has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return status
