"""The yardstick: the same page by hand-written SQL, ``json.dumps`` and a Flask view that does nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import flask
import psycopg
from psycopg.rows import dict_row
from werkzeug.test import EnvironBuilder

from benchmarks import client
from crm_core.db import Database

_SHOWN = (
    "c.id, c.version, c.name, c.job_title, c.company_id, o.name AS company_name, c.email, c.phone, c.city, "
    "c.prospect_status, c.account_owner_id, c.custom"
)
_LINES = {
    "emails": ("contacts_email", 'id, parent_id, address, kind, "primary", domain'),
    "phones": ("contacts_phone", 'id, parent_id, number, kind, "primary"'),
    "websites": ("contacts_website", "id, parent_id, url, kind"),
    "addresses": (
        "contacts_address",
        "id, parent_id, kind, recipient, street, zip, city, state, country, is_default, is_invoicing, is_delivery",
    ),
}


class Raw:
    """A driver's connection that answers dictionaries."""

    def __init__(self, database: Database) -> None:
        """Connect."""
        self.lite = database.is_sqlite
        if self.lite:
            self.connection: Any = sqlite3.connect(database.url.database or "", check_same_thread=False)
            self.connection.row_factory = sqlite3.Row
            self.connection.execute("PRAGMA cache_size=-32000")
        else:
            address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
            self.connection = psycopg.connect(address, row_factory=dict_row, autocommit=True)

    def rows(self, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the rows of a statement written with ``?``."""
        if self.lite:
            return [dict(row) for row in self.connection.execute(statement, values)]
        found: list[dict[str, Any]] = self.connection.execute(statement.replace("?", "%s"), values).fetchall()
        return found


def application(database: Database, *, full: bool) -> flask.Flask:
    """Return an application with one view: the fifty contacts after a name."""
    app = flask.Flask("bare")
    raw = Raw(database)

    @app.get("/contacts")
    def contacts() -> flask.Response:
        key, number = flask.request.args["name"], int(flask.request.args["id"])
        items = everything(raw, key, number) if full else shown(raw, key, number)
        return flask.Response(json.dumps({"items": items}, default=str), mimetype="application/json")

    return app


def fetch(app: flask.Flask, key: str, number: int) -> bytes:
    """Return the page after a name."""
    return client.fetch(app, EnvironBuilder("/contacts", query_string={"name": key, "id": str(number)}).get_environ())


def _page(raw: Raw, columns: str, key: str, number: int) -> list[dict[str, Any]]:
    return raw.rows(
        f"SELECT {columns} FROM contacts_contact c LEFT JOIN contacts_contact o ON o.id = c.company_id "
        "WHERE (c.name_key, c.id) > (?, ?) ORDER BY c.name_key, c.id LIMIT 50",
        (key, number),
    )


def _links(raw: Raw, ids: Sequence[int], field: str = "") -> dict[tuple[int, str], list[int]]:
    marks = ", ".join("?" * len(ids))
    one = f" AND field = '{field}'" if field else ""
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row in raw.rows(
        f"SELECT record_id, field, target_id FROM contacts_contact_link WHERE record_id IN ({marks}){one} "
        "ORDER BY record_id, field, position",
        ids,
    ):
        found[row["record_id"], row["field"]].append(row["target_id"])
    return found


def shown(raw: Raw, key: str, number: int) -> list[dict[str, Any]]:
    """Return a page with the columns of the list: two statements."""
    rows = _page(raw, _SHOWN, key, number)
    nature = _links(raw, [r["id"] for r in rows], "nature")
    for row in rows:
        row["nature"] = nature[row["id"], "nature"]
        row["cf"] = json.loads(row.pop("custom")) if raw.lite else row.pop("custom")
    return rows


def everything(raw: Raw, key: str, number: int) -> list[dict[str, Any]]:
    """Return a page with every column, lines and links: six statements."""
    rows = _page(raw, "c.*, o.name AS company_name", key, number)
    ids = [r["id"] for r in rows]
    marks = ", ".join("?" * len(ids))
    by_id = {r["id"]: r for r in rows}
    for row in rows:
        row["cf"] = json.loads(row.pop("custom")) if raw.lite else row.pop("custom")
        for name in _LINES:
            row[name] = []
    for name, (table, columns) in _LINES.items():
        for line in raw.rows(
            f"SELECT {columns} FROM {table} WHERE parent_id IN ({marks}) ORDER BY parent_id, position", ids
        ):
            by_id[line.pop("parent_id")][name].append(line)
    for (record_id, field), targets in _links(raw, ids).items():
        by_id[record_id][field] = targets
    return rows
