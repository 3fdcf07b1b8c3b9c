"""The house rules of the code itself: layers, cycles, sizes, names with types and words, what plugins may import.

Each exemption says why it stands; a second test fails when one is no longer needed.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULE_LINES, FUNCTION_LINES = 400, 50

LAYERS: dict[int, tuple[str, ...]] = {
    0: ("errors", "config", "i18n", "text"),
    1: ("db", "marks", "outgoing", "contributions", "contributed_erasing", "contributed_events",
        "contributed_connections", "contributed_faces", "contributed_merges",
        "contributed_services", "context", "models", "change"),
    2: ("manifest", "discovery", "fieldtypes", "filters", "hookspecs", "entities", "columns", "search_index",
        "import_protocol", "export_protocol", "isolation", "sniff", "filestore", "tables"),
    3: ("hooks", "registry", "migrations", "sequences", "entry_values", "titles", "directory", "directory_reading",
        "revision_tools", "revision_writer", "scaffold", "drift", "mail", "plugin_states"),
    4: ("access", "batches", "history", "events", "core_lists", "accounts", "customfields", "custom_indexes",
        "field_rules", "link_places",
        "plugin_loading", "plugin_plan",
        "plugin_data", "module_access", "recording"),
    5: ("records", "jobs", "search", "search_text", "money", "files", "arrivals", "images", "comments", "notices",
        "timeline",
        "settings", "lists", "tags", "undo", "imports", "import_reading", "import_work", "import_report",
        "import_files", "import_columns", "import_options", "import_preparing", "field_admin", "incidents",
        "list_usage", "list_rules", "list_moving", "list_merging",
        "tag_merging", "stored_filters", "merging", "duplicates",
        "erasing", "connections"),
    6: ("schemas",),
    7: ("web", "rest", "kernel", "lifecycle", "switching", "uninstalling",
        "plugin_report", "plugin_check", "deployment", "housekeeping", "demo", "doctor", "backup", "archive",
        "backup_postgresql"),
    8: ("cli", "app", "api", "server", "testing"),
}  # fmt: skip
LAYER_OF = {name: layer for layer, names in LAYERS.items() for name in names}

EXEMPT_LAYERS: dict[tuple[str, str], str] = {}
EXEMPT_FUNCTIONS: dict[str, str] = {}


@dataclass(frozen=True)
class Module:
    """One parsed source file."""

    path: Path
    name: str
    tree: ast.Module
    lines: int


@lru_cache
def kernel_modules() -> tuple[Module, ...]:
    """Return the kernel's modules, revisions apart."""
    return tuple(_modules(ROOT / "crm_core", "crm_core"))


@lru_cache
def plugin_modules() -> tuple[Module, ...]:
    """Return the modules of the bundled plugins and of the examples, revisions apart."""
    found: list[Module] = []
    for folder in sorted((*(ROOT / "plugins").glob("*/crm_*"), *(ROOT / "examples").glob("*/crm_*"))):
        found += _modules(folder, folder.name)
    return tuple(found)


def _modules(folder: Path, package: str) -> Iterator[Module]:
    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(folder)
        if relative.parts[0] in ("revisions", "migrations", "static") or "node_modules" in relative.parts:
            continue
        text = path.read_text("utf-8")
        name = ".".join((package, *relative.with_suffix("").parts)).removesuffix(".__init__")
        yield Module(path, name, ast.parse(text), text.count("\n") + 1)


def imports(module: Module, *, lazy: bool) -> Iterator[str]:
    """Yield the modules imported at run time; those for type checkers alone don't count."""
    stack: list[ast.AST] = list(module.tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            stack += node.orelse
            continue
        if not lazy and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{a.name}" for a in node.names)
        stack += list(ast.iter_child_nodes(node))


def _kernel_part(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "crm_core" and len(parts) > 1 else ""


def upward() -> set[tuple[str, str]]:
    """Return the pairs (part, part of a higher layer it imports)."""
    found = set()
    for module in kernel_modules():
        own = _kernel_part(module.name)
        for name in imports(module, lazy=True):
            other = _kernel_part(name)
            if own and other in LAYER_OF and LAYER_OF[other] > LAYER_OF[own]:
                found.add((own, other))
    return found


def test_every_part_of_the_kernel_has_a_layer() -> None:
    """A new module says where it belongs."""
    parts = {_kernel_part(m.name) for m in kernel_modules()} - {""}
    assert parts - set(LAYER_OF) == set()


def test_layers_go_downward_only() -> None:
    """No part imports one above it, not even lazily."""
    assert upward() - set(EXEMPT_LAYERS) == set()


def test_no_layer_exemption_is_left_over() -> None:
    """An exemption that nothing needs is removed."""
    assert set(EXEMPT_LAYERS) - upward() == set()


@pytest.mark.parametrize("modules", [kernel_modules, plugin_modules])
def test_no_import_cycles(modules: object) -> None:
    """Modules can be imported in any order."""
    found = {m.name: m for m in modules()}  # type: ignore[operator]
    graph = {name: _targets(module, found) - {name} for name, module in found.items()}
    done: set[str] = set()
    cycles: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            cycles.append(" > ".join((*path[path.index(name) :], name)))
            return
        if name in done:
            return
        for other in sorted(graph[name]):
            visit(other, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())
    assert cycles == []


def _targets(module: Module, known: dict[str, Module]) -> set[str]:
    found = set()
    for name in imports(module, lazy=False):
        while name and name not in known:
            name = name.rpartition(".")[0]
        if name and not (known[name].path.name == "__init__.py" and module.name.startswith(f"{name}.")):
            found.add(name)
    return found


def test_modules_are_small() -> None:
    """At most 400 lines a module."""
    assert [f"{m.name}: {m.lines}" for m in (*kernel_modules(), *plugin_modules()) if m.lines > MODULE_LINES] == []


def _functions(module: Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module.name}.{node.name}", node  # type: ignore[misc]


def long_functions() -> dict[str, int]:
    """Return functions above the limit with their length, docstring left out."""
    found = {}
    for module in (*kernel_modules(), *plugin_modules()):
        for name, node in _functions(module):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            if length > FUNCTION_LINES:
                found[name] = length
    return found


def test_functions_are_small() -> None:
    """At most 50 lines a function."""
    assert {k: v for k, v in long_functions().items() if k not in EXEMPT_FUNCTIONS} == {}


def test_no_function_exemption_is_left_over() -> None:
    """An exemption that nothing needs is removed."""
    assert set(EXEMPT_FUNCTIONS) - set(long_functions()) == set()


def _public(module: Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def test_public_names_are_documented_and_typed() -> None:
    """Every public function and class has a docstring; every public function is typed."""
    wrong = []
    for module in (*kernel_modules(), *plugin_modules()):
        if not ast.get_docstring(module.tree):
            wrong.append(module.name)
        for node in _public(module):
            if not ast.get_docstring(node):
                wrong.append(f"{module.name}.{node.name}: no docstring")
            if isinstance(node, ast.FunctionDef) and node.returns is None:
                wrong.append(f"{module.name}.{node.name}: untyped")
    assert wrong == []


def test_plugins_import_only_the_facade() -> None:
    """A plugin imports ``crm_core.api`` and the ``api`` of other plugins, nothing else of ours."""
    wrong = []
    for module in plugin_modules():
        own = module.name.split(".")[0]
        for name in imports(module, lazy=True):
            root = name.split(".")[0]
            inside = root == own or not root.startswith("crm_")
            if not inside and not f"{name}.".startswith(("crm_core.api.", f"{root}.api.")):
                wrong.append(f"{module.name} imports {name}")
    assert wrong == []


def test_the_kernel_names_no_plugin() -> None:
    """The kernel's code holds no plugin's name."""
    names = [p.name for p in (ROOT / "plugins").iterdir() if p.is_dir()]
    wrong = []
    for module in kernel_modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                wrong += [
                    f"{module.name}: {n}.…" for n in names if node.value.startswith(f"{n}.") and len(node.value) < 60
                ]
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(tuple(f"crm_{n}" for n in names)):
                wrong.append(f"{module.name} imports {node.module}")
    assert wrong == []


def test_safe_mode_knows_every_bundled_plugin() -> None:
    """Safe mode starts with what is released with the kernel, and with nothing else."""
    released = {
        tomllib.loads(f.read_text("utf-8"))["project"]["name"] for f in (ROOT / "plugins").glob("*/pyproject.toml")
    }
    assert set(tomllib.loads((ROOT / "crm_core" / "bundled.toml").read_text("utf-8"))["distributions"]) == released
