"""Search in everything: the page, suggestions as one types, and the command palette."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import flask
from markupsafe import Markup

from crm_core import search
from crm_core.access import allowed
from crm_core.i18n import N_, gettext
from crm_core.search import Found, Hit, paging
from crm_core.text import fold
from crm_core.web import recent, ui
from crm_core.web.marking import marked
from crm_core.web.request import current

if TYPE_CHECKING:
    from crm_core.context import Ctx

OTHER_KINDS: Mapping[str, tuple[str, str]] = {
    "core.user": (N_("Colleagues"), "person"),
    "core.comment": (N_("Notes"), "chat-left-text"),
}
"""Heading and icon of hits that are no records."""
SUGGESTED = 6
ON_OVERVIEW, COUNTED = 8, 25
ON_PAGE = 25


@dataclass(frozen=True)
class Option:
    """Something to choose: its HTML labels are escaped already. ``card`` is where a record's card is."""

    label: Markup
    url: str
    icon: str
    hint: Markup = Markup("")  # noqa: RUF009 - it can't change
    card: str = ""


@dataclass(frozen=True)
class Group:
    """Options under one heading; ``kind`` is what the page is asked for to see this kind alone."""

    title: str
    options: list[Option]
    kind: str = ""
    icon: str = ""
    found: int = 0

    @property
    def count(self) -> str:
        """Return how many were found, counted to a bound."""
        return f"{COUNTED}+" if self.found > COUNTED else str(self.found)


@dataclass(frozen=True)
class Results:
    """What a search shows: what holds the words, and what is near, with the words that were looked for instead."""

    groups: list[Group] = field(default_factory=list)
    nearest: list[Group] = field(default_factory=list)
    words: str = ""


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/search", "search", page)
    app.add_url_rule("/search/suggest", "search.suggest", suggest)
    app.add_url_rule("/search/palette", "search.palette", palette)


def _asked() -> str:
    return flask.request.args.get("q", "")[:200].strip()


def page() -> str:
    """Show what is found by kind; with ``type`` what is found of one kind, page by page."""
    ctx, text = current(), _asked()
    if not text:
        return flask.render_template("search/page.html", search_text="", results=Results(), recent=_last(ctx))
    results = _results(ctx, search.look(ctx, text, limit=COUNTED + 1), text)
    kind = flask.request.args.get("type", "")
    entity = ctx.registry.slugs.get(kind, "")
    found = _page_of(ctx, text, entity) if entity and allowed(ctx, entity, "read") else None
    chosen = next((g for g in results.groups if g.kind == kind), None)
    return flask.render_template(
        "search/page.html", search_text=text, results=results, kind=kind if chosen or found else "", chosen=chosen,
        found=found, options=_options(ctx, found.hits, text) if found else [], shown=ON_OVERVIEW,
    )  # fmt: skip


def _page_of(ctx: Ctx, text: str, entity: str) -> paging.HitPage:
    after, before = flask.request.args.get("after") or None, flask.request.args.get("before") or None
    return paging.page(ctx, text, entity, limit=ON_PAGE, after=after, before=before)


def suggest() -> str:
    """Return suggestions for the box in the top bar; without text, the records looked at last."""
    ctx, text = current(), _asked()
    return _render(_last_group(ctx) if not text else [], _suggested(ctx, text), text)


def palette() -> str:
    """Return what the command palette offers: records, pages, and things to create."""
    ctx, text = current(), _asked()
    results = _suggested(ctx, text)
    first = results.groups if text else _last_group(ctx)
    return _render([*first, *_commands(ctx, text)], Results([], results.nearest, results.words), text)


def _suggested(ctx: Ctx, text: str) -> Results:
    return _results(ctx, search.look(ctx, text, limit=SUGGESTED), text) if text else Results()


def _render(first: Sequence[Group], results: Results, text: str) -> str:
    shown = [g for g in [*first, *results.groups] if g.options]
    return flask.render_template("search/options.html", groups=shown, results=results, text=text)


def _last(ctx: Ctx) -> list[Option]:
    return _options(ctx, recent.recent(ctx), "")


def _last_group(ctx: Ctx) -> list[Group]:
    return [Group(gettext(N_("Looked at last")), _last(ctx), icon="clock-history")]


def _results(ctx: Ctx, found: Found, text: str) -> Results:
    words = " ".join(found.words)
    return Results(_groups(ctx, found.hits, text), _groups(ctx, found.nearest, words), words)


def _groups(ctx: Ctx, hits: Iterable[Hit], text: str) -> list[Group]:
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.entity, []).append(hit)
    groups = []
    for entity, items in found.items():
        definition = ctx.registry.entities.get(entity)
        title, icon = OTHER_KINDS.get(entity, (entity, "puzzle"))
        if definition is not None:
            title, icon = definition.plural, definition.icon
        kind = definition.slug if definition is not None else entity
        groups.append(Group(gettext(title), _options(ctx, items, text), kind, icon, len(items)))
    return groups


def _options(ctx: Ctx, hits: Iterable[Hit], text: str) -> list[Option]:
    found = []
    for hit in hits:
        definition = ctx.registry.entities.get(hit.entity)
        icon = definition.icon if definition else OTHER_KINDS.get(hit.entity, ("", "puzzle"))[1]
        card = f"{hit.url}/card" if definition else ""
        title = marked(hit.title or f"#{hit.id}", text)
        found.append(Option(title, hit.url, icon, marked(hit.subtitle, text), card))
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
        Group(gettext(N_("Create")), [o for o in create if fits(o)], icon="plus-lg"),
        Group(gettext(N_("Go to")), [o for o in pages if fits(o)], icon="signpost"),
    ]
