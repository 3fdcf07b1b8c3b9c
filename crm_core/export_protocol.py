"""What an export and a plugin's format of files say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_core.contributions import EntityDef, FieldDef


@dataclass(frozen=True, kw_only=True)
class ExportSheet:
    """What is being written: the entity, the fields in the order of the columns, and how.

    ``readable`` asks for headings and values as people read them, else for names of fields and codes that an import
    understands. ``lines`` tells how many lines a record has at most, by field. ``separator`` stands between cells.
    """

    definition: EntityDef
    fields: tuple[FieldDef, ...]
    readable: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)
    separator: str = ","
