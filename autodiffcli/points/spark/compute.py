"""Results of rows on the workers of a cluster: by the functions that evaluate them everywhere, in Python processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from autodiffcli.points.rows import Evaluate, Request
from autodiffcli.points.spark.read import FAULTLESS

__all__ = ["compute"]


def compute(frame: Any, request: Request, evaluate: Evaluate) -> Any:
    """Return the frame of `Rows` with a column for each output, null in rows that cannot be read.

    The workers' Python needs NumPy, PyArrow and what `evaluate` imports beside this package, which is sent to them.
    """
    from pyspark.sql.types import DoubleType, StructField, StructType

    _send_package(frame.sparkSession.sparkContext)
    width = len(request.inputs)
    names = [*frame.columns, *[f"r{k}" for k in range(len(request.outputs))]]
    made = [StructField(name, DoubleType()) for name in names[1 + width :]]

    def answered(batches: Iterator[Any]) -> Iterator[Any]:  # defined here, so that it travels as it is
        import numpy as np
        import pyarrow

        for batch in batches:
            row, *columns = batch.columns
            missing = row.field("fault").to_numpy() != FAULTLESS
            results = evaluate([column.to_numpy(zero_copy_only=False) for column in columns])
            whole = [np.ascontiguousarray(np.broadcast_to(result, len(missing))) for result in results]
            new = [pyarrow.array(result, pyarrow.float64(), mask=missing) for result in whole]
            yield pyarrow.RecordBatch.from_arrays([row, *columns, *new], names)

    return frame.mapInArrow(answered, StructType([*frame.schema.fields, *made]))


def _send_package(context: Any) -> None:
    """Let the workers import this package, as it is here; it lies among the files of the session, and goes with it."""
    from pyspark import SparkFiles

    sent = Path(SparkFiles.getRootDirectory()) / "autodiffcli.zip"
    if sent.exists():
        return
    package = Path(__file__).parents[2]
    with ZipFile(sent, "w", strict_timestamps=False) as archive:  # some installers set all dates to 1970
        for path in package.rglob("*.py"):
            archive.write(path, path.relative_to(package.parent))
    context.addPyFile(str(sent))
