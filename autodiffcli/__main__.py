"""`python -m autodiffcli` is `adcalc`."""

from autodiffcli.cli import main

if __name__ == "__main__":
    main()
