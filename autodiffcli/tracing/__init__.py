"""What a run did, as rows of data: values, tangents, and adjoints with the partial adjoints they are sums of.

v1..vn are the inputs in order of appearance, then every operation has one v in the order of evaluation; constants have
none. Where an input's own name looks like v1, the nodes are called w1, w2, ... (or u, t, s: the first letter that no
input uses so), so that a name in a trace never means two things. The output is y, or f where an input is y.
"""

from autodiffcli.tracing.quantities import numbering
from autodiffcli.tracing.rows import AdjointRow, DifferenceRow, FormulaRow, PartialRow, Row, TangentRow, ValueRow
from autodiffcli.tracing.run import Trace

__all__ = [
    "AdjointRow",
    "DifferenceRow",
    "FormulaRow",
    "PartialRow",
    "Row",
    "TangentRow",
    "Trace",
    "ValueRow",
    "numbering",
]
