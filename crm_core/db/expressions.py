"""SQL that has the same meaning on both databases: values in a JSON column, trigram search, JSON aggregates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from crm_core.text import like_escape

Kind = Literal["text", "decimal", "int", "bool"]
_KEY = re.compile(r"[a-z][a-z0-9_]{0,100}")


class _JsonValue(FunctionElement[Any]):
    """``column ->> key`` with the key as a literal, so that index and query have the same text.

    One class a kind, because the class is part of SQLAlchemy's statement cache key.
    """

    inherit_cache = True
    postgresql = "({0} ->> '{1}') COLLATE \"C\""
    sqlite = "json_extract({0}, '$.{1}')"

    def __init__(self, column: Any, key: str) -> None:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a storage key: {key!r}")
        super().__init__(column, sa.literal_column(key))


class JsonText(_JsonValue):
    """A string, choice, date or datetime (ISO text)."""

    type = sa.String()
    inherit_cache = True


class JsonDecimal(_JsonValue):
    """A decimal, stored as a JSON string and compared as a number."""

    type = sa.Numeric(asdecimal=False)
    inherit_cache = True
    postgresql = "CAST({0} ->> '{1}' AS NUMERIC)"
    sqlite = "CAST(json_extract({0}, '$.{1}') AS NUMERIC)"


class JsonInt(_JsonValue):
    """An integer or the id of a linked record."""

    type = sa.BigInteger()
    inherit_cache = True
    postgresql = "CAST({0} ->> '{1}' AS BIGINT)"


class JsonBool(_JsonValue):
    """True or false."""

    type = sa.Boolean()
    inherit_cache = True
    postgresql = "CAST({0} ->> '{1}' AS BOOLEAN)"


_CLASSES: dict[str, type[_JsonValue]] = {
    "text": JsonText,
    "decimal": JsonDecimal,
    "int": JsonInt,
    "bool": JsonBool,
}


def json_value(column: Any, key: str, kind: Kind) -> Any:
    """Return the SQL of one value of a JSON column."""
    return _CLASSES[kind](column, key)


@compiles(_JsonValue)
def _json_value(element: _JsonValue, compiler: SQLCompiler, **kw: Any) -> str:
    column, key = element.clauses
    template = element.postgresql if compiler.dialect.name == "postgresql" else element.sqlite
    return "(" + template.format(compiler.process(column, **kw), compiler.process(key)) + ")"


class JsonWith(FunctionElement[Any]):
    """A JSON document with one member set to a text: ``JsonWith(column, key, text)``."""

    inherit_cache = True
    name = "json_with"

    def __init__(self, column: Any, key: str, text: str) -> None:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a storage key: {key!r}")
        self.type = column.type
        super().__init__(column, sa.literal_column(key), sa.literal(text, sa.String()))


@compiles(JsonWith)
def _json_with(element: JsonWith, compiler: SQLCompiler, **kw: Any) -> str:
    column, key, text = (compiler.process(clause, **kw) for clause in element.clauses)
    if compiler.dialect.name == "postgresql":
        return f"jsonb_set({column}, '{{{key}}}', to_jsonb(CAST({text} AS TEXT)))"
    return f"json_set({column}, '$.{key}', {text})"


class JsonWithNumber(FunctionElement[Any]):
    """A JSON document with one member set to a whole number: ``JsonWithNumber(column, key, number)``."""

    inherit_cache = True
    name = "json_with_number"

    def __init__(self, column: Any, key: str, number: int) -> None:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a storage key: {key!r}")
        self.type = column.type
        super().__init__(column, sa.literal_column(key), sa.literal(number, sa.BigInteger()))


@compiles(JsonWithNumber)
def _json_with_number(element: JsonWithNumber, compiler: SQLCompiler, **kw: Any) -> str:
    column, key, number = (compiler.process(clause, **kw) for clause in element.clauses)
    if compiler.dialect.name == "postgresql":
        return f"jsonb_set({column}, '{{{key}}}', to_jsonb(CAST({number} AS BIGINT)))"
    return f"json_set({column}, '$.{key}', {number})"


class SearchMatch(FunctionElement[Any]):
    """``SearchMatch(id, search_text, trigram…)``: rows whose folded text holds every trigram, by the index alone.

    The type is null on purpose: a Boolean would be rendered as ``(… IN …) = 1`` on SQLite and lose the index.
    """

    type = sa.types.NullType()
    inherit_cache = True
    name = "search_match"

    def __init__(self, identifier: Any, text: Any, *trigrams: str) -> None:
        patterns = [sa.literal(f"%{like_escape(one)}%") for one in trigrams]
        super().__init__(identifier, text, sa.literal(fts_all(trigrams)), *patterns)


def fts_all(trigrams: Iterable[str]) -> str:
    """Return the query of FTS5 for what holds every one of these trigrams."""
    return " AND ".join('"' + one.replace('"', '""') + '"' for one in trigrams)


@compiles(SearchMatch, "postgresql")
def _match_postgresql(element: SearchMatch, compiler: SQLCompiler, **kw: Any) -> str:
    _, text, _, *patterns = element.clauses
    column = compiler.process(text, **kw)
    return "(" + " AND ".join(f"{column} LIKE {compiler.process(p, **kw)}" for p in patterns) + ")"


@compiles(SearchMatch, "sqlite")
def _match_sqlite(element: SearchMatch, compiler: SQLCompiler, **kw: Any) -> str:
    identifier, text, query, *_ = element.clauses
    table: Any = text.table
    index = f"{getattr(table, 'element', table).name}_fts"
    found = f"SELECT rowid FROM {index} WHERE {index} MATCH {compiler.process(query, **kw)}"  # noqa: S608 - a table of ours, the query is bound
    return f"({compiler.process(identifier, **kw)} IN ({found}))"


class Unsearched(FunctionElement[Any]):
    """A folded text that is looked at row by row: neither database asks the trigram index for it."""

    type = sa.String()
    inherit_cache = True
    name = "unsearched"


@compiles(Unsearched)
def _unsearched(element: Unsearched, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    text = compiler.process(column, **kw)
    return f"({text} || '')" if compiler.dialect.name == "postgresql" else text


class JsonObject(FunctionElement[Any]):
    """``{name: value…}`` from alternating literal names and expressions."""

    type = sa.JSON()
    inherit_cache = True
    name = "json_object_of"


@compiles(JsonObject)
def _json_object(element: JsonObject, compiler: SQLCompiler, **kw: Any) -> str:
    function = "jsonb_build_object" if compiler.dialect.name == "postgresql" else "json_object"
    return f"{function}({', '.join(compiler.process(c, **kw) for c in element.clauses)})"


class JsonArray(FunctionElement[Any]):
    """An aggregate: the JSON array of an expression over the rows of a subquery."""

    type = sa.JSON()
    inherit_cache = True
    name = "json_array_of"


@compiles(JsonArray)
def _json_array(element: JsonArray, compiler: SQLCompiler, **kw: Any) -> str:
    (expression,) = element.clauses
    function = "jsonb_agg" if compiler.dialect.name == "postgresql" else "json_group_array"
    return f"{function}({compiler.process(expression, **kw)})"


class Unindexed(FunctionElement[Any]):
    """A column whose index the SQLite planner shall not choose (unary plus); itself on PostgreSQL."""

    inherit_cache = True
    name = "unindexed"

    def __init__(self, column: Any) -> None:
        self.type = column.type
        super().__init__(column)


@compiles(Unindexed)
def _unindexed(element: Unindexed, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    text = compiler.process(column, **kw)
    return text if compiler.dialect.name == "postgresql" else f"+{text}"
