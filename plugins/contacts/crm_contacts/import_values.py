"""From the values of a source row to those of a contact: lengths, permissions, custom fields, lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_contacts.importing import RowProblem
from crm_contacts.importing.targets import TEXTS
from crm_contacts.rules import COMPANY_ONLY, PERSON_ONLY
from crm_core.api import N_, Ctx, FieldDef, Lines, Problem, Text, ValueProblem, access, lists

CONTACT = "contacts.contact"
_TOO_LONG = N_("At most %(limit)s characters; this has %(length)s")
_MASKED = N_("You may not set this field; it was left out")
_MISPLACED = N_("It does not belong to this kind of contact; it was left out")
_UNKNOWN = N_("There is no custom field %(value)s")
_RESOLVED = frozenset({"id", "company", "company_external_id", "companies", "custom", "tags"})
"""Values that name other things: the writer looks them up."""
_TYPED = frozenset(TEXTS)
"""Values that come as texts: entries of lists by code or label, and the like."""
_ALWAYS = frozenset({"kind", "code", "external_id"})
LINES = ("emails", "phones", "websites", "addresses")


@dataclass
class Draft:
    """A row on its way: typed values, what is wrong with it, and the contact it updates."""

    source: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    record_id: int | None = None
    lenient: bool = False

    @property
    def failed(self) -> bool:
        """Tell whether the row must not be written."""
        return any(problem.fatal for problem in self.problems)

    @property
    def is_company(self) -> bool:
        """Tell whether the row is about a company."""
        return bool(self.source.get("kind") == "company")

    def refuse(self, key: str | None, code: str, message: str, value: str = "", **params: Any) -> None:
        """Note something that keeps the row from being written."""
        self.problems.append(RowProblem(key, code, message, value[:80], {"value": value[:80], **params}))

    def bad_value(self, key: str, text: str, problem: ValueProblem) -> None:
        """Note a value that its field refuses; it costs the row unless the import is lenient."""
        params = {"value": text[:80], **problem.params}
        self.problems.append(RowProblem(key, problem.code, problem.message, text[:80], params, not self.lenient))

    def remark(self, key: str, code: str, message: str, value: str = "") -> None:
        """Note something that was left out."""
        self.problems.append(RowProblem(key, code, message, value[:80], {"value": value[:80]}, fatal=False))

    def reject(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        """Note what the records API refused."""
        self.problems += [RowProblem(p.field, p.code, p.message, "", dict(p.params)) for p in problems]


class Typing:
    """Types the rows of one batch; what it must know of fields is worked out once."""

    def __init__(self, ctx: Ctx, *, make: bool = False) -> None:
        """Look at the fields of contacts; ``make`` makes entries that their lists lack."""
        self.ctx, self.make = ctx, make
        self.fields = ctx.registry.fields(CONTACT)
        self.allowed = access.editable(ctx, CONTACT) | _ALWAYS
        self.limits = {key: length for key, f in self.fields.items() if (length := _limit(f))}
        self.line_limits = {key: _line_limits(self.fields[key]) for key in LINES}

    def draft(self, source: Mapping[str, Any], *, lenient: bool = False) -> Draft:
        """Return a row with its plain values typed and checked."""
        draft = Draft(source, lenient=lenient)
        foreign = PERSON_ONLY if source.get("kind") == "company" else COMPANY_ONLY
        for key, value in source.items():
            if key in _RESOLVED:
                continue
            if key not in self.allowed:
                draft.remark(key, "readonly", _MASKED)
            elif key in foreign:
                draft.remark(key, "not_applicable", _MISPLACED, str(value))
            elif key in LINES:
                draft.values[key] = self._lines(draft, key, value)
            elif key in _TYPED:
                self._parsed(draft, key, value)
            elif (limit := self.limits.get(key)) and len(value) > limit:
                draft.refuse(key, "too_long", _TOO_LONG, value, limit=limit, length=len(value))
            else:
                draft.values[key] = value
        self._custom(draft, source.get("custom") or {})
        return draft

    def _lines(self, draft: Draft, key: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        limits = self.line_limits[key]
        found = []
        for line in lines:
            for part, text in line.items():
                limit = limits.get(part)
                if limit and text and len(text) > limit:
                    draft.refuse(key, "too_long", _TOO_LONG, text, limit=limit, length=len(text))
            found.append({**line, "address": line["address"].lower()} if key == "emails" else dict(line))
        return found

    def _custom(self, draft: Draft, given: Mapping[str, str]) -> None:
        for key, text in given.items():
            known = self.fields.get(key)
            if known is None:
                draft.refuse(key, "unknown", _UNKNOWN, key)
            elif key not in self.allowed:
                draft.remark(key, "readonly", _MASKED)
            else:
                self._parsed(draft, key, text)

    def _parsed(self, draft: Draft, key: str, text: str) -> None:
        try:
            kind = self.fields[key].type
            draft.values[key] = lists.parse_making(self.ctx, kind, text) if self.make else kind.parse(text, self.ctx)
        except ValueProblem as problem:
            draft.bad_value(key, text, problem)


def _limit(found: FieldDef) -> int:
    return found.type.length if isinstance(found.type, Text) else 0


def _line_limits(found: FieldDef) -> dict[str, int]:
    assert isinstance(found.type, Lines)  # noqa: S101 - LINES names fields with lines
    return {part.key: limit for part in found.type.line.fields if (limit := _limit(part))}
