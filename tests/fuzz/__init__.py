"""Random input to everything that reads text: an answer or an AdcalcError in time and memory, and nothing else.

`python -m pytest tests/fuzz` takes a few thousand examples of each target from hypothesis. For millions of them:

    python -m tests.fuzz grammar --runs 1000000
    python -m tests.fuzz grammar --runs 1000000 --atheris    (guided by coverage; needs atheris)
"""
