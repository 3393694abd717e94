"""The build hook: when a wheel or an editable install is made, the grammar becomes the tables that the parser loads.

Hatchling loads this file by its path, and from it the class that `get_build_hook` returns; nothing else imports it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

__all__ = ["get_build_hook", "write_tables"]


def write_tables(root: Path) -> Path:
    """Write `_tables.py` in the source tree at `root`, whole or not at all, and return its path."""
    sys.path.insert(0, str(root))  # the package to be built is not installed yet
    try:
        from autodiffcli.language.tables import generate
    finally:
        sys.path.remove(str(root))
    path = root / "autodiffcli" / "language" / "_tables.py"
    draft = path.with_suffix(".draft")
    draft.write_text(generate(root / "grammars" / "expression.lark"), encoding="utf-8")
    return draft.replace(path)


def get_build_hook() -> type:
    """Return the hook's class, made here because hatchling is there only while a package is built."""
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class TablesHook(BuildHookInterface):  # type: ignore[misc,unused-ignore]  # untyped where hatchling is not installed
        """Adds the tables of the grammar, which git ignores, to what is packed."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Write the tables and name them in `build_data`; an sdist goes without: the wheel made of it has them."""
            if self.target_name == "wheel":
                tables = write_tables(Path(self.root))
                build_data["artifacts"].append(f"/{tables.relative_to(self.root).as_posix()}")

    return TablesHook
