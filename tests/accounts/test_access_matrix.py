"""Who may do what with a contact: every verb by role and by sharing, over REST and pages (AD-03 to AD-06).

The contact is another user's. ``listed`` is shared by name: with nobody here, with the caller for reading, or for
writing too. A table holds the status of each; where nothing may be known of the contact it says 404.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from crm_core import comments, records
from crm_core.directory import touch
from crm_core.models import UserRole
from crm_core.testing.deployments import TestDeployment

CONTACT = "contacts.contact"
SHARED = ("private", "listed", "listed to read", "listed to write", "read", "write")
"""How the contact is shared, in the order of the columns of the tables."""

USER: dict[str, tuple[int, ...]] = {
    # private, listed, listed to read, listed to write, read, write
    "read": (404, 404, 200, 200, 200, 200),
    "comment": (404, 404, 201, 201, 201, 201),
    "comments": (404, 404, 200, 200, 200, 200),
    "history": (404, 404, 200, 200, 200, 200),
    "timeline": (404, 404, 200, 200, 200, 200),
    "update": (404, 404, 403, 200, 403, 200),
    "sharing": (404, 404, 403, 200, 403, 200),
    "share_send": (404, 404, 403, 204, 403, 204),
    "restrict": (404, 404, 403, 204, 403, 204),
    "delete": (404, 404, 403, 403, 403, 403),
    "bulk_update": (404, 404, 403, 200, 403, 200),
    "bulk_delete": (404, 404, 403, 403, 403, 403),
}
"""A user reads all but what is private (AD-03), changes what he has the right to (AD-05), deletes his own alone.

Who restricts a contact to others than himself is told that it is done, and sees nothing of it any more.
"""
EVERYTHING: dict[str, tuple[int, ...]] = {
    verb: ({"comment": 201, "delete": 204, "bulk_delete": 200}.get(verb, 200),) * len(SHARED) for verb in USER
}
"""Administrators, and the owner of a contact, whatever it is shared like (AD-04, AD-06)."""
NOTHING: dict[str, tuple[int, ...]] = {verb: (404,) * len(SHARED) for verb in USER}
"""Without a role nobody learns that the contact exists."""
NOTHING |= {"delete": (403,) * len(SHARED), "bulk_update": (403,) * len(SHARED), "bulk_delete": (403,) * len(SHARED)}
STRANGER: dict[str, tuple[int, ...]] = {verb: (401,) * len(SHARED) for verb in USER}
REST = {"user": USER, "crm_admin": EVERYTHING, "owner": EVERYTHING, "its owner": EVERYTHING, "no role": NOTHING,
        "visitor": STRANGER}  # fmt: skip
LISTED = {"user": {"listed to read", "listed to write", "read", "write"}, "no role": None, "visitor": None}
"""What lists and searches hold, ``None`` where they are refused; everything for the others."""

PAGES_OF_USER: dict[str, tuple[int, ...]] = {
    "page": (404, 404, 200, 200, 200, 200),
    "card": (404, 404, 200, 200, 200, 200),
    "history": (404, 404, 200, 200, 200, 200),
    "edit": (404, 404, 403, 200, 403, 200),
    "save": (404, 404, 403, 303, 403, 303),
    "share": (404, 404, 403, 200, 403, 200),
    "share_send": (404, 404, 403, 303, 403, 303),
    "restrict": (404, 404, 403, 303, 403, 303),
    "comment": (404, 404, 303, 303, 303, 303),
    "delete": (404, 404, 403, 403, 403, 403),
}
AT_LAST = ("restrict", "share_send", "delete", "bulk_delete")
"""Verbs after which the contact is another or gone: each is tried on a new one."""
SENDS = ("save", "share_send", "restrict", "comment", "delete")
PAGES_OF_ALL = {verb: ((303,) if verb in SENDS else (200,)) * len(SHARED) for verb in PAGES_OF_USER}
PAGES_OF_NOBODY = {verb: (404,) * len(SHARED) for verb in PAGES_OF_USER}
PAGES_OF_VISITOR = {verb: ((401,) if verb in SENDS else (302,)) * len(SHARED) for verb in PAGES_OF_USER}
PAGES = {"user": PAGES_OF_USER, "crm_admin": PAGES_OF_ALL, "owner": PAGES_OF_ALL, "its owner": PAGES_OF_ALL,
         "no role": PAGES_OF_NOBODY, "visitor": PAGES_OF_VISITOR}  # fmt: skip


class Scene:
    """A contact of Ines, and somebody in a role who has nothing to do with it."""

    def __init__(self, crm: TestDeployment, role: str) -> None:
        """Make the people."""
        self.crm, self.role = crm, role
        self.ines = crm.add_user("ines@example.org", "Ines Owner")
        self.caller: int | None = None
        if role == "its owner":
            self.caller = self.ines
        elif role != "visitor":
            self.caller = crm.add_user("caller@example.org", "Carl Caller", "user" if role == "no role" else role)
        if role == "no role":
            with crm.database.transaction() as session:
                session.execute(sa.delete(UserRole).where(UserRole.user_id == self.caller))
                touch(session)
        self.headers = {"Authorization": f"Bearer {crm.token_of(self.caller)}"} if self.caller else {}
        self.client: Any = crm.client_of(None)
        self.browser: Any = crm.client_of(self.caller)
        self.csrf = {"X-CSRF-Token": getattr(self.browser, "csrf", "")}

    def contact(self, shared: str) -> int:
        """Return a new contact of Ines, shared in a way."""
        name = shared.partition(" ")[0]
        visibility = "private" if name == "listed" else name
        made = self.crm.make(CONTACT, by=self.ines, kind="company", name=f"Kergal {shared}", visibility=visibility)
        with self.crm.as_user(self.ines) as ctx:
            comments.add(ctx, CONTACT, made, "Said something")
            if name == "listed":
                people = [("user", self.caller, shared == "listed to write")] if self.caller and " " in shared else []
                people = [p for p in people if p[1] != self.ines]
                records.share(ctx, CONTACT, made, people)
        return made

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """Call REST."""
        return self.client.open(f"/api/v1/contacts{path}", method=method, json=body, headers=self.headers)

    def verbs(self, n: int) -> dict[str, Callable[[], int]]:
        """Return what a program may try with a contact, to its status; of bulk the status of the one record."""

        def bulk(action: str, data: Any) -> int:
            answer = self.rest("POST", "/bulk", {"action": action, "ids": [n], **data})
            if answer.status_code != 200:
                return int(answer.status_code)
            item = answer.json["items"][0]
            return 200 if item["ok"] else int(item["error"]["status"])

        return {
            "read": lambda: self.rest("GET", f"/{n}").status_code,
            "comment": lambda: self.rest("POST", f"/{n}/comments", {"body": "Hello"}).status_code,
            "comments": lambda: self.rest("GET", f"/{n}/comments").status_code,
            "history": lambda: self.rest("GET", f"/{n}/history").status_code,
            "timeline": lambda: self.rest("GET", f"/{n}/timeline").status_code,
            "bulk_update": lambda: bulk("update", {"data": {"score": 2}}),
            "update": lambda: self.rest("PATCH", f"/{n}", {"score": 3}).status_code,
            "bulk_delete": lambda: bulk("delete", {}),
            "sharing": lambda: self.rest("GET", f"/{n}/sharing").status_code,
            "share_send": lambda: self.rest("PUT", f"/{n}/sharing", {"shared_with": []}).status_code,
            "restrict": lambda: self.rest("PATCH", f"/{n}", {"visibility": "private"}).status_code,
            "delete": lambda: self.rest("DELETE", f"/{n}").status_code,
        }

    def pages(self, n: int) -> dict[str, Callable[[], int]]:
        """Return what a browser may try with a contact, to its status."""

        def get(path: str) -> int:
            return int(self.browser.get(f"/contacts/{n}{path}").status_code)

        def post(path: str, **data: Any) -> int:
            return int(self.browser.post(f"/contacts/{n}{path}", data=data, headers=self.csrf).status_code)

        with self.crm.as_user(self.crm.admin) as ctx:
            row = records.read(ctx, CONTACT, n, ["visibility"])
        opened = {"make_public": {"access": "read"}} if row.visibility == "private" else {"make_private": {}}
        (action, values), version = next(iter(opened.items())), row.version
        return {
            "page": lambda: get(""),
            "card": lambda: get("/card"),
            "history": lambda: get("/history"),
            "edit": lambda: get("/edit"),
            "share": lambda: get("/share"),
            "comment": lambda: post("/comments", body="Hello"),
            "save": lambda: post("/edit", name="Kergal renamed", version=version),
            "share_send": lambda: post("/share", readers="", writers=""),
            "restrict": lambda: post(f"/actions/{action}", **values),
            "delete": lambda: post("/delete"),
        }

    def tried(self, table: dict[str, tuple[int, ...]], verbs_of: Any) -> list[str]:
        """Return where the statuses differ from a table."""
        wrong = []
        for column, shared in enumerate(SHARED):
            verbs = verbs_of(self.contact(shared))
            for verb, row in table.items():
                call = verbs_of(self.contact(shared))[verb] if verb in AT_LAST else verbs[verb]
                if (found := call()) != row[column]:
                    wrong.append(f"{self.role}, {shared}, {verb}: {found}, not {row[column]}")
        return wrong


@pytest.mark.parametrize("role", REST)
def test_ad_03_ad_05_ad_06_rest_answers_every_verb_by_role_and_sharing(sqlite_crm: TestDeployment, role: str) -> None:
    scene = Scene(sqlite_crm, role)
    assert scene.tried(REST[role], scene.verbs) == []


@pytest.mark.parametrize("role", PAGES)
def test_ad_03_ad_05_ad_06_pages_answer_every_verb_by_role_and_sharing(sqlite_crm: TestDeployment, role: str) -> None:
    scene = Scene(sqlite_crm, role)
    assert scene.tried(PAGES[role], scene.pages) == []


@pytest.mark.parametrize("role", REST)
def test_ad_03_lists_and_searches_hold_what_the_role_may_read(crm: TestDeployment, role: str) -> None:
    scene = Scene(crm, role)
    for shared in SHARED:
        scene.contact(shared)
    seen = LISTED.get(role, set(SHARED))
    refused = {"no role": 403, "visitor": 401}.get(role, 200)
    answer = scene.rest("GET", "")
    assert answer.status_code == refused
    assert scene.rest("POST", "/bulk", {"action": "update", "ids": [], "data": {"score": 1}}).status_code == refused
    assert scene.browser.get("/contacts").status_code == {"visitor": 302}.get(role, refused)
    if seen is None:
        return
    names = {f"Kergal {shared}" for shared in seen}
    assert {item["name"] for item in answer.json["items"]} == names
    assert answer.json["total"]["value"] == len(names)
    assert {item["name"] for item in scene.rest("GET", "?q=kergal").json["items"]} == names
    page = scene.browser.get("/contacts?view=all").text
    assert {name for name in (f"Kergal {s}" for s in SHARED) if f">{name}<" in page} == names


@pytest.mark.parametrize(
    ("role", "status"), [("user", 201), ("crm_admin", 201), ("owner", 201), ("no role", 403), ("visitor", 401)]
)
def test_ad_04_who_creates_a_contact_may_restrict_access_to_it(
    sqlite_crm: TestDeployment, role: str, status: int
) -> None:
    scene = Scene(sqlite_crm, role)
    made = scene.rest("POST", "", {"kind": "company", "name": "New", "visibility": "write"})
    assert made.status_code == status
    form = {"kind": "company", "name": "Newer", "visibility": "write"}
    page = scene.browser.post("/contacts/new", data=form, headers=scene.csrf)
    assert page.status_code == {201: 303}.get(status, status)
    if status != 201:
        return
    other = {"Authorization": f"Bearer {sqlite_crm.token_of(scene.ines)}"}
    path = f"/{made.json['id']}"
    assert scene.client.get(f"/api/v1/contacts{path}", headers=other).status_code == 200
    restricted = scene.rest("PATCH", path, {"visibility": "private", "managers": []})
    assert (restricted.status_code, restricted.json["visibility"]) == (200, "private")
    assert scene.client.get(f"/api/v1/contacts{path}", headers=other).status_code == 404
    assert scene.rest("GET", path).status_code == 200


@pytest.mark.parametrize("role", ["crm_admin", "owner"])
def test_ad_06_moderation_reaches_private_contacts_and_comments_of_others(
    sqlite_crm: TestDeployment, role: str
) -> None:
    scene = Scene(sqlite_crm, role)
    n = scene.contact("private")
    said = scene.rest("GET", f"/{n}/comments").json["items"][0]
    assert said["author"] == "Ines Owner"
    assert scene.rest("PATCH", f"/{n}/comments/{said['id']}", {"body": "Moderated"}).status_code == 200
    assert scene.rest("DELETE", f"/{n}/comments/{said['id']}").status_code == 204
    changed = scene.rest("PATCH", f"/{n}", {"name": "Moderated too"})
    assert (changed.status_code, changed.json["name"], changed.json["visibility"]) == (200, "Moderated too", "private")


@pytest.mark.parametrize(("role", "status"), [("user", 403), ("its owner", 200), ("no role", 404), ("visitor", 401)])
def test_ad_05_a_comment_is_changed_by_its_author_alone(sqlite_crm: TestDeployment, role: str, status: int) -> None:
    scene = Scene(sqlite_crm, role)
    n = scene.contact("write")
    with sqlite_crm.as_user(scene.ines) as ctx:
        said = comments.entries(ctx, CONTACT, n)[0].id
    assert scene.rest("PATCH", f"/{n}/comments/{said}", {"body": "Forged"}).status_code == status
    assert scene.rest("DELETE", f"/{n}/comments/{said}").status_code == {200: 204}.get(status, status)
