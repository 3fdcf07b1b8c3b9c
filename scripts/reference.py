"""Write docs/reference from the code: ``.venv/bin/python scripts/reference.py``; ``--check`` only looks."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from blinker import Signal

from crm_core import (
    api,
    contributed_erasing,
    contributed_events,
    contributed_faces,
    contributed_merges,
    contributed_services,
    contributions,
    hookspecs,
    switching,
)
from crm_core.app import create_app
from crm_core.cli import cli
from crm_core.config import Config, load_config
from crm_core.db import Database
from crm_core.deployment import Deployment
from crm_core.fieldtypes import BUILT_IN
from crm_core.rest import docs

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "reference"
BUDGETS = ROOT / "tests" / "budgets.toml"
CONTRIBUTED = (
    contributions, contributed_erasing, contributed_events, contributed_faces, contributed_merges, contributed_services,
)  # fmt: skip
"""The modules of what plugins may contribute."""
HEADER = "<!-- Written by scripts/reference.py from the code; change the code, not this page. -->\n\n"


def _doc(thing: Any) -> str:
    return inspect.cleandoc(thing.__doc__ or "").replace("\n\n", "\n\n").strip()


def hooks() -> str:
    """Return the page of the nine hooks."""
    lines = ["# Hooks\n", f"{_doc(hookspecs)}\n"]
    for name, policy in hookspecs.POLICIES.items():
        function = getattr(hookspecs, name)
        signature = str(inspect.signature(function)).replace("'", "")
        lines += [f"## `{name}`\n", f"```python\n{name}{signature}\n```\n", f"{_doc(function)}\n"]
        lines.append(f"When it raises: *{policy}*.\n")
    return "\n".join(lines)


def contribution_types() -> str:
    """Return the page of everything a plugin may contribute."""
    lines = ["# Contributions\n", f"{_doc(contributions)}\n"]
    found = [c for m in CONTRIBUTED for c in vars(m).values() if inspect.isclass(c) and dataclasses.is_dataclass(c)]
    for cls in sorted(found, key=lambda c: c.__name__):
        if cls.__module__ not in {m.__name__ for m in CONTRIBUTED}:
            continue
        lines += [f"## `{cls.__name__}`\n", f"{_doc(cls)}\n", "| field | type | default |", "|---|---|---|"]
        for item in dataclasses.fields(cls):
            if item.name != "plugin":
                lines.append(f"| `{item.name}` | `{_escaped(item.type)}` | {_default(item)} |")
        lines.append("")
    return "\n".join(lines)


def _escaped(value: Any) -> str:
    return str(value).replace("|", "\\|")


def _default(item: dataclasses.Field[Any]) -> str:
    if item.default is not dataclasses.MISSING:
        return f"`{_escaped(repr(item.default))}`"
    return "empty" if item.default_factory is not dataclasses.MISSING else "required"


def facade() -> str:
    """Return the page of everything a plugin may import."""
    modules = {n: v for n in api.__all__ if inspect.ismodule(v := getattr(api, n))}
    lines = ["# The facade: `crm_core.api`\n", f"{_doc(api)}\n"]
    apart = "[Contributions](contributions.md), [field types](field-types.md) and [hooks](hooks.md) stand apart.\n"
    lines += [apart, ""]
    lines.append("## Names\n")
    for name in sorted(set(api.__all__) - set(modules), key=str.lower):
        thing = getattr(api, name)
        if getattr(thing, "__module__", "") not in {m.__name__ for m in CONTRIBUTED} and thing not in BUILT_IN:
            lines += _described(name, thing)
    for name, module in modules.items():
        lines += [f"## `{name}`\n", f"{_doc(module)}\n"]
        for own in getattr(module, "__all__", None) or sorted(vars(module)):
            thing = getattr(module, own)
            here = str(getattr(thing, "__module__", "")).startswith(module.__name__)
            if isinstance(thing, Signal):
                lines += [f"### `{name}.{own}`\n", f"{_doc(thing)}\n"]
            elif not own.startswith("_") and here and (inspect.isfunction(thing) or inspect.isclass(thing)):
                lines += _described(f"{name}.{own}", thing)
    return "\n".join(lines)


def _described(name: str, thing: Any) -> list[str]:
    """Return the entry of one name: how it is called, and what its docstring says."""
    thing = inspect.unwrap(thing) if callable(thing) else thing
    if not inspect.isfunction(thing) and not inspect.isclass(thing):
        return [f"### `{name}`\n", f"A value of type `{type(thing).__name__}`.\n"]
    lines = [f"### `{name}`\n"]
    if inspect.isfunction(thing) or dataclasses.is_dataclass(thing):
        lines.append(f"```python\n{name}{_signature(thing)}\n```\n")
    if not _doc(thing).startswith(f"{name.rpartition('.')[2]}("):
        lines.append(f"{_doc(thing)}\n")
    own = {k: v for k, v in vars(thing).items() if not k.startswith("_")} if inspect.isclass(thing) else {}
    verbs = [f"- `{k}{_signature(v)}`: {_first(v)}" for k, v in own.items() if inspect.isfunction(v)]
    verbs += [f"- `{k}`: {_first(v)}" for k, v in own.items() if isinstance(v, property)]
    return [*lines, *verbs, *([""] if verbs else [])]


def _signature(function: Any) -> str:
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(function))))


def _first(thing: Any) -> str:
    return _doc(thing).partition("\n")[0]


def field_types() -> str:
    """Return the page of the field types and their filter operators."""
    lines = ["# Field types\n", "| type | in code | operators | custom field | holds |", "|---|---|---|---|---|"]
    for kind in BUILT_IN:
        operators = " ".join(f"`{o}`" for o in sorted(kind.operators)) or "none"
        first = _doc(kind).split("\n")[0]
        lines.append(f"| {kind.name} | `{kind.__name__}` | {operators} | {'yes' if kind.custom else 'no'} | {first} |")
    return "\n".join(lines) + "\n"


def settings_page(deployment: Deployment) -> str:
    """Return the page of deployment and module settings."""
    lines = ["# Settings\n", "## Of the deployment\n", f"{_doc(Config)}\n", "| name | default |", "|---|---|"]
    for item in dataclasses.fields(Config):
        shown = "" if item.default is dataclasses.MISSING else item.default
        lines.append(f"| `{item.name}` | `{shown}` |")
    lines += ["\n## Of modules\n", "| key | label | type | default |", "|---|---|---|---|"]
    for key, one in sorted(deployment.registry.settings.items()):
        shown = _escaped(str(one.default).replace("\n", " "))
        lines.append(f"| `{key}` | {one.label} | {one.type.name} | `{shown[:80]}` |")
    return "\n".join(lines) + "\n"


def entities_page(deployment: Deployment) -> str:
    """Return the page of every entity's fields."""
    lines = ["# Entities and their fields\n"]
    for definition in deployment.registry.entities.values():
        lines += [f"## `{definition.key}`\n", f"{definition.plural}, at `/{definition.slug}`.\n"]
        lines += ["| field | label | type | filter | sort | set |", "|---|---|---|---|---|---|"]
        for key, one in deployment.registry.fields(definition.key).items():
            marks = [_yes(one.filterable and one.storage != "computed"), _yes(one.sortable), _yes(not one.readonly)]
            lines.append(f"| `{key}` | {one.title()} | {one.type.name} | {' | '.join(marks)} |")
        if definition.short:
            short = ", ".join(f"`{k}` for `{v}`" for k, v in definition.short.items())
            lines += ["", f"Short forms in filters: {short}."]
        lines.append("")
    return "\n".join(lines)


def _yes(value: bool) -> str:
    return "yes" if value else ""


def rest_page(deployment: Deployment) -> str:
    """Return the page of every REST route."""
    create_app(deployment)
    document, _ = docs.document(deployment.registry)
    lines = ["# REST\n", "The whole description is served at `/api/v1/openapi.json`, pages at `/api/docs`.\n"]
    lines += ["| route | does | answers |", "|---|---|---|"]
    for path, verbs in sorted(document["paths"].items()):
        for verb, operation in verbs.items():
            if verb in ("get", "post", "put", "patch", "delete"):
                answers = ", ".join(sorted(operation["responses"]))
                lines.append(f"| `{verb.upper()} {path}` | {_escaped(operation.get('summary', ''))} | {answers} |")
    return "\n".join(lines) + "\n"


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _commands(child, f"{path} {name}")


def cli_page() -> str:
    """Return the page of every command."""
    lines = ["# The `crm` program\n"]
    for path, command in _commands(cli, "crm"):
        lines.append(f"## `{path}`\n")
        lines.append(f"{inspect.cleandoc(command.help or '')}\n")
        for parameter in command.params:
            words = getattr(parameter, "help", "") or ""
            names = ", ".join(f"`{o}`" for o in (*parameter.opts, *parameter.secondary_opts))
            lines.append(f"- {names} {words}".rstrip())
        lines.append("")
    return "\n".join(lines)


def budgets() -> str:
    """Return the page of what each route may send to the database."""
    found = tomllib.loads(BUDGETS.read_text("utf-8"))["statements"]
    text = (
        "The most statements that a GET of each route sends to the database, the session's included, "
        "whatever is stored. A test visits every route with few records and with many, on both databases, and "
        "fails where more are sent. A new route is added to `tests/budgets.toml`, from which this page is written."
    )
    lines = ["# Statement budgets\n", f"{text}\n"]
    lines += ["| route | statements |", "|---|---|", *(f"| `{name}` | {count} |" for name, count in found.items())]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Return every page by file name."""
    with tempfile.TemporaryDirectory() as home:
        config = load_config({}, home=home, secret_key="reference", worker="manual")  # noqa: S106 - thrown away
        database = Database(config.url)
        switching.initialise(database, config)
        deployment = Deployment(config, database)
        found = {
            "api.md": facade(), "hooks.md": hooks(), "contributions.md": contribution_types(),
            "field-types.md": field_types(),
            "settings.md": settings_page(deployment), "entities.md": entities_page(deployment),
            "rest.md": rest_page(deployment), "cli.md": cli_page(),
            "statement-budgets.md": budgets(),
        }  # fmt: skip
        deployment.close()
    return {name: HEADER + text.rstrip() + "\n" for name, text in found.items()}


def run(check: bool) -> list[str]:
    """Write the pages that differ, or only name them; return their names."""
    TARGET.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, text in pages().items():
        path = TARGET / name
        if not path.is_file() or path.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, "utf-8")
    return stale


if __name__ == "__main__":
    changed = run("--check" in sys.argv)
    print("\n".join(changed) or "up to date")
    sys.exit(1 if changed and "--check" in sys.argv else 0)
