"""The form of a custom field: what it shows, and what an administrator typed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.contributions import EntityDef, FieldDef
from crm_core.customfields import list_key
from crm_core.errors import CrmError
from crm_core.fieldtypes import CUSTOM_TYPES, Address, Choice, Currency, FieldType, Link, Related, RichText, User
from crm_core.filters import from_json, to_text
from crm_core.i18n import LANGUAGES, N_, gettext
from crm_core.lists import code_for
from crm_core.models import CustomField
from crm_core.web import forms
from crm_core.web.account_forms import FormState
from crm_core.web.choosers import link_titles
from crm_core.web.controls import control
from crm_core.web.rawvalues import read_posted, to_raw
from crm_core.web.widgets import Control

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from crm_core.context import Ctx

FLAGS = ("required", "unique", "indexed", "search", "filterable")
OWN_LIST = "own"
"""Stands for a list that is the field's own."""
_NO_DEFAULT = (Address, Related, RichText)


@dataclass(frozen=True)
class Setting:
    """One option of a field type in the form: a text, a number, or one of ``choices``."""

    name: str
    label: str
    hint: str = ""
    choices: Mapping[str, str] | None = None
    numeric: bool = False


def type_names() -> dict[str, str]:
    """Return the types a field may have, with their names, the plain ones first."""
    return {name: gettext(kind.label) for name, kind in CUSTOM_TYPES.items()}


def settings_of(ctx: Ctx, definition: EntityDef, kind: type[FieldType]) -> list[Setting]:
    """Return the options of a type that are asked for."""
    name = kind.name
    found: list[Setting] = []
    if name in ("text", "longtext"):
        found.append(Setting("length", gettext(N_("Longest text, in characters")), numeric=True))
    if name in ("integer", "decimal"):
        found += [Setting("low", gettext(N_("Lowest value"))), Setting("high", gettext(N_("Highest value")))]
    if name == "rating":
        found.append(Setting("high", gettext(N_("Number of stars")), numeric=True))
    if name in ("decimal", "money", "percent"):
        found.append(Setting("scale", gettext(N_("Digits after the decimal mark")), numeric=True))
    if name == "money":
        found.append(Setting("currency", gettext(N_("Currency")), choices=_currencies(ctx, definition)))
    if name in ("choice", "multichoice"):
        found.append(Setting("list", gettext(N_("Choices from")), choices=_lists(ctx)))
    if issubclass(kind, Link) and not issubclass(kind, User) and name in ("link", "links"):
        entities = {key: gettext(e.label) for key, e in ctx.registry.entities.items()}
        found.append(Setting("target", gettext(N_("Links to")), choices=entities))
        hint = gettext(N_('A filter, such as kind = "company"; empty for all'))
        found.append(Setting("where", gettext(N_("Only records that pass")), hint))
    return found


def _currencies(ctx: Ctx, definition: EntityDef) -> dict[str, str]:
    own = {
        f"field:{key}": gettext(N_("As in the field “%(name)s”"), name=field.title())
        for key, field in ctx.registry.fields(definition.key).items()
        if type(field.type) is Currency
    }
    return {**{code: code for code in ctx.directory.currencies}, **own}


def _lists(ctx: Ctx) -> dict[str, str]:
    shared = {key: gettext(found.label) for key, found in ctx.registry.lists.items()}
    return {OWN_LIST: gettext(N_("A list of this field's own")), **dict(sorted(shared.items(), key=lambda i: i[1]))}


def sections(ctx: Ctx, definition: EntityDef) -> dict[str, str]:
    """Return the sections of the form a field can be put in."""
    own, title = forms.section_titles(ctx, definition.key), forms.SECTIONS["custom"]
    return {**own, "custom": own.get("custom") or gettext(title)}


# ---------------------------------------------------------------- reading


def properties(form: MultiDict[str, str], kind: FieldType | None) -> dict[str, Any]:
    """Return the properties a form asks for, as :func:`crm_core.customfields.update` takes them."""
    found: dict[str, Any] = {name: name in form for name in FLAGS}
    found["label"] = {code: form.get(f"label.{code}", "") for code in LANGUAGES}
    found["help"] = {code: form.get(f"help.{code}", "") for code in LANGUAGES}
    found["section"] = form.get("section", "general")
    found["visible_if"] = form.get("visible_if", "").strip()
    found["read_roles"], found["edit_roles"] = form.getlist("read_roles"), form.getlist("edit_roles")
    if kind is not None and has_default(kind):
        found["default"] = read_posted([_default_field(kind)], form).get("default")
    return found


def options(form: MultiDict[str, str], kind: type[FieldType], asked: list[Setting]) -> dict[str, Any]:
    """Return the options of the type a form gives; what was left empty is left to the type."""
    found: dict[str, Any] = {}
    for setting in asked:
        text = form.get(f"options.{setting.name}", "").strip()
        whole = setting.numeric or kind.name == "integer"
        if text and not (setting.name == "list" and text == OWN_LIST):
            found[setting.name] = int(text) if whole and _is_whole(text) else text
    return found


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 17


def choices(form: MultiDict[str, str]) -> dict[str, str]:
    """Return the choices typed one a line, by a code made of each label."""
    found: dict[str, str] = {}
    for line in form.get("choices", "").splitlines():
        if label := " ".join(line.split())[:120]:
            found[code_for(label, found)] = label
    return found


def has_default(kind: FieldType) -> bool:
    """Tell whether a default can be typed."""
    return not isinstance(kind, _NO_DEFAULT)


def _default_field(kind: FieldType) -> FieldDef:
    return FieldDef(entity="core.field", key="default", type=kind, label=N_("Default"),
                    help=N_("What a new record starts with"))  # fmt: skip


# ---------------------------------------------------------------- showing


def stored(row: CustomField) -> dict[str, Any]:
    """Return a field as its form holds it."""
    found: dict[str, Any] = {name: "1" if getattr(row, name) else "" for name in FLAGS}
    for code in LANGUAGES:
        found |= {f"label.{code}": row.label.get(code, ""), f"help.{code}": (row.help or {}).get(code, "")}
    found |= {f"options.{name}": value for name, value in row.options.items()}
    condition = to_text(from_json(row.visible_if)) if row.visible_if else ""
    return {**found, "key": row.key, "section": row.section, "visible_if": condition,
            "read_roles": row.read_roles, "edit_roles": row.edit_roles}  # fmt: skip


def typed(form: MultiDict[str, str], error: CrmError) -> FormState:
    """Return what was typed, with what is wrong with it."""
    lists = {name: form.getlist(name) for name in ("read_roles", "edit_roles")}
    return FormState({**form.to_dict(), **lists}, error)


def default_control(ctx: Ctx, kind: FieldType, stored_value: Any, form: MultiDict[str, str] | None) -> Control | None:
    """Return the control of the default, ``None`` where there can be none."""
    if not has_default(kind):
        return None
    field = _default_field(kind)
    value = None if stored_value is None else kind.load(stored_value)
    raw = read_posted([field], form).get("default") if form is not None else to_raw(kind, value, ctx)
    return control(ctx, field, raw, lambda entity, ids: link_titles(ctx, entity, ids), name="default")


def own_list(row: CustomField) -> str:
    """Return the list whose entries are the field's choices, nothing for other types."""
    kind = CUSTOM_TYPES[row.type]
    return str(row.options.get("list") or list_key(row.entity, row.key)) if issubclass(kind, Choice) else ""
