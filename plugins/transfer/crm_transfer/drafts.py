"""From the texts of a row to typed values of a record: fields, parts of addresses, lines, links by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_core.api import (
    N_,
    Address,
    CrmError,
    Ctx,
    FieldDef,
    Lines,
    Link,
    Links,
    Related,
    Tags,
    Team,
    User,
    Users,
    ValueProblem,
    access,
    fold,
    lists,
    tables,
)
from crm_transfer.cells import GAP
from crm_transfer.reading import TableRow

_MASKED = N_("You may not set this field; it was left out")
_UNKNOWN = N_("There is no field %(value)s")
KEPT = frozenset({"id"})


@dataclass
class Draft:
    """A row on its way: typed values, links still by name, what is wrong, and the record it changes."""

    row: TableRow
    values: dict[str, Any] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)
    problems: list[tables.RowProblem] = field(default_factory=list)
    record_id: int | None = None

    @property
    def failed(self) -> bool:
        """Tell whether the row must not be written."""
        return any(problem.fatal for problem in self.problems)

    def note(self, key: str | None, code: str, message: str, value: str = "", *, fatal: bool = True,
             **params: Any) -> None:  # fmt: skip
        """Note something that is wrong."""
        found = {"value": value[:80], **params}
        self.problems.append(tables.RowProblem(key, code, message, value[:80], found, fatal))

    def refuse(self, error: CrmError) -> None:
        """Note what the records API refused."""
        for p in error.problems():
            self.problems.append(tables.RowProblem(p.field, p.code, p.message, "", dict(p.params)))
        if not error.problems():
            self.note(None, error.code, error.message, **error.params)


def is_link(kind: Any) -> bool:
    """Tell whether a field names records that are found by their name."""
    return isinstance(kind, Link) and not isinstance(kind, User | Users | Team)


class Typing:
    """Types the rows of one batch; what it must know of fields is worked out once."""

    def __init__(self, ctx: Ctx, entity: str, match: str) -> None:
        """Look at the fields of an entity; ``match`` is known by, even where it can't be set."""
        self.ctx, self.entity, self.match = ctx, entity, match
        self.fields = ctx.registry.fields(entity)
        self.editable = access.editable(ctx, entity)

    def draft(self, row: TableRow) -> Draft:
        """Return a row with its values typed."""
        draft = Draft(row)
        grouped: dict[str, dict[str, str]] = {}
        for place, given in row.values.items():
            root = self._root(place)
            if place in KEPT:
                continue
            text = given if isinstance(given, str) else self._joined(root, place, given, row.options.between)
            if root is None:
                draft.note(place, "unknown", _UNKNOWN, place)
            elif root.key == self.match and root.key not in self.editable:
                continue
            elif root.key not in self.editable:
                draft.note(root.key, "readonly", _MASKED, fatal=False)
            elif place != root.key:
                grouped.setdefault(root.key, {})[place[len(root.key) + 1 :]] = text
            elif isinstance(root.type, Lines):
                grouped.setdefault(root.key, {})[f"1.{root.type.line.main}"] = text
            else:
                self._plain(draft, root, text)
        for key, parts in grouped.items():
            self._grouped(draft, self.fields[key], parts)
        return draft

    def _joined(self, root: FieldDef | None, place: str, texts: Sequence[str], between: str) -> str:
        """Return the texts of several columns as one: entries of a field that holds several, else joined."""
        if root is not None and place == root.key and root.type.multiple:
            return (GAP if is_link(root.type) else ", ").join(texts)
        return between.join(text.strip() for text in texts)

    def _root(self, place: str) -> FieldDef | None:
        """Return the field that a place belongs to."""
        if place in self.fields:
            return self.fields[place]
        name = place
        while "." in name:
            name = name.rpartition(".")[0]
            found = self.fields.get(name)
            if found is not None and isinstance(found.type, Address | Lines):
                return found
        return None

    def _plain(self, draft: Draft, found: FieldDef, text: str) -> None:
        kind = found.type
        if is_link(kind):
            names = [part.strip() for part in text.split(GAP.strip())] if isinstance(kind, Links) else [text.strip()]
            draft.named[found.key] = [name for name in names if name]
            return
        try:
            draft.values[found.key] = self._parsed(kind, text, make=bool(draft.row.options.make))
        except ValueProblem as problem:
            params = {"value": text[:80], **problem.params}
            fatal = not draft.row.options.lenient
            draft.problems.append(tables.RowProblem(found.key, problem.code, problem.message, text[:80], params, fatal))

    def _parsed(self, kind: Any, text: str, *, make: bool) -> Any:
        """Return the value of a text; unknown entries of lists are made where that is wished for and allowed."""
        if isinstance(kind, Users | User):
            parts = text.split(",") if isinstance(kind, Users) else [text]
            found = [self._person(part.strip()) for part in parts if part.strip()]
            return kind.parse(found if isinstance(kind, Users) else next(iter(found), None), self.ctx)
        return lists.parse_making(self.ctx, kind, text) if make else kind.parse(text, self.ctx)

    def _person(self, text: str) -> Any:
        """Return a user's id by the name people see; addresses and ids are the field's own affair."""
        users = self.ctx.directory.users(active=False)
        same = [user.id for user in users if fold(user.name) == fold(text)]
        return same[0] if len(same) == 1 else text

    def _grouped(self, draft: Draft, found: FieldDef, parts: Mapping[str, str]) -> None:
        """Type an address or lines; nothing at all in them empties the field only where that is wished for."""
        if isinstance(found.type, Address):
            raw: Any = dict(parts)
        else:
            lines: dict[str, dict[str, str]] = {}
            for name, text in parts.items():
                number, _, part = name.partition(".")
                if text.strip():
                    lines.setdefault(number, {})[part] = text
            ordered = sorted(lines, key=lambda n: (0, int(n), "") if n.isdigit() else (1, 0, n))
            raw = [self._line(found, lines[number]) for number in ordered]
        try:
            draft.values[found.key] = found.type.parse(raw, self.ctx)
        except ValueProblem as problem:
            params = dict(problem.params)
            fatal = not draft.row.options.lenient
            draft.problems.append(tables.RowProblem(found.key, problem.code, problem.message, "", params, fatal))

    def _line(self, found: FieldDef, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return a line as the field takes it; yes and no are read as cells hold them."""
        parts: Any = {part.key: part.type for part in found.type.line.asked}  # type: ignore[attr-defined]
        line: dict[str, Any] = {}
        for name, text in texts.items():
            kind = parts.get(name)
            line[name] = text if kind is None or is_link(kind) or isinstance(kind, Tags | Related) else (
                kind.dump(kind.parse(text, self.ctx)))  # fmt: skip
        return line
