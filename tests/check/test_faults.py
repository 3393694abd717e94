"""Faults planted into the rules are found, and the rule at fault is named."""

from __future__ import annotations

import pytest

from autodiffcli import check
from tests.check.faults import Fault, faults

PLANTED = faults(100, seed=20)


@pytest.mark.parametrize("fault", PLANTED, ids=str)
def test_each_of_100_faults_is_found(fault: Fault) -> None:
    graph, at = fault.graph(), fault.at()
    assert check(graph, at).verdict != "failed"
    with fault.planted():
        found = check(graph, at)
    assert found.verdict == "failed", found.why
    assert found.fault is not None
    assert found.fault.message.startswith(f"the derivative of {fault.op.symbol} "), found.fault
