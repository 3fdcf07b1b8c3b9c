"""Menus: what the person may open and create."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crm_core.access import allowed, open_to
from crm_core.contributions import EntityDef, Importer, MenuItem, by_weight
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx

MAIN = "main"
CREATE = "create"
SETTINGS = "settings"
LIST = "list"
_APART = (CREATE, SETTINGS, LIST)
"""Sections that are not part of the main menu."""
_SECTIONS = {MAIN: "", "sales": N_("Sales"), "reports": N_("Reports"), "tools": N_("Tools")}


@dataclass(frozen=True)
class Me:
    """The person who looks at the page."""

    id: int
    name: str
    email: str
    admin: bool


@dataclass(frozen=True)
class Item:
    """A link of a menu, translated."""

    label: str
    url: str
    icon: str
    current: bool = False
    entity: str = ""


@dataclass(frozen=True)
class Section:
    """Links under one heading."""

    title: str
    items: list[Item]


@dataclass(frozen=True)
class Menu:
    """The main menu, what can be created (KN-09), and the entry phones show beside Home."""

    sections: list[Section]
    create: list[Item]
    main: Item | None
    in_settings: bool = False
    extra: dict[str, str] = field(default_factory=dict)


def menu(ctx: Ctx, path: str) -> Menu:
    """Return the menu of an actor on the page at ``path``."""
    visible = [i for i in by_weight(ctx.registry.of(MenuItem)) if _visible(ctx, i)]
    here = _best(path, [i.url for i in visible if i.section not in _APART])
    groups: dict[str, list[Item]] = {MAIN: [Item(gettext(N_("Home")), "/", "house", path == "/")]}
    for item in visible:
        if item.section not in _APART:
            groups.setdefault(item.section, []).append(
                Item(gettext(item.label), item.url, item.icon, item.url == here, item.entity)
            )
    sections = [Section(_title(key), items) for key, items in groups.items()]
    first = next((i for s in sections for i in s.items if i.entity), None)
    return Menu(sections, _creatable(ctx, visible), first, path.startswith("/settings"))


def settings_items(ctx: Ctx, plugin: str = "") -> list[Item]:
    """Return the entries plugins add to the settings page; those of one plugin when it is named."""
    found = [i for i in by_weight(ctx.registry.of(MenuItem)) if i.section == SETTINGS and _visible(ctx, i)]
    return [Item(gettext(i.label), i.url, i.icon) for i in found if plugin in ("", i.plugin)]


def list_links(ctx: Ctx, definition: EntityDef) -> list[Item]:
    """Return the entries of a list's menu: its importer, and what plugins add in the section ``list``."""
    found = [i for i in by_weight(ctx.registry.of(MenuItem)) if i.section == LIST and i.entity == definition.key]
    may_create = allowed(ctx, definition.key, "create")
    importers = [i for i in ctx.registry.of(Importer) if i.entity == definition.key and may_create]
    may_merge = definition.creatable and all(allowed(ctx, definition.key, a) for a in ("update", "delete"))
    return [
        *(Item(gettext(i.label), f"/{definition.slug}/import", "upload") for i in importers),
        *([Item(gettext(N_("Find duplicates")), f"/{definition.slug}/duplicates", "copy")] if may_merge else []),
        *(Item(gettext(i.label), i.url, i.icon) for i in found if _visible(ctx, i)),
    ]


def _title(section: str) -> str:
    return gettext(_SECTIONS.get(section, section.replace("_", " ").capitalize()))


def _visible(ctx: Ctx, item: MenuItem) -> bool:
    if (item.admin and not ctx.actor.is_admin) or not open_to(ctx.directory, ctx.actor, item.plugin):
        return False
    action = "create" if item.section == CREATE else "read"
    return not item.entity or (item.entity in ctx.registry.entities and allowed(ctx, item.entity, action))


def _best(path: str, urls: Iterable[str]) -> str:
    """Return the longest address the path lies under."""
    under = [u for u in urls if path == u or path.startswith(u.rstrip("/") + "/")]
    return max(under, key=len, default="")


def _creatable(ctx: Ctx, visible: Iterable[MenuItem]) -> list[Item]:
    """Return exactly the kinds of record the actor may create; plugins may split one into several entries."""
    own = [i for i in visible if i.section == CREATE]
    found = []
    for definition in ctx.registry.entities.values():
        settings = "create" in definition.admin_actions  # made on a page of the settings
        if settings or not definition.creatable or not allowed(ctx, definition.key, "create"):
            continue
        split = [i for i in own if i.entity == definition.key]
        found += [Item(gettext(i.label), i.url, i.icon, entity=definition.key) for i in split] or [
            Item(gettext(definition.label), f"/{definition.slug}/new", definition.icon, entity=definition.key)
        ]
    return found
