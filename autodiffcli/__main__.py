"""`python -m autodiffcli` is `adcalc`."""

from autodiffcli.cli import program

if __name__ == "__main__":
    program()
