"""Reading pages as their users see them, and what tests of pages do with accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pyotp

from crm_core.accounts import sessions
from crm_core.accounts.web import COOKIE
from crm_core.db import utcnow
from crm_core.models import User

GOOD = "correct horse battery"
EMAIL = "ada@example.org"


@dataclass
class Form:
    """A form of a page: where it goes and what it would post untouched."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)

    def data(self, **typed: str) -> dict[str, list[str]]:
        """Return what is posted when someone types this."""
        found: dict[str, list[str]] = {}
        for name, value in self.values:
            found.setdefault(name, []).append(value)
        return found | {name: [value] for name, value in typed.items()}


class Page(HTMLParser):
    """A parsed page."""

    def __init__(self, text: str) -> None:
        """Parse."""
        super().__init__()
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self.labels: set[str] = set()
        self.links: set[str] = set()
        self.boxes: list[dict[str, str | None]] = []
        self.attributes: set[str] = set()
        self._select: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, inputs, ids, labels and links."""
        at = dict(attrs)
        self.attributes |= set(at)
        if at.get("id"):
            self.ids.add(at["id"] or "")
        if tag == "label" and at.get("for"):
            self.labels.add(at["for"] or "")
        if tag == "a":
            self.links.add(at.get("href") or "")
        if tag == "form":
            self.forms.append(Form(at.get("action") or "", at.get("method") or "get"))
        elif tag == "select":
            self._select = at.get("name")
            self.boxes.append({**at, "tag": tag})
        elif tag == "option" and self._select and "selected" in at and self.forms:
            self.forms[-1].values.append((self._select, at.get("value") or ""))
        elif tag == "input" and at.get("name") and self.forms:
            self.boxes.append({**at, "tag": tag})
            if at.get("type") not in ("checkbox", "radio") or "checked" in at:
                self.forms[-1].values.append((at["name"] or "", at.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave a select."""
        if tag == "select":
            self._select = None

    def form(self, action: str) -> Form:
        """Return the form that goes to an address."""
        return next(f for f in self.forms if f.action == action and f.method == "post")


def read(response) -> Page:
    """Return the page of an answer."""
    return Page(response.text)


def first(pattern: str, text: str) -> str:
    """Return the first group of the first match."""
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1]


def change(crm, user_id, **values):
    with crm.database.transaction() as session:
        for key, value in values.items():
            setattr(session.get(User, user_id), key, value)


def stored(crm, user_id):
    with crm.database.transaction(write=False) as session:
        return session.get(User, user_id)


def enter(client, email=EMAIL, password=GOOD, **more):
    return client.post("/signin", data={"email": email, "password": password, **more})


def token(client):
    return client.csrf


def post(client, path, **data):
    return client.post(path, data={"csrf_token": token(client), **data})


def cookie_of(response):
    return next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(COOKIE))


def open_sessions(crm, user_id):
    with crm.database.transaction(write=False) as session:
        return len(sessions.listed(session, user_id, utcnow()))


def with_second_factor(site):
    """Switch Ada's second factor on by the pages; return its secret and the recovery codes."""
    client = site.client_of(site.ada)
    form = read(client.get("/profile/second-factor")).form("/profile/second-factor")
    wrong = client.post(form.action, data=form.data(code="000000"))
    assert wrong.status_code == 422
    again = read(wrong).form("/profile/second-factor")
    secret = first(r'id="totp-key">([A-Z2-7 ]+)<', wrong.text).replace(" ", "")
    shown = client.post(form.action, data=again.data(code=pyotp.TOTP(secret).now()))
    assert shown.status_code == 200
    codes = re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", shown.text)
    change(site, site.ada, totp_last_step=0)
    return secret, codes
