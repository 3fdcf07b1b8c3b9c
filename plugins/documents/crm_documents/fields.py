"""Field types that only documents need: a size as people write it, and the text found in a file."""

from __future__ import annotations

from typing import Any

from crm_core.api import Ctx, Integer, LongText, files

SHOWN = 200
"""Letters of the text of a file that lists and programs are given."""


class FileSize(Integer):
    """A number of bytes, shown as ``2.5 MB``."""

    custom = False

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the size with its unit."""
        return files.size_text(value) if value is not None else ""


class FoundText(LongText):
    """The text of a file: searched as a whole, given away as its beginning."""

    custom = False

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the beginning."""
        return str(self.dump(value) or "")

    def dump(self, value: Any) -> Any:
        """Return the beginning."""
        return value if not value or len(value) <= SHOWN else value[:SHOWN].rstrip() + "…"
