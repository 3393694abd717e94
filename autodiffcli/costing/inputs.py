"""On how many inputs each node depends, and for how many its derivative is 1: sets that grow in place if they can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["Dependence", "TooMuch"]

MAX_WORK = 50_000_000
"""Elements that may be copied or looked up: sets that overlap in every way are quadratic in memory as in time."""


class TooMuch(Exception):
    """Counting by input would take too long on this graph."""


class _Group:
    """A set that several nodes share until one of them outgrows it."""

    __slots__ = ("holders", "members")

    def __init__(self, members: set[int]) -> None:
        self.members = members
        self.holders = 0


class Dependence:
    """The inputs that each node depends on, of those asked for, while it is in use.

    `enter` is told of a node's arguments, in the order of ids; `leave` of nodes that nothing after will ask for.
    """

    def __init__(self, inputs: Iterable[int]) -> None:
        self._inputs = set(inputs)
        self._groups: dict[int, _Group] = {}
        self._ones: dict[int, _Group] = {}
        self._work = 0

    def count(self, node: int) -> int:
        """Return on how many inputs a node depends."""
        if node in self._inputs:
            return 1
        group = self._groups.get(node)
        return 0 if group is None else len(group.members)

    def ones(self, node: int) -> int:
        """Return for how many inputs its derivative is 1 as it is written: of x itself, and of x in x + y."""
        if node in self._inputs:
            return 1
        group = self._ones.get(node)
        return 0 if group is None else len(group.members)

    def enter(self, node: int, args: Sequence[int], unit: Sequence[int], last: set[int]) -> None:
        """Note a node that depends on what its args do.

        args: distinct arguments through which derivatives flow; unit: those whose derivative is passed on unchanged,
        none of them given twice; last: those that no later node uses.
        """
        found = sorted((self._held(self._groups, a) for a in args), key=lambda group: len(group.members))
        units = [self._held(self._ones, a) for a in unit]
        if len(units) == 2:
            # only one of the two terms may be there: x + y has the derivative 1 by x, x + x has not
            (a, b), (one_a, one_b) = [self._held(self._groups, i) for i in unit], units
            lost = self._overlap(one_a.members, b.members) | self._overlap(one_b.members, a.members)
            self._put(self._ones, node, sorted(units, key=lambda group: len(group.members)), last, lost)
        elif len(units) == 1 and len(found) == 1:
            self._put(self._ones, node, units, last, set())
        elif len(units) == 1:
            others = [self._held(self._groups, i) for i in args if i not in unit]
            lost = set().union(*[self._overlap(units[0].members, group.members) for group in others])
            self._put(self._ones, node, units, last, lost)
        self._put(self._groups, node, found, last, set())

    def leave(self, nodes: Iterable[int]) -> None:
        """Forget nodes."""
        for table in (self._groups, self._ones):
            for node in nodes:
                group = table.pop(node, None)
                if group is not None:
                    group.holders -= 1

    def _held(self, table: dict[int, _Group], node: int) -> _Group:
        return table.get(node) or _Group({node} if node in self._inputs else set())

    def _put(self, table: dict[int, _Group], node: int, groups: list[_Group], last: set[int], lost: set[int]) -> None:
        """Give a node the union of groups, the smallest first, without what is lost: in the largest, if it is free."""
        if not groups:
            return
        *smaller, largest = groups
        members = largest.members
        new = {x for group in smaller if group is not largest for x in group.members if x not in members} - lost
        gone = self._overlap(lost, members)
        self._spend(sum(len(group.members) for group in smaller if group is not largest) + len(lost))
        if new or gone:
            held_by = sum(table.get(a) is largest for a in last)
            if held_by < largest.holders:
                self._spend(len(members))
                largest = _Group(members.copy())
            largest.members |= new
            largest.members -= gone
        largest.holders += 1
        table[node] = largest

    def _overlap(self, a: set[int], b: set[int]) -> set[int]:
        small, large = (a, b) if len(a) < len(b) else (b, a)
        self._spend(len(small))
        return {x for x in small if x in large}

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > MAX_WORK:
            raise TooMuch
