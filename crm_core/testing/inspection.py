"""Looking at a plugin from outside: what it imports, what it says in which language, what its hooks are asked."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from crm_core.contributions import Contribution

if TYPE_CHECKING:
    from crm_core.change import Change
    from crm_core.context import Ctx
    from crm_core.manifest import Manifest
    from crm_core.registry import Registry

ASKED = ("crm_before_write", "crm_validate", "crm_after_write", "crm_record_scope", "crm_render_slot", "crm_search")
"""Hooks that are asked about records, whoever they belong to."""

KEYWORDS = {"N_": None, "gettext": None, "_": None, "_n": None}
_METHODS = [
    ("**/migrations/**", "ignore"),
    ("**.py", "python"),
    ("templates/**.html", "jinja2.ext:babel_extract"),
]
_OPTIONS = {"templates/**.html": {"encoding": "utf-8", "silent": "false", "newstyle_gettext": "true"}}
_PARAMETER = re.compile(r"%\(\w+\)s")


def private_imports(manifest: Manifest) -> list[str]:
    """Return the imports of the CRM that are neither the facade nor the ``api`` of a plugin it names."""
    own = manifest.module.partition(".")[0]
    named = {f"crm_{n}" for n in (*(r.name for r in manifest.requires), *manifest.after)}
    allowed = {"crm_core.api", *(f"{n}.api" for n in named)}
    wrong = []
    for path in _modules(manifest.folder):
        for line, name in _imported(path):
            inside = name.partition(".")[0] in ("", own) or not name.startswith("crm_")
            if not inside and not any(f"{name}.".startswith(f"{a}.") for a in allowed):
                wrong.append(f"{path.relative_to(manifest.folder)}:{line} imports {name}")
    return wrong


def _modules(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        if path.relative_to(folder).parts[0] != "migrations":
            yield path


def _imported(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{a.name}") for a in node.names)


def untranslated(manifest: Manifest) -> list[str]:
    """Return the texts a shipped catalogue lacks, and those whose parameters differ, with the language."""
    wrong = []
    used = _texts(manifest.folder)
    for path in sorted((manifest.folder / "translations").glob("*.po")):
        found = read_po(io.BytesIO(path.read_bytes()), locale=path.stem)
        known = {str(m.id): str(m.string) for m in found if m.id and m.string and not m.fuzzy}
        wrong += [f"{path.name}: {text!r} is missing" for text in used if text not in known]
        for text, other in known.items():
            if sorted(_PARAMETER.findall(text)) != sorted(_PARAMETER.findall(other)):
                wrong.append(f"{path.name}: {text!r} has other parameters")
    return wrong


def _texts(folder: Path) -> list[str]:
    found: set[str] = set()
    for _, _, message, _, _ in extract_from_dir(str(folder), _METHODS, _OPTIONS, KEYWORDS):
        found.update(message if isinstance(message, tuple) else (message,))
    return sorted(t for t in found if t and any(c.isalpha() for c in t))


def contributions(registry: Registry, name: str) -> list[Contribution]:
    """Return what a plugin contributes, its fields one by one."""
    found = [c for c in registry.of(Contribution) if c.plugin == name]
    mine = [key for key, one in registry.entities.items() if one.plugin == name]
    return [*found, *(f for key in mine for f in registry.fields(key).values())]


def arguments(ctx: Ctx, hook: str, change: Change) -> dict[str, Any]:
    """Return everything a hook may be asked with about one record."""
    return {
        "ctx": ctx, "change": change, "entity": change.entity, "action": "read", "slot": "record.header",
        "subject": change.record, "text": "sample", "entities": (change.entity,),
    }  # fmt: skip
