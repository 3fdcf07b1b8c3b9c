"""The index behind search as you type follows its table, pauses for bulk loads, and mends itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from crm_core import search_index
from crm_core.db.expressions import SearchMatch
from crm_core.revision_tools import create_search, drop_search
from crm_core.search.matching import trigrams_of

TABLE = sa.table("zoo_thing", sa.column("id", sa.Integer), sa.column("search_text", sa.Text))


@pytest.fixture
def thing(database):
    """A table with one row and its search index."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE zoo_thing (id INTEGER PRIMARY KEY, search_text TEXT NOT NULL)")
        connection.exec_driver_sql("INSERT INTO zoo_thing VALUES (1, ' ada lovelace')")
        create_search(SimpleNamespace(get_bind=lambda: connection), "zoo_thing")
    return database


def find(connection, text):
    match = SearchMatch(TABLE.c.id, TABLE.c.search_text, *trigrams_of([text]))
    return sorted(connection.scalars(sa.select(TABLE.c.id).where(match)))


def write(connection, sql):
    connection.exec_driver_sql(sql)


def test_rows_are_found_as_they_come_change_and_go(thing):
    with thing.engine.begin() as connection:
        assert find(connection, "lovel") == [1]
        write(connection, "INSERT INTO zoo_thing VALUES (2, ' grace hopper')")
        write(connection, "UPDATE zoo_thing SET search_text = ' ada byron' WHERE id = 1")
        assert (find(connection, "hopp"), find(connection, "lovel"), find(connection, "byron")) == ([2], [], [1])
        write(connection, "DELETE FROM zoo_thing WHERE id = 2")
        assert find(connection, "hopp") == []


def test_rows_appended_in_bulk_are_indexed_at_the_end(thing):
    with thing.engine.begin() as connection, search_index.appending(connection, "zoo_thing", 2, 2):
        write(connection, "INSERT INTO zoo_thing VALUES (2, ' grace hopper')")
    with thing.engine.begin() as connection:
        assert find(connection, "hopp") == [2]
        write(connection, "DELETE FROM zoo_thing WHERE id = 2")
        write(connection, "INSERT INTO zoo_thing VALUES (3, ' joan clarke')")
        assert (find(connection, "hopp"), find(connection, "clark")) == ([], [3])


def test_an_index_that_lost_its_triggers_is_seen_and_mended(thing):
    with thing.engine.begin() as connection:
        if thing.is_sqlite:
            write(connection, "DROP TRIGGER zoo_thing_fts_i")
        write(connection, "INSERT INTO zoo_thing VALUES (2, ' grace hopper')")
    with thing.engine.begin() as connection:
        expected = ["zoo_thing"] if thing.is_sqlite else []
        assert search_index.broken(connection) == expected
        assert search_index.repair(connection) == expected
        assert search_index.broken(connection) == []
        assert find(connection, "hopp") == [2]


def test_the_index_goes_with_its_table(thing):
    with thing.engine.begin() as connection:
        drop_search(SimpleNamespace(get_bind=lambda: connection), "zoo_thing")
        connection.exec_driver_sql("DROP TABLE zoo_thing")
        left = sa.inspect(connection).get_table_names()
    assert left == []


def test_postgresql_uses_the_trigram_index(thing):
    if thing.is_sqlite:
        return
    with thing.engine.begin() as connection:
        assert search_index.has_trigrams(connection)
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        match = SearchMatch(TABLE.c.id, TABLE.c.search_text, *trigrams_of(["lovel"]))
        query = str(sa.select(TABLE.c.id).where(match).compile(thing.engine, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {query.replace('%', '%%')}").scalars())
    assert "ix_zoo_thing_search" in plan


def test_a_postgresql_without_trigrams_indexes_words(thing):
    if thing.is_sqlite:
        return
    with thing.engine.begin() as connection:
        for statement in search_index.drop_statements("postgresql", "zoo_thing"):
            write(connection, statement)
        write(connection, "DROP EXTENSION pg_trgm")
        assert not search_index.has_trigrams(connection)
        for statement in search_index.create_statements("postgresql", "zoo_thing", trigrams=False):
            write(connection, statement)
        assert find(connection, "lovel") == [1]


def test_only_names_of_tables_reach_the_sql():
    with pytest.raises(ValueError, match="not a table name"):
        search_index.create_statements("sqlite", "x; DROP TABLE y")
