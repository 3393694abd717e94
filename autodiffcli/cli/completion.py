"""adcalc completion: the script that teaches a shell to complete commands, options, modes and functions."""

from __future__ import annotations

import click

from autodiffcli.cli.options import Choice, Command
from autodiffcli.cli.output import write

__all__ = ["command"]


@click.command("completion", cls=Command)
@click.argument("shell", metavar="SHELL", type=Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of a SHELL.

    \b
    bash: eval "$(adcalc completion bash)"     in ~/.bashrc
    zsh:  eval "$(adcalc completion zsh)"      in ~/.zshrc
    fish: adcalc completion fish | source      in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from autodiffcli.cli import adcalc

    kind = get_completion_class(shell)
    assert kind is not None  # the choice above lists click's own
    write(kind(adcalc, {}, "adcalc", "_ADCALC_COMPLETE").source())
    return 0
