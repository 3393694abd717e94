"""The command line: each command reads its options, calls the library, and hands the result to a renderer."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from autodiffcli.errors import AdcalcError, printable

__all__ = ["adcalc", "main"]

_COMMANDS = ("grad", "eval", "ops", "completion")


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
        if args and args[0] not in _COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f'adcalc grad "{args[0]}" differentiates an expression'
            raise click.UsageError(f"there is no command '{args[0]}'; {hint}", ctx)
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
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a name that the terminal's encoding lacks is written out, not a traceback
            reconfigure(errors="backslashreplace")
    try:
        status = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        status = _closed_pipe()
    except OSError as error:
        _complain(f"error: cannot write the output: {error.strerror or error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 2
    sys.exit(status)


def _run() -> int:
    try:
        status = adcalc.main(prog_name="adcalc", standalone_mode=False)
    except AdcalcError as error:
        sys.stdout.flush()
        _complain(error.report())
        return error.status
    except click.UsageError as error:
        context = error.ctx
        help_hint = f"\nhint: {context.command_path} --help shows what there is" if context is not None else ""
        _complain(f"error: {printable(error.format_message())}{help_hint}")
        return 2
    except click.ClickException as error:
        _complain(f"error: {printable(error.format_message())}")
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except (BrokenPipeError, OSError):
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
    return int(status or 0)


def _complain(text: str) -> None:
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        pass  # nobody is left to tell


def _closed_pipe() -> int:
    """Leave as a program does whose reader has gone; what is still buffered has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 141
