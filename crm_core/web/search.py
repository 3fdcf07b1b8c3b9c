"""Search in everything: the page, suggestions as one types, and the command palette."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flask
from markupsafe import Markup, escape

from crm_core import search
from crm_core.i18n import N_, gettext
from crm_core.search import Hit
from crm_core.text import fold
from crm_core.web import recent, ui
from crm_core.web.request import current

if TYPE_CHECKING:
    from crm_core.context import Ctx

OTHER_KINDS: Mapping[str, tuple[str, str]] = {
    "core.user": (N_("Colleagues"), "person"),
    "core.comment": (N_("Notes"), "chat-left-text"),
}
"""Heading and icon of hits that are no records."""
SUGGESTED = 6
ON_PAGE = 25


@dataclass(frozen=True)
class Option:
    """Something to choose: its HTML label is escaped already. ``card`` is where a record's card is."""

    label: Markup
    url: str
    icon: str
    hint: str = ""
    card: str = ""


@dataclass(frozen=True)
class Group:
    """Options under one heading."""

    title: str
    options: list[Option]
    more: str = ""


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/search", "search", page)
    app.add_url_rule("/search/suggest", "search.suggest", suggest)
    app.add_url_rule("/search/palette", "search.palette", palette)


def _asked() -> str:
    return flask.request.args.get("q", "")[:200].strip()


def page() -> str:
    """Show what is found, by kind of record."""
    ctx, text = current(), _asked()
    hits = search.suggest(ctx, text, limit=ON_PAGE) if text else []
    return flask.render_template(
        "search/page.html", search_text=text, groups=_groups(ctx, hits, text, more=True),
        recent=[] if text else _options(ctx, recent.recent(ctx), ""),
    )  # fmt: skip


def suggest() -> str:
    """Return suggestions for the box in the top bar; without text, the records looked at last."""
    ctx, text = current(), _asked()
    if not text:
        groups = [Group(gettext(N_("Looked at last")), _options(ctx, recent.recent(ctx), ""))]
    else:
        groups = _groups(ctx, search.suggest(ctx, text, limit=SUGGESTED), text)
    return _render(groups, text, everything=bool(text))


def palette() -> str:
    """Return what the command palette offers: records, pages, and things to create."""
    ctx, text = current(), _asked()
    groups = [Group(gettext(N_("Looked at last")), _options(ctx, recent.recent(ctx), ""))] if not text else []
    groups += _groups(ctx, search.suggest(ctx, text, limit=SUGGESTED), text) if text else []
    groups += _commands(ctx, text)
    return _render(groups, text, everything=bool(text))


def _render(groups: list[Group], text: str, *, everything: bool) -> str:
    shown = [g for g in groups if g.options]
    return flask.render_template("search/options.html", groups=shown, text=text, everything=everything)


def _groups(ctx: Ctx, hits: Iterable[Hit], text: str, *, more: bool = False) -> list[Group]:
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.entity, []).append(hit)
    groups = []
    for entity, items in found.items():
        definition = ctx.registry.entities.get(entity)
        title = gettext(definition.plural if definition else OTHER_KINDS.get(entity, (entity, ""))[0])
        url = f"/{definition.slug}?" if definition and more and len(items) >= ON_PAGE else ""
        groups.append(Group(title, _options(ctx, items, text), url))
    return groups


def _options(ctx: Ctx, hits: Iterable[Hit], text: str) -> list[Option]:
    found = []
    for hit in hits:
        definition = ctx.registry.entities.get(hit.entity)
        icon = definition.icon if definition else OTHER_KINDS.get(hit.entity, ("", "puzzle"))[1]
        card = f"{hit.url}/card" if definition else ""
        found.append(Option(marked(hit.title or f"#{hit.id}", text), hit.url, icon, hit.subtitle, card))
    return found


def _commands(ctx: Ctx, text: str) -> list[Group]:
    """Return pages and things to create whose names hold every word of the text."""
    menu = ui.menu(ctx, flask.request.path)
    create = [Option(marked(gettext(N_("New: %(name)s"), name=i.label), text), i.url, "plus-lg") for i in menu.create]
    pages = [Option(marked(i.label, text), i.url, i.icon) for s in menu.sections for i in s.items]
    pages.append(Option(marked(gettext(N_("Profile and preferences")), text), "/profile", "person"))
    if ctx.actor.is_admin:
        pages.append(Option(marked(gettext(N_("Settings")), text), "/settings", "gear"))
        pages += [Option(marked(i.label, text), i.url, i.icon) for i in ui.settings_items(ctx)]
    words = fold(text).split()

    def fits(option: Option) -> bool:
        label = fold(option.label.striptags())
        return all(word in label for word in words)

    return [
        Group(gettext(N_("Create")), [o for o in create if fits(o)]),
        Group(gettext(N_("Go to")), [o for o in pages if fits(o)]),
    ]


def marked(title: str, text: str) -> Markup:
    """Return a title as HTML with the words looked for marked; everything in it is escaped."""
    words = sorted({w for w in text.split() if w}, key=len, reverse=True)
    if not words:
        return escape(title)
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    parts, end = [], 0
    for match in pattern.finditer(title):
        parts += [escape(title[end : match.start()]), Markup("<mark>{}</mark>").format(match[0])]
        end = match.end()
    return Markup("").join([*parts, escape(title[end:])])
