"""Tables without migrations, for tests of entities that belong to no plugin."""

from __future__ import annotations

from sqlalchemy import Engine

from crm_core.db import Base


def make_tables(engine: Engine, *prefixes: str) -> None:
    """Make the kernel's tables and those whose names begin with one of ``prefixes``.

    Other tests of the same process may have brought tables of their own, whole or broken: they are left out.
    """
    wanted = [table for table in Base.metadata.tables.values() if table.name.startswith(("core_", *prefixes))]
    Base.metadata.create_all(engine, tables=wanted)
