"""A deployment with real data around one company: what pages show of it can be brought to any number."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

from PIL import Image

from crm_core import comments, customfields, duplicates, import_options, imports, jobs, lists, money, records
from crm_core.contributed_faces import DemoData
from crm_core.models import ApiToken, Batch, Change, CustomField, Job, Role, SavedView, Tag, Team
from crm_core.testing.deployments import TestDeployment
from crm_core.web import views

CONTACT, RELATION = "contacts.contact", "contacts.relation"
CURRENCIES = """
USD GBP CHF SEK NOK DKK PLN CZK HUF RON BGN ISK TRY JPY CNY INR KRW SGD HKD AUD NZD CAD MXN BRL ARS CLP ZAR MAD TND EGP
"""
"""Each gets a rate; as many as things are ever made here."""
DAY = dt.date(2026, 1, 1)


class Stock:
    """A company with people, relationships, lines, comments, history and custom fields; users, lists, views, jobs."""

    def __init__(self, crm: TestDeployment) -> None:
        """Make what there is one of."""
        self.crm, self.made = crm, 0
        self.users: list[int] = []
        self.people: list[int] = []
        self.company = crm.make(CONTACT, kind="company", name="Kergal", visibility="write")
        self.ids: dict[str, Any] = {}
        client = crm.client_of(crm.admin)
        sent = {"file": (io.BytesIO(_picture()), "photo.png")}
        answer = client.post("/api/v1/files", data=sent, headers={"X-CSRF-Token": client.csrf})  # type: ignore[attr-defined]
        self.ids["file_id"] = answer.json["id"]
        with crm.as_user(crm.admin) as ctx:
            records.update(ctx, CONTACT, self.company, {"photo": self.ids["file_id"]})

    def grow(self, to: int) -> None:
        """Bring everything to this number."""
        added = range(self.made, to)
        self._fields(added)
        for number in added:
            self._people(number)
            self._around(number)
            self._settings(number)
        lines = {
            "emails": [f"office{n}@kergal.example.com" for n in range(to)],
            "phones": [{"number": f"+3363998{n:04d}"} for n in range(to)],
            "addresses": [{"street": f"{n} quai du Port", "city": "Brest", "country": "FR"} for n in range(1, to + 1)],
            "tags": [f"Tag {n}" for n in range(to)],
        }
        with self.crm.as_user(self.crm.admin) as ctx:
            records.update(ctx, CONTACT, self.company, lines)
            everyone = [("user", user, bool(user % 2)) for user in self.users]
            records.share(ctx, CONTACT, self.company, everyone, visibility="write")
        self.made = to
        self._find()

    def _fields(self, added: range) -> None:
        with self.crm.as_user(self.crm.admin) as ctx:
            for n in added:
                kind: tuple[str, dict[str, Any]] = ("link", {"target": CONTACT}) if n % 2 else ("text", {})
                customfields.create(ctx, CONTACT, key=f"extra_{n}", type=kind[0], label=f"Extra {n}", options=kind[1])
        self.crm.refresh(force=True)
        self.crm.wsgi.current()

    def _people(self, n: int) -> None:
        person = self.crm.make(
            CONTACT, kind="person", first_name="Anne", last_name=f"Martin {n}", company=self.company,
            emails=[f"anne{n}@kergal.example.com"], visibility="write",
        )  # fmt: skip
        self.people.append(person)
        self.users.append(self.crm.add_user(f"user{n}@example.org", f"User {n}", teams=[f"Team {n}"]))
        with self.crm.as_user(self.crm.admin) as ctx:
            relation = ctx.directory.entries("contacts.relation")[0].code
            made = records.create(
                ctx, RELATION, {"contact": self.company, "relation": relation, "other": person, "note": f"No. {n}"}
            )
            self.ids["relation"] = made.id

    def _around(self, n: int) -> None:
        """Comments and changes of the company, the latter by others too; values of custom fields."""
        extra = {f"cf.extra_{n}": self.people[n] if n % 2 else "much"}
        with self.crm.as_user(self.users[-1]) as ctx:
            comments.add(ctx, CONTACT, self.company, f"Said {n}", "phone")
            records.update(ctx, CONTACT, self.company, {"score": n % 5 + 1, **extra})
        with self.crm.as_user(self.crm.admin) as ctx:
            self.ids["comment_id"] = comments.add(ctx, CONTACT, self.company, f"Heard {n}").id
            records.bulk(ctx, CONTACT, self.people, "update", {"score": n % 5 + 1})

    def _settings(self, n: int) -> None:
        crm = self.crm
        with crm.as_user(crm.admin) as ctx:
            self.ids["entry"] = lists.add_entry(ctx, "contacts.type", f"Type {n}").id
            views.save(ctx, CONTACT, f"View {n}", {"sort": "-name"})
            self.ids["draft"] = _draft(ctx, n)
            jobs.enqueue(ctx, "core.sweep", {})
            money.set_rate(ctx, CURRENCIES.split()[n], DAY, Decimal(n + 1))
        crm.token_of(crm.admin)
        crm.client_of(crm.admin)

    def _find(self) -> None:
        with self.crm.database.transaction(write=False) as session:
            models: tuple[tuple[str, Any], ...] = (
                ("team", Team),
                ("tag", Tag),
                ("token", ApiToken),
                ("view", SavedView),
                ("job", Job),
                ("field_id", CustomField),
                ("role_id", Role),
                ("batch_id", Batch),
                ("change_id", Change),
            )
            for name, model in models:
                self.ids[name] = max(row.id for row in session.query(model))

    def scan_of(self, slug: str) -> int:
        """Return a scan for duplicates of an entity, its groups found."""
        with self.crm.as_user(self.crm.admin) as ctx:
            definition = ctx.registry.entity(slug)
            on = "first_name" if definition.key == CONTACT else definition.title
            made = duplicates.draft(ctx, definition.key, (on,)).id
        duplicates.work(_Run(self.crm), made)
        return made

    def record_of(self, slug: str) -> int:
        """Return a record of an entity: of contacts the company, of other plugins' one of their demonstration data."""
        definition = self.crm.registry.entity(slug)
        if definition.key == CONTACT:
            return self.company
        if definition.key == RELATION:
            return int(self.ids["relation"])
        with self.crm.as_user(self.crm.admin) as ctx:
            if "demo" not in self.ids:
                self.ids["demo"] = [d.load(ctx) for d in sorted(ctx.registry.of(DemoData), key=lambda d: d.order)]
            page = records.list_(ctx, definition.key, records.ListQuery(limit=1, count=False))
        assert page.items, f"the demonstration data hold no record of {definition.key}"
        return page.items[0].id


class _Run:
    """Does the work of a job at once."""

    def __init__(self, crm: TestDeployment) -> None:
        self.crm = crm

    def operation(self, *, write: bool = True, quiet: bool = False) -> Any:
        """Run the block as the administrator."""
        return self.crm.as_user(self.crm.admin, write=write, quiet=quiet)

    def progress(self, *args: Any) -> None:
        """Tell nobody."""

    def check_cancelled(self) -> None:
        """Go on."""


def _draft(ctx: Any, n: int) -> int:
    content = io.BytesIO(f"First name,Last name\nPaul,Petit {n}\n".encode())
    return imports.draft(ctx, "contacts", content, f"book{n}.csv", import_options.options_of({})).id


def _picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (120, 90), "teal").save(target, "PNG")
    return target.getvalue()
