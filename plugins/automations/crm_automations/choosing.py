"""What of a step's value is chosen with the controls of the fields it sets: one value, or those of a new record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm_automations import lists, values
from crm_core.api import (
    N_,
    Boolean,
    Choice,
    ChosenText,
    Cond,
    CrmError,
    Ctx,
    Date,
    DateTime,
    FieldDef,
    Link,
    ListQuery,
    Related,
    Tags,
    User,
    ValueProblem,
    access,
    and_,
    parse_filter,
    records,
)

PICKED = (Link, Related, Choice, Boolean, Date, DateTime, Tags)
"""Types whose values are chosen; the others are typed."""


class YesNo(Choice):
    """Yes, no, or not given."""

    custom = False

    def __init__(self) -> None:
        """Offer both answers."""
        super().__init__(choices={"true": N_("Yes"), "false": N_("No")})

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return what a yes or no of any form is called."""
        return "true" if Boolean().parse(raw, ctx) else "false"

    def dump(self, value: Any) -> Any:
        """Return the yes or no."""
        return None if value is None else value == "true"


@dataclass(frozen=True)
class StepPickers:
    """The fields of a step; ``key`` is the one it sets, empty where it creates a record of JSON."""

    ctx: Ctx
    fields: Mapping[str, FieldDef]
    key: str = ""

    def apart(self, text: str) -> tuple[str, Mapping[str, Any]]:
        """Return what stays a text (what holds places, or counts from now), and the values chosen."""
        if self.key:
            return self._one(text)
        try:
            given = values.json_of(text)
        except ValueProblem:
            return text, {}
        held = {key: item for key, item in given.items() if key in self.fields and self._chosen(key, item)}
        rest = {key: item for key, item in given.items() if key not in held}
        return (_json(rest) if rest else "") if held else text, held

    def _one(self, text: str) -> tuple[str, Mapping[str, Any]]:
        item: Any = text.strip()
        if self.fields[self.key].type.multiple and item.startswith("["):
            try:
                item = values.json_of(item, list)
            except ValueProblem:
                return text, {}
        return ("", {self.key: item}) if item and self._chosen(self.key, item) else (text, {})

    def _chosen(self, key: str, item: Any) -> bool:
        """Tell whether a control can show a value."""
        kind = self.fields[key].type
        for one in item if isinstance(item, list) else [item]:
            if one is None or isinstance(one, dict | list):
                return False
            if isinstance(one, str) and (any(values.places(one)) or values.is_moment(kind, one)):
                return False
            if isinstance(kind, Link) and not str(one).isdigit() and (one == "me" or not _fits(self.ctx, kind, one)):
                return False
        return True

    def together(self, rest: str, picked: Mapping[str, Any]) -> str:
        """Return the step's value.

        Raises:
            ValueProblem: a value is both chosen and written, or what is written is not JSON.
        """
        if self.key:
            if rest.strip():
                raise _twice(self.fields[self.key])
            value = picked[self.key]
            return _json(value) if isinstance(value, bool | list) else str(value)
        given = values.json_of(rest)
        if twice := next((key for key in picked if key in given), None):
            raise _twice(self.fields[twice])
        return _json({**given, **picked})


def _fits(ctx: Ctx, kind: Any, item: Any) -> bool:
    try:
        return kind.parse(item, ctx) is not None
    except ValueProblem:
        return False


def _twice(found: FieldDef) -> ValueProblem:
    return ValueProblem(
        "twice", N_("%(name)s: choose a value or write a text, not both; the text was kept"), name=found.title()
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


class StepValue(ChosenText):
    """The value of a step."""

    depends_on = ("watched", "kind", "target")

    def pickers(self, ctx: Ctx, record: Mapping[str, Any], line: Mapping[str, Any]) -> StepPickers | None:
        """Return what can be chosen for a field that is set or a record that is created."""
        return pickers(ctx, str(record.get("watched") or ""), line)


def pickers(ctx: Ctx, watched: str, step: Mapping[str, Any]) -> StepPickers | None:
    """Return what can be chosen in a step, nothing where all of it is typed."""
    kind, target = step.get("kind"), str(step.get("target") or "").strip()
    if kind == lists.SET and watched in ctx.registry.entities:
        one = {key: f for key, f in _pickable(ctx, watched).items() if key == target}
        return StepPickers(ctx, one, target) if one else None
    if kind == lists.CREATE and target:
        try:
            entity = ctx.registry.entity(target)
        except CrmError:
            return None
        return StepPickers(ctx, _pickable(ctx, entity.key))
    return None


def _pickable(ctx: Ctx, entity: str) -> dict[str, FieldDef]:
    """Return the fields whose values are chosen, as controls that may be left empty."""
    allowed = access.editable(ctx, entity)
    return {
        key: replace(
            f, key=f"step.{key}", type=YesNo() if isinstance(f.type, Boolean) else f.type, required=False,
            required_if=None, visible_if=None, default=None,
        )
        for key, f in ctx.registry.fields(entity).items()
        if key in allowed and isinstance(f.type, PICKED) and f.storage != "computed" and f.on_pages(ctx)
        and _offered(ctx, f.type)
    }  # fmt: skip


def _offered(ctx: Ctx, kind: Any) -> bool:
    """Tell whether a list is there to choose from: those of modules that are off stay with what is written."""
    own = getattr(kind, "list", "")
    return not own or own.startswith("cf.") or own in ctx.registry.lists


def wrong(ctx: Ctx, watched: str, step: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the field and the reason of each chosen value that can't be; links are looked for as ``ctx`` sees them."""
    found = pickers(ctx, watched, step)
    for key, item in (found.apart(step.get("value") or "")[1] if found else {}).items():
        kind = found.fields[key].type if found else None
        try:
            _linked(ctx, kind, kind.parse(item, ctx) if kind else None)
        except ValueProblem as problem:
            yield key, problem.at(None).text()
        except CrmError as error:
            yield key, error.text()


def _linked(ctx: Ctx, kind: Any, value: Any) -> None:
    """Look for the records a value links to.

    Raises:
        CrmError: the kind of record can't be read.
        ValueProblem: one is not there.
    """
    target, where = getattr(kind, "target", ""), getattr(kind, "where", "")
    if isinstance(kind, Related) and value:
        target, _, value = value.partition(":")
    elif not isinstance(kind, Link) or isinstance(kind, User):
        return
    ids = {int(item) for item in (value if isinstance(value, list) else [value] if value else [])}
    if ids:
        asked = and_(Cond("id", "in", tuple(sorted(ids))), *([parse_filter(where)] if where else []))
        if len(records.list_(ctx, target, ListQuery(filter=asked, limit=len(ids), count=False)).items) < len(ids):
            raise ValueProblem("unknown", N_("There is no such record"))
