"""Docs are true: reference equals code, every command shown exists, every link leads somewhere, French is whole."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import click
import pytest

from crm_core.cli import cli

ROOT = Path(__file__).parent.parent
FOLDERS = [ROOT / "plugins", ROOT / "examples"]
READMES = [page for folder in FOLDERS for page in sorted(folder.glob("*/README.md"))]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *READMES]


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_written_from_the_code() -> None:
    """``scripts/reference.py`` would change nothing."""
    assert _script("reference").run(check=True) == []


def test_every_text_has_its_french() -> None:
    """``scripts/translations.py`` finds nothing missing, and parameters agree."""
    tool = _script("translations")
    for package in tool.packages():
        assert tool.missing(package) == []
        for message in tool.catalogue(package):
            if message.id and message.string:
                names = re.compile(r"%\(\w+\)s")
                assert sorted(names.findall(message.id)) == sorted(names.findall(message.string)), message.id


def _commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.S):
            for line in block.splitlines():
                line = line.split(" #")[0].strip()
                if match := re.match(r"(?:\.venv/bin/)?crm (.+)", line):
                    found.append((page.name, match[1]))
    return found


@pytest.mark.parametrize(("page", "line"), _commands())
def test_commands_in_the_docs_exist(page: str, line: str) -> None:
    """Each ``crm`` command of the docs names a command and options that are there."""
    command: click.Command = cli
    words = shlex.split(line)
    context = click.Context(cli)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        child = command.get_command(context, words[0])
        assert child is not None, f"{page}: crm {line}"
        command, words = child, words[1:]
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
    assert {w.split("=")[0] for w in words if w.startswith("--")} <= known, f"{page}: crm {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links of every page point to files that exist."""
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target and not target.startswith(("mailto:", "/")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
