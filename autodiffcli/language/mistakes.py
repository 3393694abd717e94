"""Explaining a syntax error: what stands there, what was wrong, what to write instead."""

from __future__ import annotations

from autodiffcli.errors import RequestError
from autodiffcli.language.lalr import Grammar, Token, UnexpectedToken
from autodiffcli.primitive import FUNCTIONS

__all__ = ["explain"]

_TIGHT = ("/", "÷", "∕", "%", "^", "**", "√")
"""Operators after which a product without its sign has two readings."""

_STRANGERS = {
    "|": "for the absolute value write abs(x); for conditions write `or`",
    "&": "write `and`",
    "?": "write a if c else b",
    "°": "write rad(x) for an angle of x degrees",
    "∞": "write inf",
    "½": "write 1/2",
    "¼": "write 1/4",
    "¾": "write 3/4",
    "“": "text in quotes has no meaning here",
    "∂": "adcalc grad differentiates; write the function only",
    "∫": "integrals are not part of the language",
    "∑": "sums are written out: a + b + c",
    "$": "names are letters, digits and _",
    "\\": "LaTeX is not read; write frac(a, b) as a/b",
}
_ENDS = ("NUMBER", "NAME", "RPAR", "RSQB", "RBRACE", "SUPERSCRIPT", "BANG", "QUOTE")
"""Terminals that end an operand."""

_BRACKETS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CHARACTERS = {"(": ")", "[": "]", "{": "}"}
_KINDS = {"(": "a parenthesis", "[": "a bracket", "{": "a brace"}
_CLOSING = {closing: opening for opening, closing in _CHARACTERS.items()}
_KEY = 'keys stand in double quotes: {"cat": x}, d["cat"]'

_PLUS_MINUS = ("±", "+/-")


def explain(source: str, unexpected: UnexpectedToken, grammar: Grammar, *, point: bool = False) -> RequestError:
    """Return the error that a person is to read for a text that does not follow the grammar.

    point: the text is one of name=value, not a program.
    """
    error = (_in_point(source, unexpected, grammar) if point else None) or _explained(source, unexpected, grammar)
    if point and source[unexpected.start : unexpected.end] in ("=", "=="):
        error.hint = "separate the values by commas, and write one = in each: x1=2, x2=pi/4"
    elif point and not error.hint:
        error.hint = "a point is written x1=2, x2=pi/4"
    return error


def _in_point(source: str, unexpected: UnexpectedToken, grammar: Grammar) -> RequestError | None:
    """Explain what only a point can have wrong: a value without its name, and how an uncertainty is written."""
    before, text = grammar.tokens(source[: unexpected.start]), source[unexpected.start : unexpected.end]
    last = before[-1] if before else None
    separated = next((n for n in range(len(before), 0, -1) if before[n - 1].terminal in ("COMMA", "SEPARATOR")), 0)
    uncertain = any(token.text in _PLUS_MINUS for token in before[separated:])
    message, hint, span = "", "write name=value, as in x1=2, x2=pi/4", (unexpected.start, unexpected.end)
    if separated == len(before) and not _opened(before) and unexpected.terminal not in ("", "DEFINED"):
        message = f"a name is missing before '{text}'" if text else "a name is missing at the end"
    elif uncertain and text in _PLUS_MINUS:
        message, hint = "a value has one uncertainty", ""
    elif text in _PLUS_MINUS and (_opened(before) or "=" in [token.text for token in before[separated + 2 :]]):
        message = "entries of arrays, tuples and dicts cannot be uncertain"
        hint = f"an uncertain input is a number by itself: x=2.0{text}0.1"
    elif uncertain and last is not None and last.text == "%":
        message, span = "an uncertainty is not written in percent", (last.start, last.start + 1)
        hint = "write it in the unit of the value: 5 % of 2.0 is 2.0±0.1, or 2.0±0.05*2.0"
    return RequestError(message, source=source, span=span, hint=hint) if message else None


def _explained(source: str, unexpected: UnexpectedToken, grammar: Grammar) -> RequestError:
    tokens = grammar.tokens(source[: unexpected.end])
    if unexpected.terminal == "$END":
        return _at_end(source, tokens)
    before = tokens[-2] if len(tokens) > 1 else None
    text = source[unexpected.start : unexpected.end]
    message, hint, span = f"'{text}' is not expected here", "", (unexpected.start, unexpected.end)
    after_operand = before is not None and before.terminal in _ENDS
    if text in _PLUS_MINUS:
        message = f"'{text}' is no operator of expressions"
        hint = "an uncertain input is given at the point: --at x=2.0±0.1, in adcalc eval and adcalc grad"
    elif text == '"':
        message, hint = "a text in quotes is not closed", 'end it with " on the same line'
    elif not unexpected.terminal:
        message, hint = f"'{text}' has no meaning in an expression", _STRANGERS.get(text, "")
    elif unexpected.terminal in ("STRING", "COLON", "QUOTE") or (before is not None and before.terminal == "STRING"):
        message, hint = _around_key(source, tokens, unexpected)
    elif unexpected.terminal in ("NAME", "LPAR", "DEFINED") and after_operand:
        return _missing_sign(source, unexpected, grammar)
    elif unexpected.terminal in ("NUMBER", "SUPERSCRIPT") and after_operand and before is not None:
        message, hint = f"an operator is missing before '{text}'", f"to multiply, write {before.text}*{text}"
        if text.startswith(".") and before.terminal in ("NAME", "RSQB"):
            hint = f"an entry is written {_short(before.text if before.terminal == 'NAME' else '...')}[{text[1:]}]"
        if before.text in FUNCTIONS:
            message, hint = (
                f"{before.text} needs parentheses",
                f"write {_called(before.text, text, source[unexpected.end :])}",
            )
    elif text in _CLOSING:
        message, hint = _closing(tokens)
    elif unexpected.terminal == "EQUAL":
        hint = "to compare, write ==; only a name, or f(x), can be bound with = at the start of a statement"
    elif unexpected.terminal == "COMMA" and after_operand:
        hint = "several values stand in one pair of parentheses: (x, y)"
        if before is not None and before.terminal == "NUMBER":
            hint = "decimals are written with a point: 0.5"
    elif unexpected.terminal == "SEPARATOR":
        message, hint = "the statement ends too early", "an operand is missing"
    elif before is not None and before.text in ("{", ",") and (opened := _opened(tokens)) and opened[-1].text == "{":
        message, hint = _around_key(source, tokens, unexpected)
    elif before is None or not after_operand:
        message = f"an operand is missing before '{text}'"
        hint = f"write {text}=" if before is not None and before.text == "=" and text in "<>" else ""
    return RequestError(message, source=source, span=span, hint=hint)


def _at_end(source: str, tokens: list[Token]) -> RequestError:
    if not tokens:
        return RequestError("the expression is empty", hint="write one, for example x^2 + 1")
    if opened := _opened(tokens):
        start, text = opened[-1].start, opened[-1].text
        hint = f"add '{_CHARACTERS[text]}'"
        return RequestError(f"'{text}' is not closed", source=source, span=(start, start + 1), hint=hint)
    if tokens[-1].terminal in _ENDS:
        hint = "add else ..." if any(token.terminal == "IF" for token in tokens) else ""
        return RequestError("the text ends too early", source=source, span=(len(source), len(source)), hint=hint)
    last = tokens[-1]
    span = (last.start, last.start + len(last.text))
    hint = "% is the remainder of a division; for ten percent write 0.1" if last.text == "%" else ""
    return RequestError(f"an operand is missing after '{last.text}'", source=source, span=span, hint=hint)


def _opened(tokens: list[Token]) -> list[Token]:
    """Return the brackets that are still open, the innermost last."""
    opened: list[Token] = []
    for token in tokens:
        if token.terminal in _BRACKETS:
            opened.append(token)
        elif token.text in _CLOSING and opened:
            opened.pop()
    return opened


def _closing(tokens: list[Token]) -> tuple[str, str]:
    """Explain a closing bracket where none can stand."""
    text, opened = tokens[-1].text, _opened(tokens[:-1])
    if not opened:
        return f"'{text}' closes {_KINDS[_CLOSING[text]]} that was not opened", ""
    wanted = _CHARACTERS[opened[-1].text]
    if wanted != text:
        return f"'{text}' closes '{opened[-1].text}'", f"write '{wanted}' first"
    if tokens[-2].terminal in _ENDS and opened[-1].text == "{":
        return f"a value is missing before '{text}'", 'each key has one: {"cat": x, "dog": y}'
    return f"an operand is missing before '{text}'", ""


def _around_key(source: str, tokens: list[Token], unexpected: UnexpectedToken) -> tuple[str, str]:
    """Explain texts in quotes, and colons, where none can stand."""
    opened = _opened(tokens[:-1])
    inside = opened[-1].text if opened else ""
    text = _short(source[unexpected.start : unexpected.end])
    if inside == "{":
        if tokens[-2].terminal == "STRING":
            return f"':' is missing before '{text}'", 'write {"cat": x}'
        return f"'{text}' is not expected here", _KEY
    if unexpected.terminal == "QUOTE":  # d['cat']
        return "a quote ' behind an operand transposes it, and none stands here", _KEY
    if unexpected.terminal == "COLON":
        hint = "slices stand in brackets behind an array: a[1:3]" if inside else "a binding is written name = value"
        return f"'{text}' is not expected here", hint
    if unexpected.terminal == "STRING":
        return f"{text} is a text, and only a key can be one", _KEY
    return f"'{text}' is not expected here", _KEY


def _missing_sign(source: str, unexpected: UnexpectedToken, grammar: Grammar) -> RequestError:
    """Explain a product without its sign where it is refused: both readings, if there are two."""
    follower = source[unexpected.start : _operand_end(source, unexpected.start, grammar)]
    values, starts = unexpected.values, [*unexpected.starts, unexpected.start]
    at = len(values) - 2
    while at > 0 and values[at] in ("-", "−", "+") and values[at - 1] in _TIGHT:
        at -= 1  # 1/-2x
    span = (unexpected.start, unexpected.start + len(follower))
    if values and isinstance(values[-1], str) and values[-1] in FUNCTIONS:  # sin x
        span = (starts[-2], span[1])
        hint = f"write {_called(values[-1], follower, source[span[1] :])}"
        return RequestError(f"{values[-1]} needs parentheses", source=source, span=span, hint=hint)
    if at >= 0 and isinstance(values[at], str) and values[at] in _TIGHT:
        sign, first = values[at], at if values[at] == "√" else at - 1
        left = source[starts[first] : starts[at]].rstrip()
        right = source[starts[at + 1] : unexpected.start].rstrip()
        readings = f"({left}{sign}{right})*{follower} or {left}{sign}({right}*{follower})"
        whole = source[starts[first] : span[1]]
        return RequestError(
            f"'{_short(whole)}' can be read in two ways",
            source=source,
            span=(starts[first], span[1]),
            hint=f"write {readings}" if len(readings) < 200 else "say which with parentheses and *",
        )
    if source[: unexpected.start].rstrip().endswith(("]", "}", "'")):
        message = f"an operator is missing before '{_short(follower)}'"
        return RequestError(message, source=source, span=span, hint=f"to multiply, write *{_short(follower)}")
    first = next((k for k in range(len(values) - 1, -1, -1) if not isinstance(values[k], str)), 0)  # past ² and !
    left = source[starts[first] : unexpected.start].rstrip()
    return RequestError(
        f"an operator is missing before '{_short(follower)}'",
        source=source,
        span=span,
        hint=f"to multiply, write {_short(left)}*{_short(follower)}",
    )


def _called(function: str, argument: str, rest: str) -> str:
    """Return how a function is written that stands before its argument without parentheses: sin x, sin 30°."""
    if rest.lstrip().startswith("°"):
        return f"{function}(rad({_short(argument)}))"
    return f"{function}({argument}(...))" if argument in FUNCTIONS else f"{function}({_short(argument)})"


def _operand_end(source: str, start: int, grammar: Grammar) -> int:
    """Return where the operand ends that begins at start: a name, a call or a group."""
    depth, end, named = 0, start, False
    for token in grammar.tokens(source[start : start + 1000]):
        opens, closes = token.terminal in _BRACKETS, token.text in _CLOSING
        if depth == 0 and not opens and (named or token.terminal not in ("NAME", "DEFINED")):
            break
        depth += opens - closes
        end = start + token.start + len(token.text)
        if depth == 0 and (closes or depth < 0):
            break
        named = True
    return end


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
