"""Field types that only contacts need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.api import N_, Ctx, FieldType, Text


class MailDomain(Text):
    """The part of an e-mail address after the @, in lower case as addresses are kept."""

    name, label = "mail_domain", N_("Mail domain")
    custom = False

    def __init__(self, length: int = 253) -> None:
        """Keep the limit of RFC 1035."""
        super().__init__(length)

    def parse_filter(self, raw: Any, ctx: Ctx, op: str) -> Any:
        """Compare without regard to case."""
        return (super().parse_filter(raw, ctx, op) or "").lower() or None


class Titles(FieldType):
    """The result of a computed field: records as ``[{id, title, …}]``."""

    name, label, widget = "titles", N_("List of records"), "readonly"
    custom, sortable = False, False

    def __init__(self, members: Mapping[str, str] | None = None) -> None:
        """Keep what each entry holds beside id and title, as JSON types by name."""
        self.members = {"id": "integer", "title": "string", **(members or {})}

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the titles, separated by commas."""
        return ", ".join(str(item["title"]) for item in value or ())

    def search_text(self, value: Any) -> str:
        """Return nothing."""
        return ""

    def schema(self) -> dict[str, Any]:
        """Return an array of objects."""
        members = {name: {"type": kind} for name, kind in self.members.items()}
        item = {"type": "object", "properties": members, "required": [*members], "additionalProperties": False}
        return {"type": "array", "items": item}
