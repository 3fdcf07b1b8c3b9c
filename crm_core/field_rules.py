"""What may be said about a custom field beside its key and type: labels, default, who sees it, when it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core.contributions import EntityDef
from crm_core.db import KERNEL
from crm_core.errors import FilterError, Invalid, Problem, ValueProblem
from crm_core.fieldtypes import Computed, Date, DateTime, FieldType, File, Lines, Tags
from crm_core.fieldtypes.base import as_text
from crm_core.filters import And, Me, MyTeams, Node, Not, Or, Relative, parse, to_json
from crm_core.i18n import LANGUAGES, N_, current_language, gettext
from crm_core.models import CustomField, Role

if TYPE_CHECKING:
    from crm_core.context import Ctx

LABEL_LENGTH, HELP_LENGTH, SECTION_LENGTH = 200, 1000, 60
MAX_ORDER = 100_000
MAX_INDEXED = 40
"""Indexes cost every write; more on one entity would be felt."""
_UNDECIDED = (Computed, Date, DateTime, File, Lines, Tags)
"""Types whose values stand in a form otherwise than in a filter; only whether there is one can be asked."""
NULLS = ("is null", "is not null")


@dataclass(frozen=True)
class Subject:
    """The field the properties belong to; ``row`` is ``None`` while it is being made."""

    ctx: Ctx
    entity: EntityDef
    key: str
    type: FieldType
    row: CustomField | None = None


Check = Callable[[Subject, str, Any], Any]


def checked(subject: Subject, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that properties set.

    Args:
        subject: the field.
        given: raw properties; ``visible_if`` may be the text of a filter, ``label`` and ``help`` plain text in the
            current language.

    Raises:
        Invalid: with every problem.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for name, raw in given.items():
        try:
            check: Check = _CHECKS.get(name, _flag)
            found[name] = check(subject, name, raw)
        except ValueProblem as problem:
            problems.append(problem.at(name))
        except FilterError as error:
            problems.append(Problem(name, error.code, error.message, error.params))
    problems += _impossible(subject, found)
    if problems:
        raise Invalid(problems)
    return found


def _flag(subject: Subject, name: str, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise ValueProblem("type", N_("Expected %(expected)s"), expected="true or false")
    return raw


def _texts(subject: Subject, name: str, raw: Any) -> dict[str, str]:
    before: Mapping[str, str] = getattr(subject.row, name, None) or {}
    given = dict(raw) if isinstance(raw, Mapping) else {**before, current_language(): raw}
    texts = {str(k): as_text(v or "") for k, v in given.items()}
    limit = LABEL_LENGTH if name == "label" else HELP_LENGTH
    if unknown := set(texts) - set(LANGUAGES):
        raise ValueProblem("language", N_("%(language)s is not a language known here"), language=min(unknown)[:20])
    if any(len(text) > limit for text in texts.values()):
        raise ValueProblem("too_long", N_("At most %(n)s characters, please"), n=limit)
    found = {code: " ".join(text.split()) if name == "label" else text for code, text in texts.items() if text}
    if name == "label" and not found:
        raise ValueProblem("required", N_("A label is required"))
    return found


def _roles(subject: Subject, name: str, raw: Any) -> list[str]:
    known = set(subject.ctx.session.scalars(sa.select(Role.code), execution_options=KERNEL))
    codes = [raw] if isinstance(raw, str) else list(raw or ())
    if unknown := [code for code in codes if code not in known]:
        raise ValueProblem("unknown", N_("There is no role %(name)s"), name=str(unknown[0])[:60])
    return sorted(set(codes))


def _order(subject: Subject, name: str, raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= MAX_ORDER:
        raise ValueProblem("range", N_("Must be between %(low)s and %(high)s"), low=0, high=MAX_ORDER)
    return raw


def _section(subject: Subject, name: str, raw: Any) -> str:
    return section_name(raw)


def section_name(raw: Any) -> str:
    """Return the name of a section of a form.

    Raises:
        ValueProblem: it is too long, or more than letters, digits and underscores.
    """
    text = as_text(raw or "general")
    if len(text) > SECTION_LENGTH or not text.replace("_", "").isalnum():
        raise ValueProblem("section", N_("A section is named by letters, digits and underscores"))
    return text


def _default(subject: Subject, name: str, raw: Any) -> Any:
    value = subject.type.parse(raw, subject.ctx)
    return None if value in (None, []) else subject.type.dump(value)


def _condition(subject: Subject, name: str, raw: Any) -> dict[str, Any] | None:
    if not raw:
        return None
    return to_json(_fixed(subject, parse(raw) if isinstance(raw, str) else raw))


def _fixed(subject: Subject, node: Node) -> Node:
    """Return a condition that a form can decide: on its own fields, compared with values as they are stored."""
    match node:
        case And(parts):
            return And(tuple(_fixed(subject, part) for part in parts))
        case Or(parts):
            return Or(tuple(_fixed(subject, part) for part in parts))
        case Not(part):
            return Not(_fixed(subject, part))
    ctx, field = subject.ctx, subject.ctx.registry.field(subject.entity.key, node.path)
    if node.path == f"cf.{subject.key}":
        raise ValueProblem("itself", N_("A field can't depend on itself"))
    values = node.value if isinstance(node.value, tuple) else (node.value,)
    if isinstance(field.type, _UNDECIDED) and node.op not in NULLS:
        raise ValueProblem("condition", N_("Of “%(label)s” a form can only ask whether it is filled"),
                           label=field.title())  # fmt: skip
    if any(isinstance(value, Relative | Me | MyTeams) for value in values):
        raise ValueProblem("condition", N_("Compare with fixed values here, not with “me” or a time from now"))
    if node.op in NULLS or node.op in ("contains", "not contains", "startswith", "endswith"):
        return node
    stored = tuple(_stored(ctx, field.type, value, node.op) for value in values)
    return replace(node, value=stored if isinstance(node.value, tuple) else stored[0])


def _stored(ctx: Ctx, kind: FieldType, value: Any, op: str) -> Any:
    if isinstance(value, bool) or value is None or kind.kind == "decimal":
        return value
    found = kind.parse_filter(value, ctx, op)
    return found if isinstance(found, str | int) else value


_CHECKS: Mapping[str, Check] = {
    "label": _texts,
    "help": _texts,
    "read_roles": _roles,
    "edit_roles": _roles,
    "order": _order,
    "section": _section,
    "default": _default,
    "visible_if": _condition,
}


# ---------------------------------------------------------------- what a type, or the values there are, rule out


def _impossible(subject: Subject, found: Mapping[str, Any]) -> Iterator[Problem]:
    kind, row = subject.type, subject.row
    for name in ("unique", "indexed"):
        useless = kind.multiple or not kind.sortable or (name == "unique" and kind.kind == "bool")
        if found.get(name) and useless:
            yield Problem(name, "type", N_("A field of the type “%(type)s” can't be %(what)s"),
                          {"type": gettext(kind.label), "what": gettext(_WHAT[name])})  # fmt: skip
    was = row is not None and (row.indexed or row.unique)
    if (found.get("indexed") or found.get("unique")) and not was and _indexed(subject) >= MAX_INDEXED:
        yield Problem("indexed", "limit", N_("At most %(n)s fields may be quick to filter"), {"n": MAX_INDEXED})


_WHAT = {"unique": N_("unique"), "indexed": N_("made quick to filter")}


def _indexed(subject: Subject) -> int:
    own = (CustomField.entity == subject.entity.key) & CustomField.retired_at.is_(None)
    wanted = sa.or_(CustomField.indexed, CustomField.unique)
    count = sa.select(sa.func.count()).select_from(CustomField).where(own, wanted)
    return subject.ctx.session.scalar(count, execution_options=KERNEL) or 0
