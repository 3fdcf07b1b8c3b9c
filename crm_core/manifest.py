"""``plugin.toml``: what a plugin says about itself, read and checked without importing it.

A plugin of a single file says the same in a block of comments, written as scripts name their dependencies::

    # /// crm-plugin
    # name = "birthday"
    # title = "Birthdays"
    # core = ">=0.1,<1"
    # ///
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from crm_core import __version__
from crm_core.errors import CrmError
from crm_core.i18n import N_, Marked

RESERVED = frozenset({"core", "crm", "cf", "api", "settings", "static", "files", "plugin", "system"})
"""Names that tables, URLs or fields of the kernel use."""

NAME_LENGTH = 30
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_KEYS: Mapping[str, type[str] | type[list[Any]]] = {
    "name": str,
    "title": str,
    "summary": str,
    "core": str,
    "requires": list,
    "after": list,
    "default": str,
    "version": str,
}
_BLOCK = re.compile(r"(?m)^# /// crm-plugin[ \t]*\r?\n(?P<content>(?:^#(?:| .*)\r?\n)*?)^# ///[ \t]*$")
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
    ``on`` whether a new deployment starts with it. ``local`` plugins lie in the deployment's own folder; one made
    of a single ``file`` has no folder.
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
    local: bool = False
    file: Path | None = None

    @property
    def fits_core(self) -> bool:
        """Tell whether the running kernel is in the range the plugin names."""
        return _accepts(self.core, __version__)

    @property
    def package(self) -> str:
        """Return the name its top-level package, or single file, is imported by."""
        return self.module.partition(":")[0].partition(".")[0]

    @property
    def migrations(self) -> Path:
        """Return the folder of its revisions (which may not exist)."""
        return self.folder / "migrations"


def read(folder: Path, *, name: str, module: str, version: str = "0", distribution: str = "") -> Manifest:
    """Read and check ``plugin.toml`` in an installed package's folder.

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
    where = {"module": module, "folder": folder, "distribution": distribution}
    return _checked(path, name, lambda: path.read_text("utf-8"), {"version": version}, where)


def read_local(path: Path, *, name: str, module: str, folder: Path) -> Manifest:
    """Read and check the ``plugin.toml``, or the comment block of the single file, of a plugin of the deployment.

    Raises:
        ManifestError: anything wrong, in one sentence that begins with the file.
    """
    single = path.suffix == ".py"
    where = {"module": module, "folder": folder, "local": True, "file": path if single else None}
    return _checked(path, name, lambda: _block(path) if single else path.read_text("utf-8"), {}, where)


def _block(path: Path) -> str:
    found = _BLOCK.search(path.read_text("utf-8"))
    if found is None:
        raise _Wrong(N_("it has no block that begins with # /// crm-plugin and ends with # ///"))
    return "".join(line[2:] or "\n" for line in found["content"].splitlines(keepends=True))


def _checked(
    path: Path, name: str, text: Callable[[], str], given: Mapping[str, str], where: Mapping[str, Any]
) -> Manifest:
    """Return the manifest of a text; ``given`` is what the package's metadata say, not the text."""
    package = str(where["module"]).partition(":")[0].partition(".")[0]
    try:
        values = tomllib.loads(text())
        _check_keys(values, given)
        _check_name(values["name"], name)
        return Manifest(
            name=name,
            title=Marked(values["title"], package),
            summary=Marked(values.get("summary", ""), package),
            core=_range(values["core"]),
            requires=tuple(_requirement(text, name) for text in values.get("requires", ())),
            after=tuple(_plugin_name(text, name) for text in values.get("after", ())),
            on=_choice(values.get("default", "off")),
            version=_version(given.get("version") or values.get("version", "0")),
            **where,
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


def _check_keys(values: Mapping[str, Any], given: Mapping[str, str]) -> None:
    for key, value in values.items():
        if key in given:
            raise _Wrong(N_("%(key)s is said by the package already; remove it here"), key=key)
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


def is_name(text: str) -> bool:
    """Tell whether a plugin can be called so: lower-case letters, digits and single underscores."""
    return _NAME.fullmatch(text) is not None and len(text) <= NAME_LENGTH


def _check_name(stated: str, expected: str) -> None:
    if not is_name(stated):
        raise _Wrong(
            N_("%(name)s is not a name: lower-case letters, digits and single underscores, at most 30"), name=stated
        )
    if stated in RESERVED:
        raise _Wrong(N_("the name %(name)s belongs to the kernel"), name=stated)
    if stated != expected:
        raise _Wrong(N_("the name is %(name)s, but it is installed as %(other)s"), name=stated, other=expected)


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
