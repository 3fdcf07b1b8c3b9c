"""Icons that plugins ship: ``fleet/car`` is the drawing in ``static/icons/car.svg`` of the plugin fleet.

The file is referred to, not copied: the drawing takes the colour of the text around it, and its root has the id
``icon`` (``<svg id="icon" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="currentColor">``).
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from crm_core.contributions import ActionDef, Contribution, EntityDef, Entry, ListDef, MenuItem
from crm_core.i18n import N_, gettext
from crm_core.registry import Registry

FALLBACK = "puzzle"
"""What is shown for a name that stands for nothing: the mark of modules."""
_NAME = re.compile(r"([a-z][a-z0-9_]*)/([a-z0-9-]{1,40})")
_ROOT = re.compile(r'<svg\b[^>]*\bid="icon"')


def address(name: str, folders: Mapping[str, str]) -> str:
    """Return the address of an icon that a plugin ships; nothing where there is none of this name."""
    match = _NAME.fullmatch(name)
    folder = folders.get(match[1], "") if match is not None else ""
    if match is None or not folder:
        return ""
    digest = _digest(_file(folder, match[2]))
    return f"/static/plugins/{match[1]}/icons/{match[2]}.svg?v={digest}#icon" if digest else ""


def folders(registry: Registry) -> dict[str, str]:
    """Return the folders of the plugins that run, by name."""
    return {name: str(info.folder) for name, info in registry.plugins.items() if info.folder}


def _file(folder: str, stem: str) -> Path:
    return Path(folder) / "static" / "icons" / f"{stem}.svg"


@lru_cache(maxsize=512)
def _digest(path: Path) -> str:
    """Return a mark of a drawing's content; nothing for what can't be referred to."""
    text = path.read_text("utf-8", "replace") if path.is_file() else ""
    return hashlib.sha256(text.encode()).hexdigest()[:8] if _ROOT.search(text) else ""


def problems(registry: Registry, plugin: str, known: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong with the icons a plugin names; ``known`` are the CRM's own."""
    there = folders(registry)
    for name, whose in sorted(set(_named(registry, plugin))):
        if name in known or address(name, there):
            continue
        match = _NAME.fullmatch(name)
        if match is not None and match[1] in there and _file(there[match[1]], match[2]).is_file():
            message = N_('The icon %(name)s of %(whose)s: the root of its drawing needs id="icon"')
            yield gettext(message, name=name, whose=whose)
            continue
        near = difflib.get_close_matches(name, known, 3, 0.5)
        message = N_(
            "The icon %(name)s of %(whose)s is not one of the CRM's; choose one (near: %(near)s), or ship it as "
            "static/icons/NAME.svg and write %(plugin)s/NAME"
        )  # fmt: skip
        yield gettext(message, name=name, whose=whose, near=", ".join(near) or "–", plugin=plugin)


def _named(registry: Registry, plugin: str) -> Iterator[tuple[str, str]]:
    """Yield the icons that contributions of a plugin name, each with what it stands for."""

    def own(found: Contribution) -> bool:
        return found.plugin == plugin

    yield from ((e.icon, e.key) for e in registry.of(EntityDef) if own(e))
    yield from ((a.icon, f"{a.entity} {a.name}") for a in registry.of(ActionDef) if own(a))
    yield from ((m.icon, m.url) for m in registry.of(MenuItem) if own(m))
    entries: Iterator[tuple[ListDef, Entry]] = ((d, e) for d in registry.of(ListDef) if own(d) for e in d.entries)
    yield from ((e.icon, f"{d.key} {e.code}") for d, e in entries if e.icon)
