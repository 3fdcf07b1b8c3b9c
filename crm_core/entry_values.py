"""What may be said about an entry of a reference list, checked: labels, colour, icon, role, parent, declared values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_core.contributions import ListDef
from crm_core.errors import Invalid, Problem, ValueProblem
from crm_core.fieldtypes.base import as_text
from crm_core.i18n import LANGUAGES, N_, current_language
from crm_core.models import ListEntry
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.context import Ctx

LABEL_LENGTH = 120
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_ICON = re.compile(r"[a-z0-9-]{1,40}")


class Problems(list[Problem]):
    """What is wrong, collected field by field."""

    @classmethod
    def one(cls, field: str, message: str, **params: Any) -> Problems:
        """Return a collection with a single problem."""
        return cls([Problem(field, "value", message, params)])

    def add(self, field: str, message: str, **params: Any) -> None:
        """Note something wrong with a field."""
        self.append(Problem(field, "value", message, params))


def labels_of(label: Any) -> dict[str, str]:
    """Return a label by language; plain text is in the current language.

    Raises:
        Invalid: no text at all, a text too long, or an unknown language.
    """
    given = label if isinstance(label, Mapping) else {current_language(): label}
    try:
        labels = {str(k): " ".join(as_text(v).split()) for k, v in given.items() if v is not None}
    except ValueProblem as problem:
        raise Invalid([problem.at("label")]) from problem
    problems = Problems()
    if unknown := set(labels) - set(LANGUAGES):
        problems.add("label", N_("%(language)s is not a language known here"), language=min(unknown)[:20])
    labels = {k: v for k, v in labels.items() if v}
    if not labels:
        problems.add("label", N_("A label is required"))
    if any(len(v) > LABEL_LENGTH for v in labels.values()):
        problems.add("label", N_("A label has at most %(limit)s characters"), limit=LABEL_LENGTH)
    if problems:
        raise Invalid(problems)
    return labels


def colour_of(raw: Any) -> str:
    """Return a colour as ``#rrggbb`` in lower case, or nothing.

    Raises:
        ValueProblem: it is not a colour.
    """
    text = as_text(raw or "").lower()
    if text and not _COLOUR.fullmatch(text):
        raise ValueProblem("colour", N_("A colour is written #rrggbb"))
    return text


def changed_attributes(
    ctx: Ctx, definition: ListDef, present: Sequence[ListEntry], entry: ListEntry | None, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the columns that changes to an entry set.

    Args:
        ctx: the operation.
        definition: the list.
        present: all entries of the list.
        entry: the one to be changed, ``None`` for a new one.
        changes: raw input by name; names of declared values may stand beside or inside ``values``.

    Raises:
        Invalid: every problem found.
    """
    problems, found = Problems(), {}
    extra = {f.key: f for f in definition.extra}
    flat = {**{k: v for k, v in changes.items() if k != "values"}, **dict(changes.get("values") or {})}
    values = dict(entry.values) if entry is not None else {}
    for name, raw in flat.items():
        try:
            if name in extra:
                parsed = extra[name].type.parse(raw, ctx)
                values[name] = None if parsed is None else extra[name].type.store(parsed)
            elif name in _PARSERS:
                found[name] = _PARSERS[name](definition, present, entry, raw)
            else:
                problems.add(name[:80], N_("Unknown field"))
        except ValueProblem as problem:
            problems.append(problem.at(name))
        except Invalid as exc:
            problems.extend(exc.problems())
    if entry is None or set(flat) & set(extra):
        missing = (f.key for f in definition.extra if f.required and values.get(f.key) in (None, ""))
        problems += [Problem(key, "required", N_("Please fill this in")) for key in missing]
    if problems:
        raise Invalid(problems)
    if set(flat) & set(extra):
        found["values"] = {k: v for k, v in values.items() if v is not None}
    return found


def _label(definition: ListDef, present: Sequence[ListEntry], entry: ListEntry | None, raw: Any) -> dict[str, str]:
    given = labels_of(raw)
    labels = given if isinstance(raw, Mapping) or entry is None else {**entry.label, **given}
    wanted = {fold(text) for text in labels.values()}
    for other in present:
        if (entry is None or other.id != entry.id) and wanted & {fold(t) for t in other.label.values()}:
            raise ValueProblem("unique", N_("Another entry of this list has this label"))
    return labels


def _colour(definition: ListDef, present: Sequence[ListEntry], entry: ListEntry | None, raw: Any) -> str:
    return colour_of(raw)


def _icon(definition: ListDef, present: Sequence[ListEntry], entry: ListEntry | None, raw: Any) -> str:
    text = as_text(raw or "").lower()
    if text and not _ICON.fullmatch(text):
        raise ValueProblem("icon", N_("An icon is a name such as star or telephone"))
    return text


def _role(definition: ListDef, present: Sequence[ListEntry], entry: ListEntry | None, raw: Any) -> str:
    text = as_text(raw or "")
    if text and text not in dict(definition.roles):
        raise ValueProblem("role", N_("This list has no mark %(value)s"), value=text[:40])
    return text


def _active(definition: ListDef, present: Sequence[ListEntry], entry: ListEntry | None, raw: Any) -> bool:
    from crm_core.fieldtypes import Boolean

    return bool(Boolean().convert(raw, None))  # type: ignore[arg-type]


def _parent(definition: ListDef, present: Sequence[ListEntry], entry: ListEntry | None, raw: Any) -> str:
    code = as_text(raw or "")
    above = {e.code: e.parent for e in present}
    if code and code not in above:
        raise ValueProblem("parent", N_("There is no entry %(value)s in this list"), value=code[:60])
    step = code
    while step and entry is not None:
        if step == entry.code:
            raise ValueProblem("parent", N_("An entry can't stand below itself"))
        step = above.get(step, "")
    return code


_PARSERS = {
    "label": _label,
    "colour": _colour,
    "icon": _icon,
    "role": _role,
    "active": _active,
    "parent": _parent,
}
