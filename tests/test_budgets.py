"""Every page's statements: none sends more than ``tests/budgets.toml`` grants it, however much is stored."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from crm_core import customfields, deployment, records
from crm_core.access import sets
from crm_core.testing.deployments import TestDeployment
from crm_core.web import assets, recordview
from tests.stock import CONTACT, Stock

TABLE = Path(__file__).with_name("budgets.toml")
FEW, MANY = 3, 10
LIST_PAGE = 4
ONCE_A_SECOND = "SELECT core_stamp."
"""The look whether modules or settings changed, which some request or other does each second."""
ABSENT = {
    "/api/v1": "answers the bare prefix the same way",
    "/api/v1/<rest>": "answers every path without a route",
    "/reset/<key>": "a link of a mail, which nobody was sent",
    "/static/plugins/<name>/<filename>": "no bundled plugin has files of its own",
    "/<definition>/board": "contacts are not shown on a board",
    "/<definition>/<record_id>/panel/<key>": "no bundled plugin puts a box beside a record",
}
"""Rules that are answered with 404 here, and why."""
OF_PEOPLE_TOO = tuple(f"/<definition>/<record_id>{rest}" for rest in ("", "/card", "/edit", "/tabs", "/tab/<key>"))
"""Rules whose pages differ between companies and persons."""
QUERIES: dict[str, tuple[str, ...]] = {
    "/": ("",),
    "/<definition>": ("", "?q=kergal", "?look=cards", "?group=type", "?filter=emails.address+contains+%22kergal%22"),
    "/<definition>/<record_id>": ("", "?tab=relations", "?tab=linked", "?tab=history", "?only=comments"),
    "/<definition>/bulk": ("?action=delete&all=1", "?action=update&field=company&ids={record}"),
    "/<definition>/filter/row": ("?path=company",),
    "/<definition>/duplicates": ("", "?q=kergal"),
    "/<definition>/merge": ("?ids={record},{person}",),
    "/<definition>/new": ("", "?kind=person&company={record}"),
    "/<definition>/options": ("", "?q=ker"),
    "/api/v1/<slug>": ("?limit=500", "?q=kergal"),
    "/api/v1/explain": ("?user=1&entity=contacts&record={record}&action=read",),
    "/api/v1/search": ("?q=kergal", "?q=kergal&entity=contacts", "?q=kregal"),
    "/api/v1/views": ("?entity=contacts",),
    "/options/related": ("", "?q=ker"),
    "/api/v1/lists/<key>/<entry_id>/merge": ("?into={other}",),
    "/search": ("", "?q=kergal", "?q=kergal&type=contacts", "?q=kregal"),
    "/settings/lists/<key>/<number>/merge": ("", "?into={other}"),
    "/settings/tags/merge": ("", "?ids={tag}&target={other_tag}"),
    "/search/palette": ("", "?q=kergal", "?q=kregal"),
    "/search/suggest": ("", "?q=kergal", "?q=kregal"),
}
"""What follows the address of a rule; nothing where it is not named."""


@pytest.fixture(autouse=True)
def _kept_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is read again every other second stay: on a slow machine each request would come too late for it."""
    monkeypatch.setattr(sets, "KEPT", 3600.0)
    monkeypatch.setattr(deployment, "CHECK_EVERY", 3600.0)


def name_of(rule: Rule) -> str:
    """Return a rule as the table names it: converters left out."""
    return re.sub(r"<[^<>]*?(\w+)>", r"<\1>", str(rule))


def rules_of(crm: TestDeployment) -> dict[str, Rule]:
    """Return the rules of pages and of REST that can be read."""
    return {name_of(rule): rule for rule in crm.wsgi.app.url_map.iter_rules() if "GET" in (rule.methods or ())}


def _slug(crm: TestDeployment, name: str) -> str:
    """Return the slug of the entity a REST route belongs to, empty for the other routes."""
    first = name.removeprefix("/api/v1/").partition("/")[0]
    return first if name.startswith("/api/v1/") and first in crm.registry.slugs else ""


def urls_of(stock: Stock, name: str) -> Iterator[str]:
    """Yield the addresses at which a rule is tried, real ids in their places."""
    slug = _slug(stock.crm, name)
    for record in [stock.record_of(slug or "contacts")] + [stock.people[0]] * (name in OF_PEOPLE_TOO):
        yield from _urls(stock, name, slug, record)


def _urls(stock: Stock, name: str, slug: str, record: int) -> Iterator[str]:
    generic = f"/api/v1/<slug>{name.removeprefix(f'/api/v1/{slug}')}" if slug else name
    queries = QUERIES.get(name) or QUERIES.get(generic) or ("",)
    if slug and "q" not in _parameters(stock.crm, slug) and generic == "/api/v1/<slug>":
        queries = ("?limit=500",)
    parts = re.findall(r"<(\w+)>", name)
    for values in itertools.product(*(_values(stock, name, part, record) for part in parts)):
        url = name
        for part, value in zip(parts, values, strict=True):
            url = url.replace(f"<{part}>", str(value), 1)
        for query in queries:
            yield url + query.format(**_others(stock, record))


def _others(stock: Stock, record: int) -> dict[str, Any]:
    """Return what queries name: a record, another entry of the list, two tags."""
    entries, tags = stock.crm.directory.entries("contacts.type"), stock.crm.directory.tags()
    return {
        "record": record,
        "person": stock.people[0],
        "other": entries[0].id,
        "tag": tags[-1].id,
        "other_tag": tags[0].id,
    }


def _parameters(crm: TestDeployment, slug: str) -> set[str]:
    return {"q"} if any(f.search for f in crm.registry.fields(crm.registry.entity(slug).key).values()) else set()


def _values(stock: Stock, name: str, part: str, record: int) -> list[Any]:
    """Return what stands for one part of a rule."""
    ids, crm = stock.ids, stock.crm
    if part == "key":
        if "/tab/" in name:
            with crm.as_user(crm.admin) as ctx:
                shown = recordview.tabs(ctx, crm.registry.entity(CONTACT), records.get(ctx, CONTACT, record))
                return [tab.key for tab in shown]
        return ["contacts.type"]
    if part == "id":
        if "/duplicates/<id>" in name:
            return [stock.scan_of(_slug(crm, name))]
        inner = {"import": "draft", "jobs": "job", "tokens": "token", "teams": "team", "views": "view"}
        inner |= {"batches": "batch_id", "tags": "tag"}
        for folder, kind in inner.items():
            if f"/{folder}/<id>" in name:
                return [ids[kind]]
        return [crm.admin] if "/users/" in name else [record]
    if part == "scan_id":
        return [stock.scan_of("contacts")]
    if part == "name":
        if "/actions/" not in name:
            return ["contacts"]
        with crm.as_user(crm.admin) as ctx:
            return [a.name for a in records.available_actions(ctx, CONTACT, records.get(ctx, CONTACT, record))]
    known: dict[str, Any] = {
        "definition": "contacts", "entity": "contacts", "record_id": record, "import_id": ids["draft"],
        "job_id": ids["job"], "team_id": ids["team"], "user_id": stock.users[0], "view_id": ids["view"], "side": 96,
        "number": ids["tag"] if "/tags/" in name else ids["entry"], "rest": "nothing", **ids, "entry_id": ids["entry"],
        "filename": assets.built().url("app.css").removeprefix("/static/"),
    }  # fmt: skip
    assert part in known, f"say in _values what <{part}> of {name} stands for"
    return [known[part]]


class Counter:
    """The administrator's browser, which counts the statements of its requests."""

    def __init__(self, crm: TestDeployment) -> None:
        self.crm, self.client = crm, crm.client_of(crm.admin)

    def count(self, url: str, expected: int) -> tuple[int, int]:
        """Return the status and the statements of a request; what cold caches cost beyond what is expected is not."""
        first = self._count(url)
        return first if first[1] <= expected else self._count(url)

    def _count(self, url: str) -> tuple[int, int]:
        headers = {"HX-Request": "true"} if "/tab/" in url else {}
        with self.crm.statements() as log, self.client.get(url, headers=headers) as answer:
            return answer.status_code, sum(not statement.startswith(ONCE_A_SECOND) for statement in log)


def _measured(stock: Stock, table: Mapping[str, int], problems: list[str]) -> dict[str, tuple[int, str]]:
    """Return the most statements of each rule, with the address that needs them."""
    found: dict[str, tuple[int, str]] = {}
    counter = Counter(stock.crm)
    counter.client.get(f"/contacts/{stock.company}").close()  # so that there is something one looked at last
    for name in rules_of(stock.crm):
        for url in urls_of(stock, name):
            status, count = counter.count(url, table.get(name, 0))
            if (status == 404) != (name in ABSENT) or (status >= 400 and status != 404):
                problems.append(f"{url}: {status}")
            found[name] = max(found.get(name, (0, "")), (count, url))
    return found


def test_no_page_sends_more_statements_than_its_budget(crm: TestDeployment) -> None:
    table: dict[str, int] = tomllib.loads(TABLE.read_text("utf-8"))["statements"]
    stock, problems = Stock(crm), list[str]()
    stock.grow(FEW)
    few = _measured(stock, {}, problems)
    stock.grow(MANY)
    many = _measured(stock, {name: count for name, (count, _) in few.items()}, problems)
    for name, (count, url) in many.items():
        if count > few[name][0]:
            problems.append(f"{url}: {few[name][0]} statements with {FEW} of everything, {count} with {MANY}")
        most = max(count, few[name][0])
        if name not in table:
            problems.append(f'not in tests/budgets.toml; the line is: "{name}" = {most}')
        elif most > table[name]:
            problems.append(f"{url}: {most} statements, its budget is {table[name]}")
    problems += [f'"{name}" in tests/budgets.toml is no route any more' for name in table if name not in many]
    assert problems == [], "\n".join(problems)


@pytest.mark.parametrize("fields", [0, 30])
def test_list_pages_need_four_statements_whatever_they_hold(crm: TestDeployment, actor_with: Any, fields: int) -> None:
    with crm.as_user(crm.admin) as ctx:
        for n in range(fields):
            customfields.create(ctx, CONTACT, key=f"extra_{n}", type="text", label=f"Extra {n}")
    crm.refresh(force=True)
    crm.wsgi.current()
    columns = ",".join(["name", "company", "companies", "emails", "tags", *(f"cf.extra_{n}" for n in range(fields))])
    clients = {"administrator": crm.client_of(crm.admin), "user": crm.client_of(actor_with())}
    stored = 0
    for size in (1, 50, 500):
        extra = {f"cf.extra_{n}": "x" for n in range(fields)}
        common = {"kind": "company", "visibility": "read", **extra}
        items = [{"name": f"Company {n}", **common} for n in range(stored, size)]
        with crm.as_user(crm.admin, quiet=True) as ctx:
            records.bulk_create(ctx, CONTACT, items)
        stored = size
        for who, client in clients.items():
            for url in (f"/contacts?view=all&columns={columns}", f"/api/v1/contacts?limit={size}"):
                client.get(url)
                with crm.statements() as log:
                    answer = client.get(url)
                assert answer.status_code == 200
                assert len(log) <= LIST_PAGE, (who, url, log)


def test_files_of_the_pages_need_no_database(sqlite_crm: TestDeployment) -> None:
    client = sqlite_crm.client_of(sqlite_crm.admin)
    for url in (assets.built().url("app.css"), "/static/plugins/contacts/x.css", "/healthz"):
        with sqlite_crm.statements() as log:
            client.get(url).close()
        assert log == [], url
