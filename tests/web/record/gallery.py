"""A small deployment with a field of nearly every kind, for tests of record pages and forms."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from crm_core import accounts, entities, hooks, kernel, lifecycle, records, search_index, web
from crm_core import fieldtypes as ft
from crm_core.accounts import csrf, sessions
from crm_core.accounts.web import COOKIE
from crm_core.config import load_config
from crm_core.context import Ctx
from crm_core.contributions import (
    ActionDef,
    Entry,
    FieldDef,
    GrantDef,
    ListDef,
    Panel,
    RoleDef,
    Tab,
    TimelineEvent,
    TimelineSource,
    ViewDef,
)
from crm_core.db import Database, utcnow
from crm_core.deployment import Deployment, Served
from crm_core.directory_reading import load_directory
from crm_core.errors import Conflict, Forbidden, Problem
from crm_core.filters import Cond
from crm_core.hooks import Fragment
from crm_core.hookspecs import hookimpl
from crm_core.models import Role, UserRole
from crm_core.models import User as UserRow
from crm_core.registry import PluginInfo, Registry, build_registry
from crm_core.testing.tables import make_tables

SECRET = "tests-only-secret-of-no-value-0123456789"
PERSON, STUDIO = Cond("kind", "=", "person"), Cond("kind", "=", "studio")


class Mail(entities.Line):
    __tablename__ = "gallery_mail"
    __parent__ = "gallery_artist"
    __main__ = "address"
    address: Mapped[str | None] = entities.field(ft.Email(), label="E-mail", required=True, search=True)
    kind: Mapped[str | None] = entities.field(
        ft.Choice(choices={"work": "Work", "home": "Home"}), label="Kind", default="work"
    )
    primary: Mapped[bool | None] = entities.field(ft.Boolean(), label="Primary", default=False)


class Place(entities.Line):
    __tablename__ = "gallery_place"
    __parent__ = "gallery_artist"
    __main__ = "street"
    __significant__ = ("street", "city", "zip")
    street: Mapped[str | None] = entities.field(ft.Text(255), label="Street")
    zip: Mapped[str | None] = entities.field(ft.Text(20), label="Postal code")
    city: Mapped[str | None] = entities.field(ft.Text(120), label="City")
    country: Mapped[str | None] = entities.field(ft.Country(), label="Country")
    is_default: Mapped[bool | None] = entities.field(ft.Boolean(), label="Default", default=False)
    is_invoicing: Mapped[bool | None] = entities.field(ft.Boolean(), label="For invoices", default=False)


class Artist(entities.Record):
    __tablename__ = "gallery_artist"
    __entity__ = entities.entity(
        "gallery.artist", label="Artist", plural="Artists", slug="artists", title="name", icon="palette"
    )
    kind: Mapped[str] = entities.field(
        ft.Choice(choices={"person": "Person", "studio": "Studio"}), label="Kind", required=True, default="person"
    )
    photo: Mapped[int | None] = entities.field(ft.Image(1024 * 1024, (200, 300)), label="Photo")
    name: Mapped[str | None] = entities.field(ft.Text(80), label="Name", required=True, search=True, index=True)
    nickname: Mapped[str | None] = entities.field(ft.Text(80), label="Nickname", visible_if=PERSON)
    staff: Mapped[int | None] = entities.field(ft.Integer(0, 5000), label="Staff", visible_if=STUDIO)
    studio_id: Mapped[int | None] = entities.field(
        ft.Link("gallery.artist"), label="Studio", fk="gallery_artist.id", visible_if=PERSON
    )
    friends = entities.many(ft.Links("gallery.artist"), label="Friends")
    status: Mapped[str | None] = entities.field(ft.Choice("gallery.status"), label="Status", section="work")
    style: Mapped[str | None] = entities.field(ft.Choice("gallery.style"), label="Style", section="work")
    media = entities.many(ft.MultiChoice("gallery.medium"), label="Media", section="work")
    rating: Mapped[int | None] = entities.field(ft.Rating(5), label="Rating", section="work")
    price: Mapped[Any] = entities.field(ft.Money(), label="Price", section="work", help="Of a middle-sized work")
    share: Mapped[Any] = entities.field(ft.Percent(), label="Share", section="work")
    size: Mapped[Any] = entities.field(ft.Decimal(2), label="Size", section="work")
    currency: Mapped[str | None] = entities.field(ft.Currency(), label="Currency", section="work")
    insured: Mapped[bool | None] = entities.field(ft.Boolean(), label="Insured", section="work", default=False)
    born: Mapped[Any] = entities.field(ft.Date(), label="Born", section="work")
    visit: Mapped[Any] = entities.field(ft.DateTime(), label="Next visit", section="work")
    took: Mapped[int | None] = entities.field(ft.Duration(), label="Time spent", section="work")
    mails = entities.lines(Mail, label="E-mail addresses", section="reach")
    places = entities.lines(Place, label="Addresses", section="reach")
    phone: Mapped[str | None] = entities.field(ft.Phone(), label="Phone", section="reach")
    site: Mapped[str | None] = entities.field(ft.Url(), label="Web site", section="reach")
    home: Mapped[Any] = entities.field(ft.Address(), label="Home", section="reach")
    contract: Mapped[int | None] = entities.field(ft.File(2 * 1024 * 1024), label="Contract", section="papers")
    about: Mapped[str | None] = entities.field(ft.Related(), label="About", section="papers")
    notes: Mapped[str | None] = entities.field(ft.LongText(), label="Notes", section="papers")
    story: Mapped[str | None] = entities.field(ft.RichText(), label="Story", section="papers")
    agent_id: Mapped[int | None] = entities.field(ft.User(), label="Agent", section="access")
    keepers = entities.many(ft.Users(), label="Keepers", grants="write", section="access")
    secret: Mapped[str | None] = entities.field(
        ft.Text(40), label="Secret", read_roles=("owner",), edit_roles=("owner",), section="papers"
    )


def _visit(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    if record.name == "Refuser":
        raise Conflict("The studio is closed")
    record.visit = data["at"]
    return {"message": "The visit is planned"}


def _praise(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> None:
    record.rating = 5


def _shows(ctx: Ctx, record: Any, before: Any, limit: int) -> list[TimelineEvent]:
    found = [
        TimelineEvent(at=ctx.now + dt.timedelta(days=9), actor="", kind="show", title="Opening in Rennes"),
        TimelineEvent(at=ctx.now - dt.timedelta(days=90), actor="", kind="show", title="Show in Brest"),
    ]
    return [e for e in found if before is None or e.at < before][:limit]


def _broken(ctx: Ctx, record: Any) -> str:
    raise RuntimeError("the tab is broken")


def _closed(ctx: Ctx, record: Any) -> Any:
    raise Forbidden("Only for the curator")


WHEN = FieldDef(entity="gallery.artist", key="at", type=ft.DateTime(), label="When", required=True)
ENTITY = "gallery.artist"
CONTRIBUTIONS: tuple[Any, ...] = (
    Artist,
    ListDef(
        key="gallery.status",
        label="Status",
        entries=(
            Entry(code="new", label="New", colour="#5b8def"),
            Entry(code="talking", label="In talks", colour="#d9952b"),
            Entry(code="signed", label="Signed", colour="#2f9e6e"),
            Entry(code="left", label="Left", colour="#98928a"),
        ),
    ),
    ListDef(key="gallery.style", label="Style", entries=(Entry(code="cubist", label="Cubist"),)),
    ListDef(
        key="gallery.medium",
        label="Medium",
        entries=(Entry(code="oil", label="Oil"), Entry(code="ink", label="Ink"), Entry(code="clay", label="Clay")),
    ),
    ViewDef(
        entity=ENTITY,
        columns=("name", "status", "rating"),
        sort="name",
        status="status",
        card=("kind", "studio", "status"),
        sections=(("general", "General"), ("work", "Work"), ("reach", "How to reach"), ("papers", "Papers")),
    ),
    ActionDef(entity=ENTITY, name="visit", label="Plan a visit", handler=_visit, form=(WHEN,), primary=True),
    ActionDef(entity=ENTITY, name="praise", label="Praise", handler=_praise),
    Tab(entity=ENTITY, key="works", label="Works", render=lambda c, r: "<p>Three works</p>", count=lambda c, r: 3),
    Tab(entity=ENTITY, key="broken", label="Broken", render=_broken),
    Tab(entity=ENTITY, key="closed", label="Closed", render=_closed, count=_closed),
    Tab(entity=ENTITY, key="unseen", label="Unseen", render=_closed, visible=_closed),
    Panel(entity=ENTITY, key="locked", label="Locked", render=_closed),
    Panel(entity=ENTITY, key="near", label="Nearby", render=lambda c, r: "<p>Nobody lives nearby</p>"),
    TimelineSource(entity=ENTITY, key="shows", label="Shows", fetch=_shows),
    RoleDef(
        role="user",
        grants=(GrantDef(entity=ENTITY, actions=("read", "create", "update", "delete", "export")),),
    ),
)
CUSTOM = (
    FieldDef(
        entity=ENTITY, key="cf.score", attr="cf__score", type=ft.Integer(0, 1000), label={"en": "Score"}, order=500
    ),
    FieldDef(
        entity=ENTITY,
        key="cf.motto",
        attr="cf__motto",
        type=ft.Text(60),
        label={"en": "Motto", "fr": "Devise"},
        order=501,
    ),
)


class Plugin:
    """Asks about a name that is taken, refuses one, and fills a slot."""

    @hookimpl
    def crm_validate(self, ctx: Ctx, change: Any) -> list[Problem]:
        if change.verb == "delete" or not change.changed("name"):
            return []
        if change.get("name") == "Nobody":
            return [Problem("name", "nobody", "Nobody is no name")]
        taken = sa.select(Artist.id).where(Artist.name == change.get("name"))
        if ctx.session.scalar(taken) is None:
            return []
        return [Problem("name", "warning", "There is already an artist with this name")]

    @hookimpl
    def crm_render_slot(self, ctx: Ctx, slot: str, subject: Any) -> list[Fragment]:
        return [Fragment("<p>From a slot</p>")] if slot == "record.side" else []


@cache
def registry() -> Registry:
    """Return what every gallery is made of."""
    return build_registry(
        [(PluginInfo("gallery", "Gallery", "1", None), CONTRIBUTIONS)],
        dispatcher=hooks.Dispatcher(hooks.implementations_of([])),
        kernel=kernel.contributions(),
        custom_fields=CUSTOM,
    )


FREE: list[Any] = []
"""Applications that no gallery uses now."""


class Gallery(Deployment):
    """The deployment; its registry is made of the contributions above."""

    admin: int

    def _rebuild(self, known: Mapping[str, int]) -> None:
        build = self._served.build if self._served is not None else None
        if build is None:
            asked = hooks.Dispatcher(hooks.implementations_of([("gallery", Plugin())]))
            build = lifecycle.Build(replace(registry(), hooks=asked), {})
        with self.database.transaction(write=False) as session:
            self._served = Served(build, load_directory(session, build.registry))

    def add_user(self, email: str, name: str, role: str = "user") -> int:
        with self.database.transaction() as session:
            user = UserRow(email=email, name=name)
            session.add(user)
            session.flush()
            role_id = session.scalar(sa.select(Role.id).where(Role.code == role))
            session.add(UserRole(user_id=user.id, role_id=role_id))
            found: int = user.id
        self.refresh(force=True)
        return found

    def make(self, by: int | None = None, **values: Any) -> int:
        with self.operation(self.directory.actor(by or self.admin)) as ctx:
            return records.create(ctx, ENTITY, values).id

    def read(self, record_id: int, by: int | None = None) -> Any:
        with self.operation(self.directory.actor(by or self.admin), write=False) as ctx:
            return records.read(ctx, ENTITY, record_id)

    @property
    def app(self) -> Any:
        if not hasattr(self, "_app"):
            self._app = FREE.pop() if FREE else self._new_app()
            self._app.extensions["crm"] = self
            self._app.extensions["crm_registry"] = self.registry
        return self._app

    def _new_app(self) -> Any:
        app = web.CrmApp("crm_core", static_folder="static/dist", static_url_path="/static")
        app.extensions["crm"] = self
        app.extensions["crm_registry"] = self.registry
        app.config["MAX_FORM_PARTS"] = 5000
        web.install(app, self)
        return app

    def close(self) -> None:
        """Close the database; the application serves the next gallery."""
        super().close()
        if hasattr(self, "_app"):
            FREE.append(self._app)

    def browser(self, user: int | None = None) -> Browser:
        return Browser(self, user or self.admin)

    def key_of(self, user: int) -> str:
        """Start a session; return its cookie."""
        with self.database.transaction() as session:
            return sessions.start(session, self.config, user, now=utcnow())


class Browser:
    """A test client that follows the rules of the forms: token, redirects kept apart."""

    def __init__(self, gallery: Gallery, user: int) -> None:
        self.client = gallery.app.test_client()
        key = gallery.key_of(user)
        with gallery.database.transaction() as session:
            who = sessions.resolve(session, key, utcnow())
        assert who is not None
        self.client.set_cookie(COOKIE, key)
        self.token = lambda: csrf.mask(who.csrf)

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def htmx(self, path: str) -> Any:
        return self.client.get(path, headers={"HX-Request": "true"})

    def post(self, path: str, data: Any = None, *, htmx: bool = False, **options: Any) -> Any:
        headers = {"X-CSRF-Token": self.token(), **({"HX-Request": "true"} if htmx else {})}
        return self.client.post(path, data=data, headers=headers, **options)

    def form_of(self, path: str) -> dict[str, Any]:
        """Return what a browser would post from the form on a page, unchanged."""
        return fields_of(self.get(path).text)


class Reader(HTMLParser):
    """Collects the successful controls of a record's form, as a browser without scripts would post them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self.inside, self.skip = False, 0
        self.area: str | None = None
        self.text = ""
        self.select: Any = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if tag == "form":
            self.inside = a.get("id") == "record-form" or "conflict-form" in (a.get("class") or "")
        self.skip += tag in ("template", "noscript")
        if self.inside and not self.skip and "disabled" not in a:
            getattr(self, f"_{tag}", lambda a: None)(a)

    def _input(self, a: dict[str, str | None]) -> None:
        kind = a.get("type", "text")
        if a.get("name") and kind not in ("file", "submit") and (kind not in ("checkbox", "radio") or "checked" in a):
            self.found.setdefault(a["name"] or "", []).append(a.get("value") or "")

    def _textarea(self, a: dict[str, str | None]) -> None:
        self.area, self.text = a.get("name"), ""

    def _select(self, a: dict[str, str | None]) -> None:
        self.select = SimpleNamespace(name=a.get("name"), many="multiple" in a, values=[], first=None)

    def _option(self, a: dict[str, str | None]) -> None:
        value = a.get("value") or ""
        self.select.first = value if self.select.first is None else self.select.first
        if "selected" in a:
            self.select.values.append(value)

    def handle_endtag(self, tag: str) -> None:
        self.skip -= tag in ("template", "noscript")
        if tag == "form":
            self.inside = False
        elif tag == "textarea" and self.area:
            self.found.setdefault(self.area, []).append(re.sub(r"^\n", "", self.text))
            self.area = None
        elif tag == "select" and self.select:
            values = self.select.values or ([] if self.select.many else [self.select.first or ""])
            self.found.setdefault(self.select.name, []).extend(values)
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data


def fields_of(html: str) -> dict[str, Any]:
    """Return the successful controls of the record form in a page (names to values or lists of values)."""
    reader = Reader()
    reader.feed(html)
    return {name: values if len(values) > 1 else values[0] for name, values in reader.found.items() if values}


def prepare(url: str) -> None:
    """Make the tables of a gallery and its administrator."""
    database = Database(url)
    make_tables(database.engine, "gallery_")
    with database.engine.begin() as connection:
        search_index.create_search(SimpleNamespace(get_bind=lambda: connection), "gallery_artist")
    with database.transaction() as session:
        accounts.seed(session)
        kernel.seed(session, registry())
    found = Gallery(load_config({}, home=Path(), database_url=url, secret_key=SECRET), database)
    found.add_user("admin@example.org", "Ada Admin", "owner")
    found.close()


def open_gallery(home: Path, url: str) -> Gallery:
    """Return the gallery of a prepared database."""
    found = Gallery(load_config({}, home=home, database_url=url, secret_key=SECRET))
    found.refresh(force=True)
    with found.database.transaction(write=False) as session:
        found.admin = session.scalar(sa.select(sa.func.min(UserRow.id))) or 0
    return found
