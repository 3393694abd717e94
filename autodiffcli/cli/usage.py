"""Click's complaints in adcalc's words: the thing that was wrong, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

import click

from autodiffcli.errors import RequestError

__all__ = ["explained", "superfluous"]


def explained(error: click.UsageError) -> RequestError:
    """Return a complaint of Click's as an error with a remedy."""
    context = error.ctx
    params = context.command.params if context is not None else []
    remedy = f"{context.command_path} --help shows what there is" if context is not None else ""
    if isinstance(error, click.NoSuchOption):
        if isinstance(context and context.command, click.Group):
            remedy = "options of a command follow its name: adcalc grad EXPR --at x=3"
        return no_such_option(error.option_name, [*(name for p in params for name in p.opts), "--help"], remedy)
    if isinstance(error, click.BadOptionUsage):
        param = next((p for p in params if error.option_name in (*p.opts, *p.secondary_opts)), None)
        return RequestError(error.message.rstrip("."), hint=getattr(param, "help", None) or remedy)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        named = _name(error.param)
        example = f'for example: {context.command_path} "x^2" --at x=3' if context and named == "EXPR" else remedy
        return RequestError(f"{named} is missing", hint=example)
    if isinstance(error, click.BadParameter) and error.param is not None:
        hint = getattr(error.param, "help", None) or remedy
        said = error.message.rstrip(".").replace("integer range", "integer").replace("float", "number")
        return RequestError(f"{_name(error.param)}: {said}", hint=hint)
    return RequestError(error.format_message().rstrip("."), hint=remedy)


def no_such_option(word: str, known: Iterable[str], remedy: str) -> RequestError:
    """Return the error for an option that does not exist, with the nearest that does."""
    near = get_close_matches(word, known, n=1)
    return RequestError(f"there is no option {word}", hint=f"did you mean {near[0]}?" if near else remedy)


def superfluous(words: Sequence[str], args: Sequence[str], known: Collection[str]) -> RequestError:
    """Return the error for arguments after EXPR: most often a point without --at, or an expression without quotes.

    words: those that are too many. args: all that were given.
    """
    first = words[0]
    message = f"'{first}' is one argument too many"
    if first in known:
        return RequestError(message, hint=f"nothing after -- is an option: put {first} before it")
    if first.startswith("-") and f"-{first}" in known:
        return RequestError(f"there is no option {first}", hint=f"did you mean -{first}?")
    if re.match(r"\w+\s*=(?!=)", first):
        values = ",".join(word for word in words if "=" in word)
        if "--at" in args:
            return RequestError(message, hint=f"put commas and no spaces between the values: --at ...,{values}")
        return RequestError(message, hint=f"the point is given by --at {values}")
    if "--at" not in known:
        return RequestError(message, hint="leave it out")
    return RequestError(message, hint="put the whole expression in quotes, since the shell parts it at spaces")


def _name(param: click.Parameter) -> str:
    return param.opts[0] if isinstance(param, click.Option) else param.metavar or str(param.name).upper()
