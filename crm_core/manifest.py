"""``plugin.toml``: what a plugin says about itself, read and checked without importing it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import importlib_metadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from crm_core import __version__
from crm_core.errors import CrmError
from crm_core.i18n import N_

GROUP = "crm.plugins"
"""Entry point group; the name is the plugin's, the value the module with its hook implementations."""

RESERVED = frozenset({"core", "crm", "cf", "api", "settings", "static", "files", "plugin", "system"})
"""Names that tables, URLs or fields of the kernel use."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_KEYS: Mapping[str, type[str] | type[list[Any]]] = {
    "name": str,
    "title": str,
    "summary": str,
    "core": str,
    "requires": list,
    "after": list,
    "default": str,
}
_NEEDED = ("name", "title", "core")
_TYPES: Mapping[type[Any], str] = {str: N_("a text"), list: N_("a list of texts")}


class ManifestError(CrmError):
    """A ``plugin.toml`` that is absent, unreadable or says something impossible; the text names the file."""

    code, title = "manifest", N_("The plugin's description can't be read")


@dataclass(frozen=True)
class Requires:
    """Another plugin that must be active, in a version of the range (empty: any)."""

    name: str
    versions: SpecifierSet = SpecifierSet()

    def accepts(self, version: str) -> bool:
        """Tell whether a version is in the range; pre-releases count."""
        return _accepts(self.versions, version)

    def __str__(self) -> str:
        return f"{self.name}{self.versions}"


@dataclass(frozen=True)
class Manifest:
    """What a plugin says about itself.

    ``module`` is the dotted name of its hook implementations, ``folder`` its package's place on disk,
    ``on`` whether a new deployment starts with it.
    """

    name: str
    title: str
    summary: str
    core: SpecifierSet
    requires: tuple[Requires, ...]
    after: tuple[str, ...]
    on: bool
    version: str
    module: str
    folder: Path
    distribution: str = ""

    @property
    def fits_core(self) -> bool:
        """Tell whether the running kernel is in the range the plugin names."""
        return _accepts(self.core, __version__)

    @property
    def migrations(self) -> Path:
        """Return the folder of its revisions (which may not exist)."""
        return self.folder / "migrations"


@dataclass(frozen=True)
class Found:
    """An installed plugin: its manifest, or what is wrong with it."""

    name: str
    manifest: Manifest | None = None
    error: str = ""


def installed() -> list[Found]:
    """Return every installed plugin by name; one whose manifest is unreadable is returned with its error."""
    found: dict[str, Found] = {}
    for point in sorted(importlib_metadata.entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        one = _examine(point)
        known = found.get(one.name)
        if known is None:
            found[one.name] = one
        elif known.manifest != one.manifest:
            other = ManifestError(N_("Two installed packages are called %(name)s"), params={"name": one.name})
            found[one.name] = Found(one.name, error=other.text())
    return list(found.values())


def _examine(point: importlib_metadata.EntryPoint) -> Found:
    try:
        return Found(point.name, read(locate(point.value), name=point.name, module=point.module, **_origin(point)))
    except ManifestError as exc:
        return Found(point.name, error=exc.text())


def _origin(point: importlib_metadata.EntryPoint) -> dict[str, str]:
    if point.dist is None:
        return {}
    return {"version": point.dist.version, "distribution": point.dist.name}


def locate(module: str) -> Path:
    """Return the folder of a module's top-level package; nothing of it is executed.

    Raises:
        ManifestError: there is no such package.
    """
    top = module.partition(":")[0].partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise ManifestError(N_("The package %(name)s is not there"), params={"name": top})
    return Path(places[0])


def read(folder: Path, *, name: str, module: str, version: str = "0", distribution: str = "") -> Manifest:
    """Read and check ``plugin.toml`` in a package's folder.

    Args:
        folder: the package.
        name: the entry point's name; the manifest must agree.
        module: dotted name of the hook implementations.
        version: version of the distribution.
        distribution: its name.

    Raises:
        ManifestError: anything wrong, in one sentence that begins with the file.
    """
    path = folder / "plugin.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        _check_keys(values)
        _check_name(values["name"], name)
        return Manifest(
            name=name,
            title=values["title"],
            summary=values.get("summary", ""),
            core=_range(values["core"]),
            requires=tuple(_requirement(text, name) for text in values.get("requires", ())),
            after=tuple(_plugin_name(text, name) for text in values.get("after", ())),
            on=_choice(values.get("default", "off")),
            version=_version(version),
            module=module,
            folder=folder,
            distribution=distribution,
        )
    except FileNotFoundError as exc:
        raise ManifestError(N_("%(file)s is not there"), params={"file": str(path)}, plugin=name) from exc
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise _wrong(path, name, str(exc)) from exc
    except _Wrong as exc:
        raise _wrong(path, name, CrmError(exc.message, params=exc.params).text()) from exc


class _Wrong(Exception):
    def __init__(self, message: str, **params: Any) -> None:
        self.message, self.params = message, params


def _wrong(path: Path, name: str, reason: str) -> ManifestError:
    params = {"file": str(path), "reason": reason}
    return ManifestError(N_("%(file)s: %(reason)s"), params=params, plugin=name)


def _check_keys(values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        kind = _KEYS.get(key)
        if kind is None:
            near = difflib.get_close_matches(key, _KEYS, 1, 0.4)
            if near:
                raise _Wrong(N_("unknown key %(key)s; did you mean %(near)s?"), key=key, near=near[0])
            raise _Wrong(N_("unknown key %(key)s; known: %(known)s"), key=key, known=", ".join(_KEYS))
        if not isinstance(value, kind) or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
            raise _Wrong(N_("%(key)s must be %(kind)s"), key=key, kind=CrmError(_TYPES[kind]).text())
    for key in _NEEDED:
        if not values.get(key):
            raise _Wrong(N_("%(key)s is missing"), key=key)


def _check_name(stated: str, expected: str) -> None:
    if not _NAME.fullmatch(stated) or len(stated) > 30:
        raise _Wrong(
            N_("%(name)s is not a name: lower-case letters, digits and single underscores, at most 30"), name=stated
        )
    if stated in RESERVED:
        raise _Wrong(N_("the name %(name)s belongs to the kernel"), name=stated)
    if stated != expected:
        raise _Wrong(N_("the name is %(name)s, but the entry point says %(other)s"), name=stated, other=expected)


def _plugin_name(text: str, owner: str) -> str:
    if not _NAME.fullmatch(text) or text == owner:
        raise _Wrong(N_("%(name)s is not the name of another plugin"), name=text)
    return text


def _requirement(text: str, owner: str) -> Requires:
    try:
        parsed = Requirement(text)
    except InvalidRequirement as exc:
        raise _Wrong(N_("%(text)s is not a plugin with an optional version range"), text=text) from exc
    return Requires(_plugin_name(parsed.name, owner), parsed.specifier)


def _range(text: str) -> SpecifierSet:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier as exc:
        raise _Wrong(N_("%(text)s is not a version range such as >=1,<2"), text=text) from exc


def _version(text: str) -> str:
    try:
        return str(Version(text))
    except InvalidVersion as exc:
        raise _Wrong(N_("%(text)s is not a version"), text=text) from exc


def _choice(text: str) -> bool:
    if text not in ("on", "off"):
        raise _Wrong(N_("default must be on or off, not %(text)s"), text=text)
    return text == "on"


def _accepts(versions: SpecifierSet, version: str) -> bool:
    return versions.contains(version, prereleases=True)


def in_order(manifests: Iterable[Manifest]) -> tuple[list[Manifest], list[str]]:
    """Return manifests in dependency order, ties by name, and the names that stand in a circle.

    ``requires`` and ``after`` both count; a name that is not among ``manifests`` is ignored.
    """
    left = {m.name: m for m in manifests}
    ordered: list[Manifest] = []
    while left:
        ready = sorted(name for name, m in left.items() if not (_before(m) & left.keys()))
        if not ready:
            break
        ordered.append(left.pop(ready[0]))
    return ordered, sorted(left)


def _before(manifest: Manifest) -> set[str]:
    return {r.name for r in manifest.requires} | set(manifest.after)
