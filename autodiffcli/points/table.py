"""A table of text, block by block: what one kind of text does otherwise than another, and the loops that all share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from autodiffcli.errors import RequestError
from autodiffcli.points.rows import Block, Floats
from autodiffcli.points.source import Source, Text

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["Table", "in_order"]

Result = TypeVar("Result")


class Table(ABC):
    """Rows that are read from a source. `fast` and `render` of what it gives leave no trace, so that threads may."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @abstractmethod
    def header(self) -> Text:
        """Return the first line of the table to write."""

    def threads(self) -> int:
        """Return how many threads shall read and write blocks; 0 where they would but wait for each other."""
        return 0

    @abstractmethod
    def fast(self, text: bytes) -> Block | None:
        """Return a block's rows, numbered from 0, if it begins with a row and every one is in order."""

    @abstractmethod
    def accept(self, block: Block) -> Block | None:
        """Return the next rows with their numbers in the table, unless a row is open that began before them."""

    @abstractmethod
    def slow(self, text: bytes) -> Iterator[Block]:
        """Yield the rows of the next text, read one by one; under on_error="fail" a bad one raises in the end."""

    def end(self) -> None:  # noqa: B027 - most tables may end anywhere
        """Raise if the table must not end here."""

    @abstractmethod
    def render(self, block: Block, results: Sequence[Floats]) -> Sequence[Text]:
        """Return the rows to write, in pieces."""

    def blocks(self) -> Iterator[Block]:
        """Yield all rows in blocks; under on_error="fail" a bad row raises, after the rows before it."""
        for text in self.source:
            quick = self.fast(text)
            block = None if quick is None else self.accept(quick)
            if block is None:
                yield from self.slow(text)
            else:
                yield block
        self.end()


def in_order(table: Table, work: Callable[[bytes], Result], take: Callable[[bytes, Result], object]) -> None:
    """Call take(text, work(text)) for each text of a table, in their order; the work is that of the table's threads.

    What has arrived is taken before more is waited for, and few texts are under way, whatever their number is.
    """
    waiting: deque[tuple[bytes, Future[Result]]] = deque()

    def settle(most: int = 0) -> None:
        while len(waiting) > most:
            text, result = waiting.popleft()
            try:
                take(text, result.result())
            except BaseException:
                waiting.clear()  # nothing follows an error
                raise

    table.source.idle = settle
    with ExitStack() as stack:
        pool: ThreadPoolExecutor | None = None
        try:
            for text in table.source:
                threads = table.threads()
                if not threads:
                    take(text, work(text))
                    continue
                if pool is None:
                    from concurrent.futures import ThreadPoolExecutor

                    pool = stack.enter_context(ThreadPoolExecutor(threads))
                waiting.append((text, pool.submit(work, text)))
                settle(threads + 1)
        except RequestError:  # of the source: what it gave before is in order
            settle()
            raise
        settle()
