"""A small deployment with entities of its own: a book shop with a field of nearly every type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Mapped
from werkzeug.test import TestResponse

from crm_core import accounts, entities, hooks, kernel, lifecycle, records, rest, search_index
from crm_core.accounts import csrf, sessions, tokens
from crm_core.accounts.web import COOKIE
from crm_core.config import load_config
from crm_core.context import Ctx
from crm_core.contributions import ActionDef, Entry, FieldDef, GrantDef, ListDef, RoleDef, SettingDef, ViewDef
from crm_core.db import Database, utcnow
from crm_core.deployment import Deployment, Served
from crm_core.directory import touch
from crm_core.directory_reading import load_directory
from crm_core.errors import Conflict, PluginError
from crm_core.fieldtypes import (
    Address,
    Boolean,
    Choice,
    Country,
    Date,
    DateTime,
    Decimal,
    Duration,
    Email,
    Integer,
    Link,
    Links,
    LongText,
    Money,
    MultiChoice,
    Phone,
    Rating,
    Related,
    RichText,
    Text,
    Url,
    User,
    Users,
)
from crm_core.models import Role, UserRole
from crm_core.models import User as UserRow
from crm_core.registry import PluginInfo, Registry, build_registry
from crm_core.testing.deployments import Relay
from crm_core.testing.tables import make_tables
from crm_core.web.compiled import KeptRule
from tests.copies import Copies, drop

SECRET = "tests-only-secret-of-no-value-0123456789"


class Author(entities.Record):
    __tablename__ = "shop_author"
    __entity__ = entities.entity("shop.author", label="Author", plural="Authors", slug="authors", title="name")
    name: Mapped[str] = entities.field(Text(80), label="Name", required=True, search=True, index=True)
    email: Mapped[str | None] = entities.field(Email(), label="E-mail", unique=True)


class Copy(entities.Line):
    __tablename__ = "shop_copy"
    __parent__ = "shop_book"
    __main__ = "mark"
    mark: Mapped[str | None] = entities.field(Text(20), label="Mark")
    price: Mapped[Any] = entities.field(Money("EUR"), label="Price")
    bought: Mapped[Any] = entities.field(DateTime(), label="Bought")
    signed: Mapped[bool] = entities.field(Boolean(), label="Signed", default=False, required=True)


class Book(entities.Record):
    __tablename__ = "shop_book"
    __entity__ = entities.entity(
        "shop.book", label="Book", plural="Books", slug="books", title="name", short={"country": "printed.country"}
    )
    name: Mapped[str] = entities.field(Text(80), label="Name", required=True, search=True, index=True)
    blurb: Mapped[str | None] = entities.field(LongText(), label="Blurb")
    page: Mapped[str | None] = entities.field(RichText(), label="Page")
    pages: Mapped[int | None] = entities.field(Integer(0, 9999), label="Pages", index=True)
    stars: Mapped[int | None] = entities.field(Rating(5), label="Stars")
    price: Mapped[Any] = entities.field(Money("EUR"), label="Price", index=True)
    weight: Mapped[Any] = entities.field(Decimal(3), label="Weight")
    sold: Mapped[bool] = entities.field(Boolean(), label="Sold", default=False, required=True)
    printed: Mapped[Any] = entities.field(Date(), label="Printed", index=True)
    seen: Mapped[Any] = entities.field(DateTime(), label="Seen")
    listening: Mapped[int | None] = entities.field(Duration(), label="Listening time")
    phone: Mapped[str | None] = entities.field(Phone(), label="Phone")
    site: Mapped[str | None] = entities.field(Url(), label="Site")
    binding: Mapped[str | None] = entities.field(Choice("shop.binding"), label="Binding")
    country: Mapped[str | None] = entities.field(Country(), label="Country")
    place: Mapped[Any] = entities.field(Address(), label="Place")
    about: Mapped[str | None] = entities.field(Related(), label="About")
    author_id: Mapped[int | None] = entities.field(
        Link("shop.author"), label="Author", fk="shop_author.id", search=True
    )
    seller_id: Mapped[int | None] = entities.field(User(), label="Seller")
    secret: Mapped[str | None] = entities.field(Text(40), label="Secret", read_roles=("owner",), edit_roles=("owner",))
    copies = entities.lines(Copy, label="Copies")
    readers = entities.many(Users(), label="Readers")
    others = entities.many(Links("shop.author"), label="Other authors")
    genres = entities.many(MultiChoice("shop.genre"), label="Genres")
    shout = entities.computed(lambda ctx, record: record.name.upper(), label="Shout")


def sell(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    if record.sold:
        raise Conflict("It is sold already")
    record.sold, record.price = True, data["price"]
    return {"price": data["price"], "at": ctx.now, "record": record}


def fail(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> None:
    raise PluginError(plugin="shop")


PRICE = FieldDef(entity="shop.book", key="price", type=Money("EUR"), label="Price", required=True)
CONTRIBUTIONS: tuple[Any, ...] = (
    Author,
    Book,
    ListDef(key="shop.binding", label="Binding", entries=(Entry(code="hard", label="Hard cover"),)),
    ListDef(key="shop.genre", label="Genre", entries=(Entry(code="prose", label="Prose"),), user_extensible=True),
    ViewDef(entity="shop.book", columns=("name", "price", "author"), sort="name"),
    FieldDef(entity="shop.book", key="mark", type=Text(20), label="Shelf mark"),
    SettingDef(key="hours", type=Text(40), label="Hours", default="9-18"),
    ActionDef(entity="shop.book", name="sell", label="Sell", handler=sell, form=(PRICE,)),
    ActionDef(entity="shop.book", name="fail", label="Fail", handler=fail),
    RoleDef(role="user", grants=tuple(
        GrantDef(entity=entity, actions=("read", "create", "update", "delete", "export"))
        for entity in ("shop.book", "shop.author")
    )),
)  # fmt: skip
CUSTOM = (
    FieldDef(
        entity="shop.book",
        key="cf.score",
        attr="cf__score",
        type=Integer(0, 1000),
        label={"en": "Score"},
        sortable=True,
    ),
    FieldDef(entity="shop.book", key="cf.margin", attr="cf__margin", type=Decimal(2), label={"en": "Margin"}),
    FieldDef(entity="shop.book", key="cf.ghost", attr="cf__ghost", type=Link("shop.author"), label={"en": "Ghost"}),
)


class Site(flask.Flask):
    """A plain application whose addresses are compiled once for all tests."""

    url_rule_class = KeptRule


FREE: list[Site] = []
"""Applications that no shop uses now."""


@cache
def registry() -> Registry:
    """Return what every shop is made of."""
    return build_registry(
        [(PluginInfo("shop", "Shop", "1", None), CONTRIBUTIONS)],
        dispatcher=hooks.Dispatcher(hooks.implementations_of([])),
        kernel=(*kernel.contributions(),),
        custom_fields=CUSTOM,
    )


class Shop(Deployment):
    """The deployment; its registry is made of the contributions above."""

    __test__ = False
    admin: int

    def _rebuild(self, known: Mapping[str, int]) -> None:
        served = self._served
        own = replace(registry(), hooks=hooks.Dispatcher(hooks.implementations_of([])))
        build = served.build if served is not None else lifecycle.Build(own, {})
        if served is None or served.directory.stamp != known.get("directory"):
            with self.database.transaction(write=False) as session:
                self._served = Served(build, load_directory(session, build.registry))

    def add_user(self, email: str, name: str, role: str = "user") -> int:
        with self.database.transaction() as session:
            user = UserRow(email=email, name=name)
            session.add(user)
            session.flush()
            role_id = session.scalar(sa.select(Role.id).where(Role.code == role))
            session.add(UserRole(user_id=user.id, role_id=role_id))
            touch(session)
            found: int = user.id
        self.refresh(force=True)
        return found

    def make(self, entity: str, by: int | None = None, **values: Any) -> int:
        with self.operation(self.directory.actor(by or self.admin)) as ctx:
            return records.create(ctx, entity, values).id

    def api(self, user: int | None = None, scopes: tuple[str, ...] = ("read", "write", "admin")) -> Api:
        user = user or self.admin
        with self.database.transaction() as session:
            token, _ = tokens.create(session, user, name="test", scopes=scopes, now=utcnow())
        return Api(self.app.test_client(), token)

    def browser(self, user: int | None = None) -> tuple[FlaskClient, str]:
        """Return a client with the session of a signed-in browser, and its form token."""
        with self.database.transaction() as session:
            key = sessions.start(session, self.config, user or self.admin, now=utcnow())
            who = sessions.resolve(session, key, utcnow())
        client = self.app.test_client()
        client.set_cookie(COOKIE, key)
        return client, csrf.mask(who.csrf if who else "")

    @property
    def app(self) -> flask.Flask:
        if not hasattr(self, "_app"):
            self._app = FREE.pop() if FREE else _site(self)
            self._app.extensions["shop"].target = self
        return self._app

    def close(self) -> None:
        """Close the database; the application serves the next shop."""
        super().close()
        if hasattr(self, "_app"):
            FREE.append(self._app)


def _site(shop: Shop) -> Site:
    made: Site = Site("shop")
    relay: Any = Relay(shop)
    made.extensions["shop"] = relay
    made.register_blueprint(rest.blueprint(relay))
    return made


class Api:
    """A client with a token that reads JSON."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.token = client, token

    def __call__(self, method: str, path: str, json: Any = None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if json is not None:
            options["json"] = json
        return self.client.open(path if path.startswith("/") else f"/api/v1/{path}", method=method, headers=headers,
                                **options)  # fmt: skip

    def get(self, path: str, **options: Any) -> TestResponse:
        return self("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self("POST", path, json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self("PATCH", path, json, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self("DELETE", path, **options)


@pytest.fixture(scope="session")
def shop_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """Prepared shops."""
    made = Copies(tmp_path_factory.mktemp("shop"), prepare)
    yield made
    made.close()


def prepare(url: str) -> None:
    database = Database(url)
    make_tables(database.engine, "shop_")
    with database.engine.begin() as connection:
        for table in ("shop_book", "shop_author"):
            search_index.create_search(SimpleNamespace(get_bind=lambda: connection), table)
    with database.transaction() as session:
        accounts.seed(session)
        kernel.seed(session, registry())
    shop = Shop(load_config({}, database_url=url, secret_key=SECRET), database)
    shop.add_user("admin@example.org", "Ada Admin", "owner")
    shop.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, shop_copies: Copies, tmp_path: Path) -> Iterator[Shop]:
    """A fresh shop on each database."""
    yield from open_shop(tmp_path, shop_copies.fresh(request.param, tmp_path))


@pytest.fixture
def sqlite_shop(tmp_path: Path, shop_copies: Copies) -> Iterator[Shop]:
    """A fresh shop on SQLite, for what has nothing to do with the database."""
    yield from open_shop(tmp_path, shop_copies.fresh("sqlite", tmp_path))


def open_shop(home: Path, url: str) -> Iterator[Shop]:
    shop = Shop(load_config({}, home=home, database_url=url, secret_key=SECRET))
    with shop.database.transaction(write=False) as session:
        shop.admin = session.scalars(sa.select(UserRow.id)).one()
    yield shop
    shop.close()  # also gives the connections back that PostgreSQL waits for
    drop(url)


@pytest.fixture
def api(shop: Shop) -> Api:
    """An administrator's client."""
    return shop.api()
