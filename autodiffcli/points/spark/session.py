"""A session of Spark's for one job: started in silence, ended without a trace, its complaints told as our errors."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from shutil import which
from typing import Any

from autodiffcli.errors import RequestError, missing_extra

__all__ = ["explained", "spark_session"]

JAVA = 17
"""The oldest Java that PySpark 4 runs on."""
REACHED, REGISTERED = 5, 60
"""Seconds that a master has to answer, and that its workers have to take the job."""
_SETTINGS = {
    "spark.app.name": "adcalc",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
}
_MEANING = {
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",
    # they would leave fields out that nobody asks for, and with them the check that a row has all its fields
    "spark.sql.optimizer.enableCsvExpressionOptimization": "false",
    "spark.sql.optimizer.enableJsonExpressionOptimization": "false",
}

_LACKS = {
    r"No module named '(\w+)": "has no {}",
    r"in worker has different version: ([\d.]+) than that in driver: ([\d.]+)": "is {}, and here it is {}",
    r'Cannot run program "': "is not there",
    r"Error from python worker:": "does not run PySpark",
    r"errors\.RequestError: (\w+) needs the extra '(\w+)'": "has not what {} needs, the extra '{}'",
}
_WORKERS = (
    "PYSPARK_PYTHON names, on every worker, a Python of the release used here that has NumPy and PyArrow; without one, "
    "run the query that adcalc compile --to sql --dialect spark writes"
)


@contextmanager
def spark_session(master: str = "") -> Iterator[Any]:
    """Give a session on the cluster of a master, by default on the processors of this machine.

    One that the process has already is used, under settings of its own. What Spark raises is a RequestError that says
    what to mend, and so is a machine without PySpark or Java, and a master that does not answer or has no workers.
    """
    if not all(map(find_spec, ("pyspark", "pandas", "pyarrow"))):
        raise missing_extra("--engine spark", "spark")
    with _quiet():
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        running = SparkContext._active_spark_context
        if running is None:
            with _started(master or "local[*]") as context, _explaining(context.pythonExec):
                yield SparkSession(context)
            return
        spark = SparkSession(running).newSession()
        for name, value in _MEANING.items():
            spark.conf.set(name, value)
        with _explaining(running.pythonExec):
            yield spark


@contextmanager
def _explaining(python: str = "") -> Iterator[None]:
    """Explain what Spark raises, while the Java process is there: it has the text."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException) as error:
        raise explained(error, python) from None


@contextmanager
def _started(master: str) -> Iterator[Any]:
    """Start the Java process and in it the context, its words led away; end both."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    _check_java()
    _check_reached(master)
    conf = SparkConf(loadDefaults=True).setMaster(master)
    for name, value in (_SETTINGS | _MEANING).items():
        conf.set(name, value)
    with tempfile.TemporaryFile() as said:
        try:
            launch: Any = launch_gateway
            gateway = launch(conf, {"stdout": said, "stderr": said})
        except Exception:  # any: it is Java that failed, and what it said tells why
            said.seek(0)
            raise _not_started(said.read().decode(errors="replace")) from None
        try:
            with _explaining():
                context = SparkContext(gateway=gateway, conf=conf)
            try:
                local = master.startswith("local")
                if "PYSPARK_PYTHON" not in os.environ:  # without which PySpark takes python3, whatever runs this here
                    default = sys.executable if local else context.pythonExec
                    context.pythonExec = context.getConf().get("spark.pyspark.python", default)
                if not local:
                    _await_workers(context, master)
                yield context
            finally:
                context.stop()
        finally:
            _end(gateway)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from standard error what py4j says at Ctrl-C, if the root has no handler, and PySpark at a new Pandas."""
    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)
    try:
        with warnings.catch_warnings():
            # of which `DataFrame.mapInArrow` takes nothing, though it asks for it
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            yield
    finally:
        logging.getLogger().removeHandler(silent)


def _end(gateway: Any) -> None:
    """End the Java process, and wait until it is gone: it removes its temporary files last."""
    from pyspark import SparkContext

    with suppress(Exception):  # it may have ended before
        gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = None  # else the next context would talk to this process
    process = gateway.proc
    process.stdin.close()
    try:
        process.wait(timeout=20)
    except Exception:  # busy with what nobody wants any more
        process.kill()
        process.wait()


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME", "")
    if not (os.path.exists(os.path.join(home, "bin", "java")) if home else which("java")):
        where = f"JAVA_HOME is {home}, which has no bin/java" if home else "no java is on the PATH"
        raise RequestError(f"--engine spark needs Java: {where}", hint=f"install Java {JAVA} or newer")


def _check_reached(master: str) -> None:
    """Raise where nothing listens at a master's address: Spark itself would try for a minute."""
    match = re.fullmatch(r"spark://([^/\s]+)", master)
    if match is None:
        if re.fullmatch(r"local(\[.*\])?|yarn|k8s://.+", master) is None:
            hint = "for example spark://HOST:7077; without --master the job runs on this machine"
            raise RequestError(f"--master {master} is no address of a cluster", hint=hint)
        return
    why = ""
    for place in match[1].split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=REACHED).close()
            return
        except (OSError, ValueError, OverflowError) as error:
            why = why or getattr(error, "strerror", None) or str(error)
    raise RequestError(f"the master {master} is not reached: {why}", hint="is it running, and is the port right?")


def _await_workers(context: Any, master: str) -> None:
    """Wait until an executor has registered. Raises RequestError after a minute, or when the cluster refuses."""
    from pyspark import __version__
    from pyspark.errors import PySparkException

    until = time.monotonic() + REGISTERED
    stopped = False
    while time.monotonic() < until and not stopped:
        try:
            stopped = context._jsc.sc().isStopped()
            if context._jsc.sc().getExecutorMemoryStatus().size() > 1:  # the first is this process
                return
        except PySparkException:
            stopped = True
        time.sleep(0.1)
    if stopped:
        hint = f"PySpark here is {__version__}: does the cluster run the same release?"
        raise RequestError(f"the master {master} did not take the job", hint=hint)
    hint = "are there workers, and have they a core and the memory of spark.executor.memory free?"
    raise RequestError(f"no worker of {master} took the job within {REGISTERED} s", hint=hint)


def _not_started(said: str) -> RequestError:
    if "UnsupportedClassVersionError" in said:
        return RequestError("the Java on this machine is too old for PySpark", hint=f"install Java {JAVA} or newer")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    causes = [line for line in lines if re.search(r"error|exception|not found|could not", line, re.IGNORECASE)]
    why = (causes or lines or ["it ended at once"])[0]
    return RequestError(f"Spark did not start: {why[:300]}", hint=f"does java -version show {JAVA} or newer?")


def explained(error: BaseException, python: str = "") -> RequestError:
    """Return an error that says what Spark said, without where in Java it said so. python: that of the workers."""
    text = str(error)
    for pattern, lack in _LACKS.items():
        if match := re.search(pattern, text):
            why = f"the workers' Python, {python}, {lack.format(*match.groups())}"
            return RequestError(f"--engine spark cannot be used: {why}", hint=_WORKERS)
    if match := re.search(r"Path does not exist: (\S.*?)\.? SQLSTATE", text):
        return RequestError(f"cannot read {match[1].removeprefix('file:')}: no such file")
    if match := re.search(r"CSV header does not conform.*?CSV file: (?:file:/*)?(\S+)", text, re.DOTALL):
        return RequestError(f"{_path(match[1])} has another header than the files before it")
    caused = re.findall(r"^Caused by: (?:[\w.$]+: )?(.+)$", text, re.MULTILINE)
    line = caused[-1] if caused else next(iter(re.findall(r"^(?:: )?(?:[\w.$]+: )?(\[.+)$", text, re.MULTILINE)), "")
    lines = text.strip().splitlines() or [type(error).__name__]
    line = line or lines[-1 if "Traceback" in text else 0]  # Python's last line is what happened
    return RequestError(f"Spark could not do it: {line[:300]}")


def _path(text: str) -> str:
    return text if "://" in text or text.startswith("/") else f"/{text}"
