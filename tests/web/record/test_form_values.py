"""Raw values: what a form holds, posts and compares; conditions of parts."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from crm_core import fieldtypes as ft
from crm_core.context import Locale
from crm_core.contributions import FieldDef
from crm_core.filters import Cond, Not, Relative, and_, or_
from crm_core.web import conditions, conflicts
from crm_core.web.questions import local
from crm_core.web.rawvalues import read_posted, same, to_raw
from tests.web.record.gallery import Artist

MAILS = ft.Lines(__import__("crm_core.entities", fromlist=["line_def"]).line_def(
    Artist.__mapper__.relationships["mails"].mapper.class_))  # fmt: skip


def ctx(language: str = "en", dates: str = "dd/mm/yyyy") -> Any:
    return SimpleNamespace(locale=Locale(language, "Europe/Paris", dates, "FR"))


def field(key: str, kind: ft.FieldType, **more: Any) -> FieldDef:
    return FieldDef(entity="x", key=key, type=kind, label=key, **more)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (ft.Date(), dt.date(2026, 12, 31), "31/12/2026"),
        (ft.DateTime(), dt.datetime(2026, 7, 1, 12, 30, tzinfo=dt.UTC), "01/07/2026 14:30"),
        (ft.Money("EUR"), D("12500.50"), "12500,5"),
        (ft.Decimal(3), D("100.000"), "100"),
        (ft.Duration(), 5400, "1:30"),
        (ft.Duration(), 5401, "1:30:01"),
        (ft.Boolean(), True, "true"),
        (ft.Boolean(), False, "false"),
        (ft.Phone(), "+33240123456", "+33 2 40 12 34 56"),
        (ft.Integer(), 0, "0"),
    ],
)
def test_a_value_is_written_as_it_is_typed_and_read_back(kind: ft.FieldType, value: Any, text: str) -> None:
    here = ctx("fr")
    assert to_raw(kind, value, here) == text
    assert kind.parse(text, here) == value


def test_a_form_reads_what_was_posted_and_nothing_else() -> None:
    fields = [
        field("name", ft.Text()),
        field("keepers", ft.Users()),
        field("notes", ft.LongText()),
        field("ok", ft.Boolean()),
    ]
    form = MultiDict(
        [
            ("name", "Ann"),
            ("keepers", ""),
            ("keepers", "3"),
            ("keepers", "5"),
            ("ok", "false"),
            ("ok", "true"),
            ("x", "1"),
        ]
    )
    assert read_posted(fields, form) == {"name": "Ann", "keepers": ["3", "5"], "ok": "true"}
    assert read_posted(fields, MultiDict([("keepers", "")])) == {"keepers": []}


def test_lines_are_read_in_the_order_of_the_page_with_one_primary() -> None:
    form = MultiDict(
        [
            ("mails", ""), ("mails[7][address]", "b@example.org"), ("mails[7][kind]", "home"),
            ("mails[0][id]", "12"), ("mails[0][address]", "a@example.org"), ("mails[primary]", "0"),
            ("mails[1][address]", ""), ("mails[1][kind]", "work"), ("mails[2][id]", "13"), ("mails[2][_delete]", "1"),
            ("mails[3][stranger]", "x"),
        ]
    )  # fmt: skip
    assert read_posted([field("mails", MAILS)], form) == {
        "mails": [
            {"address": "b@example.org", "kind": "home", "primary": "false"},
            {"id": "12", "address": "a@example.org", "primary": "true"},
        ]
    }


def test_a_date_and_a_time_make_an_instant_and_iso_works_too() -> None:
    at = field("at", ft.DateTime())
    assert read_posted([at], MultiDict({"at[date]": "31/12/2026", "at[time]": "09:30"})) == {"at": "31/12/2026 09:30"}
    assert read_posted([at], MultiDict({"at[date]": "", "at[time]": ""})) == {"at": ""}
    assert read_posted([at], MultiDict({"at": "2026-12-31T09:30"})) == {"at": "2026-12-31T09:30"}


def test_nothing_is_nothing_however_it_is_written() -> None:
    assert same(ft.Text(), "", None)
    assert same(ft.Boolean(), "false", "")
    assert not same(ft.Text(), "false", "")
    assert same(ft.Users(), [], "")
    assert same(ft.Address(), {"street": "", "city": ""}, {})
    assert same(MAILS, [{"address": "a@example.org", "primary": "false"}], [{"id": "", "address": "a@example.org"}])
    assert not same(MAILS, [{"address": "a@example.org"}], [])


def test_hidden_inputs_are_read_as_the_same_values() -> None:
    fields = [field("name", ft.Text()), field("mails", MAILS), field("tags", ft.Tags()), field("home", ft.Address())]
    raw = {
        "name": "Ann",
        "mails": [{"id": "1", "address": "a@example.org", "kind": "work", "primary": "true"}],
        "tags": ["3", "new one"],
        "home": {"street": "1 rue", "city": "Brest", "state": "", "zip": "", "country": "FR"},
    }
    again = read_posted(fields, MultiDict(list(conflicts.as_inputs(raw))))
    assert again == raw


def test_a_condition_is_decided_from_what_was_typed() -> None:
    person, vip = Cond("kind", "=", "person"), Cond("nature", "has", "vip")
    assert conditions.holds(None, {})
    assert conditions.holds(person, {"kind": "person"})
    assert not conditions.holds(person, {"kind": ""})
    assert conditions.holds(Cond("kind", "!=", "person"), {})
    assert conditions.holds(vip, {"nature": ["new", "vip"]})
    assert conditions.holds(Not(vip), {"nature": []})
    assert conditions.holds(or_(person, vip), {"kind": "x", "nature": ["vip"]})
    assert not conditions.holds(and_(person, vip), {"kind": "person"})
    assert conditions.holds(Cond("score", ">", 10), {"score": "10,5"})
    assert conditions.holds(Cond("ok", "=", False), {"ok": "false"}) and conditions.holds(Cond("ok", "=", False), {})
    assert conditions.holds(Cond("name", "is null"), {"name": " ".strip()})


def test_the_browser_gets_only_what_it_can_decide() -> None:
    known = frozenset({"kind", "born"})
    given = json.loads(conditions.for_browser(Cond("kind", "=", "person"), known))
    assert given == {"path": "kind", "op": "=", "value": "person"}
    assert conditions.for_browser(Cond("owner", "=", "x"), known) == ""
    assert conditions.for_browser(Cond("born", "<", Relative("today")), known) == ""


@pytest.mark.parametrize("url", ["https://example.org", "//example.org", "/\\example.org", "javascript:x", "", "/a\nb"])
def test_one_is_never_sent_to_another_site(url: str) -> None:
    assert local(url) == ""
    assert local("/contacts/5?x=1") == "/contacts/5?x=1"
