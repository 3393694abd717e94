"""The benchmarks: our times beside our peers', measured in turns in one run; `python -m tests.bench`."""
