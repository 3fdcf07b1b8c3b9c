"""Writes revision files from the difference between models and revisions: ``crm dev revision``.

The difference is taken in a scratch SQLite database that the existing revisions have been run in, so the
author's own database doesn't matter. Tables are written one function each, and meant to be read.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import api, produce_migrations, render_python_code
from alembic.operations import ops
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from crm_core.db import Base, Database, UtcDateTime
from crm_core.drift import comparison, owner_of
from crm_core.entities import NullsFirst
from crm_core.errors import Conflict
from crm_core.fieldtypes.numbers import ExactDecimal
from crm_core.i18n import N_
from crm_core.migrations import KERNEL_NAME, context, quiet, scripts, upgrade

_HEADER = '''"""{message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from {source} import revision_tools as crm

revision = "{revision}"
down_revision = {down}
'''
_INDENT = "    "
_DIALECTS: tuple[Dialect, Dialect] = (sqlite.dialect(), postgresql.dialect())  # type: ignore[no-untyped-call]


@dataclass
class _Draft:
    """What a revision does, as lines of code."""

    tables: list[tuple[str, list[str]]] = field(default_factory=list)
    up: list[str] = field(default_factory=list)
    down: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.tables or self.up)


def write_revision(
    name: str,
    folder: Path,
    message: str,
    *,
    requires: Sequence[tuple[str, Path]] = (),
    replace: bool = False,
    empty: bool = False,
) -> Path:
    """Write the next revision of a plugin (or ``core``) and return its file.

    Args:
        name: the plugin; its models must have been imported.
        folder: its folder of revisions, made when absent.
        message: what the revision does, in a few words.
        requires: name and folder of every plugin it needs, in order.
        replace: write the newest revision anew instead of adding one (before it was ever published).
        empty: write one without changes, to be filled in by hand.

    Raises:
        Conflict: models and revisions agree, so there is nothing to write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if replace:
        _remove_newest(folder)
    down = next(iter(scripts(folder).get_heads()), None)
    draft = _Draft() if empty else _compare(name, folder, requires)
    if not draft and not empty:
        raise Conflict(N_("The models of %(name)s and its revisions agree; nothing to write"), params={"name": name})
    revision = f"{int(down or 0) + 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40]
    path = folder / f"{revision}_{slug}.py"
    path.write_text(_text(draft, name, message, revision, down), "utf-8")
    _format(path)
    return path


def _remove_newest(folder: Path) -> None:
    directory = scripts(folder)
    for head in directory.get_heads():
        Path(directory.get_revision(head).path).unlink()


def _compare(name: str, folder: Path, requires: Sequence[tuple[str, Path]]) -> _Draft:
    others = {n for n, _ in requires} | {KERNEL_NAME}
    with _scratch() as database:
        for required, place in requires:
            upgrade(database, required, place)
        upgrade(database, name, folder)
        with database.engine.connect() as connection, quiet():
            options = comparison(connection, name, others - {name})
            found = produce_migrations(context(connection, name, **options), Base.metadata)
            there = _index_names(connection)
    draft = _Draft()
    operations: list[Any] = found.upgrade_ops.ops if found.upgrade_ops else []
    new = [o.table_name for o in operations if isinstance(o, ops.CreateTableOp)]
    for table_name in new:
        _add_table(draft, Base.metadata.tables[table_name])
    for operation in operations:
        if getattr(operation, "table_name", None) not in new:
            _add_change(draft, operation)
    for table in Base.metadata.sorted_tables:
        if table.name not in new and owner_of(table.name, {name, *others}) == name:
            _add_expression_indexes(draft, table, there)
    return draft


@contextmanager
def _scratch() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="crm-revision-") as folder:
        database = Database(f"sqlite:///{folder}/scratch.sqlite3")
        try:
            yield database
        finally:
            database.dispose()


def _index_names(connection: sa.engine.Connection) -> set[str]:
    return set(connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'index'")))


def _add_table(draft: _Draft, table: sa.Table) -> None:
    lines = _render(ops.CreateTableOp.from_table(table))
    lines += [_index(i) for i in sorted(table.indexes, key=lambda i: str(i.name))]
    if {"id", "search_text"} <= set(table.columns.keys()):
        lines.append(f'crm.create_search(op, "{table.name}")')
        draft.down.insert(0, f'crm.drop_search(op, "{table.name}")')
        draft.down.insert(1, f'op.drop_table("{table.name}")')
    else:
        draft.down.insert(0, f'op.drop_table("{table.name}")')
    draft.tables.append((table.name, lines))


def _add_change(draft: _Draft, operation: Any) -> None:
    draft.up += _render(operation)
    draft.down[:0] = _render(operation.reverse())


def _add_expression_indexes(draft: _Draft, table: sa.Table, there: set[str]) -> None:
    for index in sorted(table.indexes, key=lambda i: str(i.name)):
        if index.name not in there and any(isinstance(e, NullsFirst) for e in index.expressions):
            draft.up.append(_index(index))
            draft.down.insert(0, f'op.drop_index("{index.name}", "{table.name}")')


def _render(operation: Any) -> list[str]:
    text = render_python_code(
        ops.UpgradeOps([operation]), render_as_batch=True, render_item=_item,
    )  # fmt: skip
    lines = [line.removeprefix(_INDENT) for line in text.splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("# ###")]


def _index(index: sa.Index) -> str:
    """Return the call that makes an index; parts whose missing values come first keep saying so."""
    parts = []
    for expression in index.expressions:
        if isinstance(expression, NullsFirst):
            (column,) = expression.clauses
            parts.append(f"crm.nulls_first({column.name!r})")
        elif isinstance(expression, sa.Column):
            parts.append(repr(expression.name))
        else:
            parts.append(f"sa.text({str(expression)!r})")
    unique = ", unique=True" if index.unique else ""
    assert index.table is not None  # noqa: S101 - an index of a table of the metadata
    return f"op.create_index({str(index.name)!r}, {index.table.name!r}, [{', '.join(parts)}]{unique})"


def _item(kind: str, item: Any, autogen: api.AutogenContext) -> str | Literal[False]:
    """Write the house's types by their names: they are what they mean on either database."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "crm.UtcDateTime()"
    if isinstance(item, ExactDecimal):
        number: Any = item.impl_instance
        return f"crm.ExactDecimal({number.precision}, {item.digits})"
    lite, pg = (item.compile(dialect) for dialect in _DIALECTS)
    if (lite, pg) == ("INTEGER", "BIGINT"):
        return "crm.Identifier"
    if (lite, pg) == ("JSON", "JSONB"):
        return "crm.JsonDocument"
    if pg.endswith(' COLLATE "C"'):
        return f"crm.SortText({item.length})"
    return False


def _text(draft: _Draft, name: str, message: str, revision: str, down: str | None) -> str:
    source = "crm_core" if name == KERNEL_NAME else "crm_core.api"
    text = _HEADER.format(
        message=message.strip().rstrip(".").capitalize(),
        source=source,
        revision=revision,
        down=f'"{down}"' if down else "None",
    )
    calls = [f"_create_{table}()" for table, _ in draft.tables]
    text += _function("upgrade", "Apply the change.", [*calls, *draft.up])
    text += _function("downgrade", "Take the change back.", draft.down)
    for table, lines in draft.tables:
        text += _function(f"_create_{table}", "", lines)
    for name_used, line in (
        ("sa.", "import sqlalchemy as sa\n"),
        ("crm.", f"\nfrom {source} import revision_tools as crm\n"),
    ):
        if not re.search(rf"\b{re.escape(name_used)}", text.split("down_revision")[1]):
            text = text.replace(line, "", 1)
    return text


def _function(name: str, doc: str, lines: Sequence[str]) -> str:
    body = [f'"""{doc}"""'] if doc else []
    body += lines or (["pass"] if not doc else [])
    return f"\n\ndef {name}() -> None:\n" + "\n".join(_INDENT + line for line in body) + "\n"


def _format(path: Path) -> None:
    """Format the file when the author has the house's formatter."""
    if find_spec("ruff") is not None:
        subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=False)  # noqa: S603
