"""What a plugin adds, by kind: shown before it is turned on or off, and kept for the time its package is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_core.access.scope import ACTIONS
from crm_core.accounts.role_admin import LEVELS
from crm_core.accounts.roles import NAMES
from crm_core.contributions import (
    ActionDef,
    BlueprintDef,
    CliGroup,
    Contribution,
    EntityDef,
    FieldDef,
    Importer,
    JobDef,
    ListDef,
    MenuItem,
    Panel,
    RoleDef,
    SequenceDef,
    SettingDef,
    Tab,
)
from crm_core.i18n import N_, gettext, translate_mapping
from crm_core.link_places import links_of_plugin
from crm_core.plugin_loading import tables_of
from crm_core.registry import Registry


@dataclass(frozen=True)
class Part:
    """Things of one kind: ``kind`` for programs, ``label`` for people, the things by name."""

    kind: str
    label: str
    names: tuple[str, ...]


Namer = Callable[[Registry, Any], str]


def _on(registry: Registry, item: Any) -> str:
    label = item.title() if isinstance(item, FieldDef) else gettext(item.label)
    return f"{registry.kind(item.entity)}: {label}" if item.entity else label


def _grants(registry: Registry, item: RoleDef) -> str:
    found = (
        f"{registry.kind(g.entity)}: {', '.join(gettext(ACTIONS.get(a, a)) for a in g.actions)} "
        f"({gettext(LEVELS[g.level])})"
        for g in item.grants
    )
    return f"{gettext(NAMES.get(item.role, item.role))}: {'; '.join(found)}"


def _labelled(registry: Registry, item: Any) -> str:
    return gettext(item.label)


_KINDS: tuple[tuple[str, str, type[Contribution], Namer], ...] = (
    ("entities", N_("Kinds of record"), EntityDef, lambda _, i: gettext(i.plural)),
    ("fields", N_("Fields on other records"), FieldDef, _on),
    ("permissions", N_("Permissions of roles"), RoleDef, _grants),
    ("menu", N_("Menu entries"), MenuItem, _labelled),
    ("tabs", N_("Tabs"), Tab, _on),
    ("panels", N_("Panels"), Panel, _labelled),
    ("actions", N_("Actions"), ActionDef, _on),
    ("imports", N_("Imports"), Importer, _labelled),
    ("pages", N_("Pages of its own"), BlueprintDef, lambda _, i: f"/{i.plugin}"),
    ("jobs", N_("Background jobs"), JobDef, _labelled),
    ("settings", N_("Options"), SettingDef, _labelled),
    ("lists", N_("Reference lists"), ListDef, _labelled),
    ("sequences", N_("Number sequences"), SequenceDef, _labelled),
    ("commands", N_("Commands"), CliGroup, lambda _, i: i.command().name or ""),
)


def parts_of(registry: Registry, name: str) -> list[Part]:
    """Return what a running plugin adds, kinds without anything left out."""
    found = [Part("tables", gettext(N_("Tables")), tuple(tables_of(name, registry.plugins)))]
    for kind, label, of, namer in _KINDS:
        names = (_safely(namer, registry, item) for item in registry.of(of) if item.plugin == name)
        found.append(Part(kind, gettext(label), tuple(dict.fromkeys(names))))
    return [part for part in found if part.names]


def _safely(namer: Namer, registry: Registry, item: Any) -> str:
    try:
        return namer(registry, item)
    except Exception as exc:  # noqa: BLE001 - a plan is shown whatever a plugin's code does
        return f"{type(item).__name__} ({type(exc).__name__}: {exc})"


def waiting_of(registry: Registry, name: str) -> list[str]:
    """Return the contributions of a plugin that wait, each with what it waits for."""
    return [_waiting(registry, item) for item in registry.dormant if item.plugin == name]


def _waiting(registry: Registry, item: Any) -> str:
    label = getattr(item, "label", "") or getattr(item, "key", "") or type(item).__name__
    entity, option = getattr(item, "entity", ""), registry.settings.get(item.option)
    params = {
        "what": translate_mapping(label),
        "entity": registry.kind(entity),
        "option": option.label if option is not None else item.option,
    }
    if entity and entity not in registry.entities:
        return gettext(N_("“%(what)s” waits for %(entity)s, which no running module has"), **params)
    return gettext(N_("“%(what)s” waits for the option %(option)s to be turned on"), **params)


def place_of(registry: Registry, stored: str) -> str:
    """Return in words where something of a plugin is stored: ``table`` or ``table: key``; empty when unknown."""
    table, _, key = stored.partition(": ")
    entity = registry.kind_of_table(table)
    if not entity:
        return ""
    known = registry.fields(entity).values() if entity in registry.entities else ()
    label = next((f.title() for f in known if key in (f.key, f.attr)), "")
    return f"{registry.kind(entity)}: {label}" if label else registry.kind(entity)


def inventory_of(registry: Registry, name: str) -> dict[str, Any]:
    """Return what a plugin brings along that outlives its package, as JSON."""
    own = [c for c in registry.of(Contribution) if c.plugin == name]
    return {
        "tables": tables_of(name, registry.plugins),
        "entities": [[c.key, c.model.__tablename__, c.title] for c in own if isinstance(c, EntityDef)],
        "fields": [[entity, key, attr] for entity, key, attr in _fields(registry, name)],
        "links": links_of_plugin(registry, name),
        "plurals": {c.key: c.plural for c in own if isinstance(c, EntityDef)},
        "lists": [c.key for c in own if isinstance(c, ListDef)],
        "settings": [f"{name}.{c.key}" for c in own if isinstance(c, SettingDef)],
        "sequences": [c.key for c in own if isinstance(c, SequenceDef)],
        "jobs": [c.name for c in own if isinstance(c, JobDef)],
    }


def _fields(registry: Registry, name: str) -> Iterable[tuple[str, str, str]]:
    """Yield entity, key and stored key of a plugin's fields on records that are not its own."""
    for entity, definition in registry.entities.items():
        fields: Mapping[str, FieldDef] = registry.fields(entity)
        for found in fields.values():
            if found.plugin == name and definition.plugin != name:
                yield entity, found.key, found.attr
