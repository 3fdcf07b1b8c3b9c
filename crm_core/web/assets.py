"""Built files and fixed files: their addresses with a hash, sent with gzip twins and kept by browsers for ever."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import flask
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from crm_core.web import plugin_icons

STATIC = Path(__file__).parent.parent / "static"
DIST = STATIC / "dist"
YEAR = 365 * 24 * 3600
_HASHED = re.compile(r"-[A-Z0-9]{8}\.[a-z0-9]+$")
_SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)"')


@dataclass(frozen=True, eq=False)
class Assets:
    """The built files of one build: logical names to addresses, and the icons of the sprite."""

    names: dict[str, str]
    icons: frozenset[str]

    def url(self, name: str) -> str:
        """Return the address of a built file such as ``app.css``."""
        return f"/static/{self.names.get(name, name)}"


def load_assets(folder: Path = DIST) -> Assets:
    """Read the manifest of the build; without a build the addresses answer 404."""
    manifest = folder / "manifest.json"
    names: dict[str, str] = json.loads(manifest.read_text("utf-8")) if manifest.is_file() else {}
    sprite = folder / names.get("icons.svg", "none")
    icons = _SYMBOL.findall(sprite.read_text("utf-8")) if sprite.is_file() else []
    return Assets(names, frozenset(icons))


class _Current:
    """The build in force, looked at once a second: a new one is noticed by its manifest's time."""

    def __init__(self) -> None:
        self.assets = Assets({}, frozenset())
        self.changed, self.checked = -1, 0.0

    def get(self) -> Assets:
        now = time.monotonic()
        if now - self.checked > 1 or self.changed < 0:
            manifest = DIST / "manifest.json"
            changed = manifest.stat().st_mtime_ns if manifest.is_file() else 0
            if changed != self.changed:
                self.assets = load_assets()
            self.changed, self.checked = changed, now
        return self.assets


built = _Current().get
"""Return the build in force."""


@lru_cache(maxsize=64)
def fixed_url(name: str) -> str:
    """Return the address of a file in ``crm_core/static``, with its digest."""
    path = STATIC / name
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else "0"
    return f"/static/{name}?v={digest}"


def has_icon(name: str) -> bool:
    """Tell whether there is an icon of this name, among the CRM's own or in a plugin's folder."""
    return name in built().icons or bool(_of_plugin(name))


def _of_plugin(name: str) -> str:
    """Return the address of an icon that an active plugin ships, nothing where there is none."""
    if "/" not in name or not flask.has_app_context():
        return ""
    return plugin_icons.address(name, plugin_icons.folders(flask.current_app.extensions["crm_registry"]))


def icon_html(name: str, extra: str = "") -> Markup:
    """Return an icon of the sprite or of a plugin; a name that stands for nothing shows the mark of modules."""
    return _icon(built(), name, extra, _of_plugin(name))


@lru_cache(maxsize=1024)
def _icon(assets: Assets, name: str, extra: str, own: str) -> Markup:
    return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}"/></svg>').format(
        extra, own or _in_sprite(assets, name)
    )


def _in_sprite(assets: Assets, name: str) -> str:
    return f"{assets.url('icons.svg')}#{name if name in assets.icons else plugin_icons.FALLBACK}"


def coloured_icon(name: str, colour: str) -> Markup:
    """Return an icon in a colour administrators chose; an SVG attribute, which the policy lets pass."""
    return _coloured(built(), name, colour, _of_plugin(name))


@lru_cache(maxsize=1024)
def _coloured(assets: Assets, name: str, colour: str, own: str) -> Markup:
    return Markup('<svg class="icon" color="{}" aria-hidden="true"><use href="{}"/></svg>').format(
        colour or "currentColor", own or _in_sprite(assets, name)
    )


def serve(filename: str) -> flask.Response:
    """Send a built or fixed file; the gzip twin to browsers that take it."""
    for folder in (DIST, STATIC):
        path = safe_join(str(folder), filename)
        if path is not None and Path(path).is_file() and not Path(path).name.startswith("."):
            return send(Path(path))
    raise NotFound


def serve_of_plugin(name: str, filename: str) -> flask.Response:
    """Send a file of an active plugin's folder ``static``."""
    info = flask.current_app.extensions["crm_registry"].plugins.get(name)
    path = safe_join(f"{info.folder}/static", filename) if info is not None and info.folder else None
    if path is None or not Path(path).is_file():
        raise NotFound
    return send(Path(path))


def send(path: Path) -> flask.Response:
    """Send a file, for ever where its address carries a hash, for an hour otherwise."""
    twin = path.with_name(path.name + ".gz")
    options: dict[str, Any] = {"conditional": True, "etag": True}
    if "gzip" in flask.request.headers.get("Accept-Encoding", "") and twin.is_file():
        response = flask.send_file(twin, mimetype=_type_of(path), **options)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = flask.send_file(path, mimetype=_type_of(path), **options)
    response.headers["Vary"] = "Accept-Encoding"
    for_ever = _HASHED.search(path.name) or "v" in flask.request.args
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if for_ever else "public, max-age=3600"
    return response


def _type_of(path: Path) -> str | None:
    known = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2"}
    return known.get(path.suffix)
