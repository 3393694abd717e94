"""Requests that are wrong: each names the thing, the place and the remedy, and leaves with status 2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autodiffcli.errors import AdcalcError
from tests.cli.support import ROOT, call, good, refused, run


@pytest.mark.parametrize(
    ("args", "said", "remedy"),
    [
        (["grda", "x"], "there is no command 'grda'", "did you mean grad?"),
        (["x^2"], "there is no command 'x^2'", 'adcalc grad "x^2" differentiates an expression'),
        (["help"], "there is no command 'help'", "adcalc --help lists the commands"),
        (["--vrsion"], "there is no option --vrsion", "did you mean --version?"),
        (["--format", "json", "grad", "x"], "there is no option --format", "follow its name"),
        (["grad"], "EXPR is missing", 'adcalc grad "x^2" --at x=3'),
        (["completion"], "SHELL is missing", "--help"),
        (["completion", "tcsh"], "'tcsh' is not one of bash, zsh, fish", ""),
        (["completion", "bash", "zsh"], "'zsh' is one argument too many", ""),
        (["grad", "x", "--fomat", "json"], "there is no option --fomat", "did you mean --format?"),
        (["grad", "x", "--fomat=json"], "there is no option --fomat", "did you mean --format?"),
        (["eval", "x", "--mode", "forward"], "there is no option --mode", "adcalc eval --help"),
        (["grad", "x", "-at", "x=1"], "there is no option -at", "did you mean --at?"),
        (["grad", "x", "--mode", "revers"], "'revers' is not one of", "did you mean reverse?"),
        (["grad", "x", "--format", "jsno"], "'jsno' is not one of", "did you mean json?"),
        (["grad", "x", "--wrt"], "'--wrt' requires an argument", "Differentiate by these inputs"),
        (["grad", "x", "--trace=3"], "'--trace' does not take a value", "Show every v_i"),
        (["grad", "x", "--precision", "many"], "--precision: 'many' is not a valid integer", "Significant digits"),
        (["grad", "x", "--epsilon", "small"], "--epsilon: 'small' is not a valid number", "Step of numeric mode"),
        (["grad", "x", "x=3"], "'x=3' is one argument too many", "the point is given by --at x=3"),
        (["grad", "x+y", "--at", "x=1", "y=2"], "'y=2' is one argument", "--at ...,y=2"),
        (["grad", "x", "+", "y"], "'+' is one argument too many", "put the whole expression in quotes"),
        (["grad", "--", "-x", "--at", "x=3"], "'--at' is one argument too many", "put --at before it"),
        (["grad", "x*y", "--wrt", "x", "--wrt", "y"], "--wrt is given twice, and takes one value", "inputs only: x,y"),
        (["eval", "x", "--points=1.csv", "--points", "2.csv"], "--points is given twice", "a pattern, 'part-*"),
        (["fit", "x", "--data", "1.csv", "--lr", "1", "--lr=2"], "--lr is given twice", "The step size"),
        (["ops", "--format", "csv", "--format", "tsv"], "--format is given twice", "By default table"),
    ],
)
def test_arguments(args: list[str], said: str, remedy: str) -> None:
    first, *hint = refused(*args).splitlines()
    assert said in first
    assert remedy in " ".join([first, *hint])


def test_no_arguments_show_the_help() -> None:
    done = call()
    assert done.status == 2 and done.err.startswith("Usage: adcalc") and done.out == ""
    for args in (["--help"], ["grad", "--help"], ["eval", "--help"], ["ops", "--help"], ["completion", "--help"]):
        assert good(*args).startswith("Usage: adcalc")
    assert good("--version").startswith("adcalc 0.")


@pytest.mark.parametrize(
    ("expression", "said", "place", "remedy"),
    [
        ("sin x", "sin needs parentheses", "^^^^^", "write sin(x)"),
        ("x, y", "',' is not expected here", " ^", "in one pair of parentheses: (x, y)"),
        ("2 sin x + 1", "sin needs parentheses", "  ^^^^^", "write sin(x)"),
        ("1/sin x", "sin needs parentheses", "  ^^^^^", "write sin(x)"),
        ("sin 2", "sin needs parentheses", "    ^", "write sin(2)"),
        ("sin 30°", "sin needs parentheses", "    ^^", "write sin(rad(30))"),
        ("2 cos x°", "cos needs parentheses", "  ^^^^^", "write cos(rad(x))"),
        ("sin cos x", "sin needs parentheses", "^^^^^^^", "write sin(cos(...))"),
        ("sin^2(x)", "'sin' is a function and needs its arguments", "^^^", "its square sin(...)^2"),
        ("Sin(x)", "there is no function 'Sin'", "^^^", "did you mean sin?"),
        ("3,5*x", "',' is not expected here", " ^", "decimals are written with a point"),
        ("10%", "an operand is missing after '%'", "  ^", "0.1"),
        ("x =< 2", "an operand is missing before '<'", "   ^", "write <="),
        ("1 if x > 1", "the text ends too early", "          ^", "add else"),
        ("f(x)=x^2", "there is no expression to evaluate", "", "uses f"),
        ("|x|", "'|' has no meaning", "^", "abs(x)"),
        ("[red", "'[' is not closed", "^", "add ']'"),
        ("x/2y", "'x/2y' can be read in two ways", "^^^^", "(x/2)*y or x/(2*y)"),
        ("", "the expression is empty", "", "x^2 + 1"),
        ("  # nothing", "the expression is empty", "", "x^2 + 1"),
        ("∞", "'∞' has no meaning", "^", "write inf"),
        ("日本 語", "an operator is missing before '語'", "     ^^", "日本*語"),
    ],
)
def test_expressions(expression: str, said: str, place: str, remedy: str) -> None:
    lines = refused("grad", expression).splitlines()
    assert said in lines[0]
    assert remedy in lines[-1]
    if place:
        assert lines[1:3] == [f"  {expression}", f"  {place}"]


def test_places_on_later_lines() -> None:
    message = refused("grad", "-", stdin=b"a = x\nb = a +* 2\na*b")
    assert message.splitlines()[:3] == [
        "error: an operand is missing before '*' (line 2, column 8)",
        "  b = a +* 2",
        "         ^",
    ]


def test_long_lines_are_cut_around_the_place() -> None:
    message = refused("grad", "+".join(["x"] * 500) + "+)" + "+x" * 500)
    assert all(len(line) < 160 for line in message.splitlines())
    excerpt, carets = message.splitlines()[1:3]
    assert excerpt[carets.index("^")] == ")" and excerpt.count("…") == 2


@pytest.mark.parametrize("character", ["\x1b[31m", "\u202e", "\x9b", "\x07", "\u2066", "\x00", "\r", "\x08"])
def test_what_a_terminal_would_obey_is_shown(character: str) -> None:
    for args in (["grad", f"x + {character}y"], ["grad", "x", "--at", f"x={character}"], ["ops", f"sin{character}"]):
        done = call(*args)
        assert done.status in (0, 2) and not set(character.strip("[31m")) & set(done.out + done.err.replace("\r\n", ""))
    assert "\x1b" not in refused(f"{character}\x1b[2J") + refused("grad", "x", f"--a{character}\x1b")


@pytest.mark.parametrize(
    ("args", "option", "where"),
    [
        (["grad", "x*y", "--trace"], "--trace", "as formulas"),
        (["grad", "x*y", "--precision", "3"], "--precision", "as formulas"),
        (["grad", "x", "--at", "x=1", "--trace"], "--trace", "in plain output"),
        (["eval", "x", "--at", "x=1", "--trace"], "--trace", "in plain output"),
        (["grad", "x", "--at", "x=1", "--mode", "all", "--trace", "--format", "table"], "--trace", "--mode all"),
        (["grad", "x", "--at", "x=1", "--precision", "3", "--format", "json"], "--precision", "in json"),
        (["jacobian", "x", "--at", "x=1", "--precision", "3", "--format", "json"], "--precision", "in json"),
        (["grad", "x", "--points", "-", "--precision", "3"], "--precision", "in a table of points"),
        (["grad", "x", "--points", "-", "--trace"], "--trace", "in a table of points"),
        (["grad", "x", "--points", "-", "--no-share"], "--no-share", "in a table of points"),
        (["eval", "-", "--format", "jsonl", "--no-share"], "--no-share", "JSON Lines"),
        (["grad", "-", "--format", "jsonl", "--trace"], "--trace", "JSON Lines"),
        (["diff", "x", "--precision", "3"], "--precision", "to a formula"),
        (["diff", "x", "--at", "x=1", "--format", "latex"], "--at", "in latex"),
        (["graph", "x", "--rankdir", "TB"], "--rankdir", "in text"),
        (["graph", "x", "--precision", "3"], "--precision", "without values"),
        (["graph", "x", "--at", "x=1", "--precision", "3", "--format", "json"], "--precision", "in json"),
    ],
)
def test_options_that_would_do_nothing(args: list[str], option: str, where: str) -> None:
    said, hint = refused(*args, stdin=b"x\n1\n").splitlines()
    assert said.startswith(f"error: {option} does nothing") and where in said
    assert hint.startswith("hint: ")


@pytest.mark.parametrize("command", ["grad", "eval"])
def test_no_output_of_several_is_lost(command: str) -> None:
    for form in [["--points", "-"], *([[], ["--at", "x=1,y=2"]] if command == "grad" else [])]:
        assert "this expression has 2" in refused(command, "(x*y, x+y)", *form, stdin=b"x,y\n1,2\n")
    assert good("eval", "(x*y, x+y)", "--at", "x=1,y=2") == "value=(2, 3)\n"


def test_markup_is_text() -> None:
    assert "[red]" in refused("grad", "[red]x")
    assert "x[bold]" in refused("grad", "x[bold]", "--format", "table")
    assert "'[red]'" in refused("grad", "x", "[red]")


def test_arguments_that_are_not_utf8() -> None:
    done = run("grad", b"x\xff", "--at", b"x=2")
    assert done.status == 2 and done.err.splitlines()[1] == "  x\\udcff"
    done = run("grad", b"@\xff")
    assert done.status == 2 and "cannot read the expression from '\\udcff'" in done.err


def test_special_functions_without_scipy_name_the_extra(tmp_path: Path) -> None:
    (tmp_path / "scipy.py").write_text("raise ModuleNotFoundError(\"No module named 'scipy'\", name='scipy')\n")
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    assert run("eval", "erf(1)", env=env).out == "value=0.8427007929497149\n"  # the standard library has it
    for args in (["eval", "besselj(1, x)"], ["grad", "besselj(1, x)"], ["eval", "erfinv(x)"]):
        done = run(*args, "--at", "x=0.5", env=env)
        assert (done.status, done.out) == (2, "") and "autodiffcli[special]" in done.err, done
    done = run("eval", "besselj(1, x)", "--points", "-", stdin=b"x\n1\n", env=env)
    assert done.status == 2 and "autodiffcli[special]" in done.err, done
    done = run("grad", "-", "--format", "jsonl", stdin=b'{"expr": "besselj(1, 2)"}\n{"expr": "1"}\n', env=env)
    assert done.status == 0 and "autodiffcli[special]" in done.out.splitlines()[0], done


def test_every_error_has_a_report() -> None:
    odd = AdcalcError("m\x1b", source="a\n\tb", span=(100, 400), hint="h\n")
    assert "\\x1b" in odd.report() and odd.place() == (2, 3)
