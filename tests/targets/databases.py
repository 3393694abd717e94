"""Databases that SQL is tried on: DuckDB in this process, PostgreSQL by psql, Spark on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pytest

Rows = Sequence[Sequence[float | None]]
Answer = list[tuple[Any, ...]]


def values(rows: Rows, kind: str) -> str:
    """Return rows as SQL writes them."""
    cell = lambda x: f"CAST({'NULL' if x is None else repr(str(x))} AS {kind})"
    return ", ".join(f"({', '.join(map(cell, row))})" for row in rows)


def run_duckdb(query: str, names: Sequence[str], rows: Rows) -> Answer:
    import duckdb

    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(f"CREATE TABLE points AS SELECT * FROM (VALUES {values(rows, 'DOUBLE')}) AS t({columns})")
        return connection.execute(query).fetchall()


def psql(script: str) -> str:
    command = ["psql", "-X", "-q", "-At", "-F", "\t", "-P", "null=NULL", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    environment = {"PGUSER": "postgres", "PGCONNECT_TIMEOUT": "2"} | os.environ
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[:2000]
    return done.stdout


def run_postgres(query: str, names: Sequence[str], rows: Rows) -> Answer:
    columns = ", ".join(f'"{name}"' for name in names)
    kind = "DOUBLE PRECISION"
    table = f"CREATE TEMP TABLE points AS SELECT * FROM (VALUES {values(rows, kind)}) AS t({columns});\n"
    lines = psql(table + query).splitlines()
    number = lambda cell: None if cell == "NULL" else float(cell)
    return [tuple(map(number, line.split("\t"))) for line in lines]


@cache
def spark() -> Any:
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    settings = {"spark.ui.enabled": "false", "spark.sql.ansi.enabled": "true", "spark.sql.shuffle.partitions": "1"}
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.master("local[1]").getOrCreate()


def run_spark(query: str, names: Sequence[str], rows: Rows) -> Answer:
    columns = ", ".join(f"`{name}`" for name in names)
    spark().sql(f"SELECT * FROM VALUES {values(rows, 'DOUBLE')} AS t({columns})").createOrReplaceTempView("points")
    return [tuple(row) for row in spark().sql(query).collect()]


DATABASES: Mapping[str, Callable[[str, Sequence[str], Rows], Answer]] = {
    "duckdb": run_duckdb,
    "postgres": run_postgres,
    "spark": run_spark,
}


@cache
def missing(dialect: str) -> str:
    """Return what keeps a database from being tried here, or ""."""
    if dialect == "duckdb":
        return "" if find_spec("duckdb") else "DuckDB is not installed"
    if dialect == "spark":
        if not os.environ.get("ADCALC_ALL"):
            return "Spark takes long to start: set ADCALC_ALL=1"
        java = which("java") or Path(os.environ.get("JAVA_HOME", "/nowhere"), "bin", "java").exists()
        return "" if find_spec("pyspark") and java else "PySpark or Java is not installed"
    try:
        psql("SELECT 1")
    except (OSError, AssertionError) as error:
        return f"no PostgreSQL server is reached by psql (PGHOST names one): {str(error)[:80]}"
    return ""


def answers(dialect: str, query: str, names: Sequence[str], rows: Rows) -> Answer:
    """Run a query over the table `points`; skip the test where there is no such database."""
    if why := missing(dialect):
        pytest.skip(why)
    return DATABASES[dialect](query, names, rows)
