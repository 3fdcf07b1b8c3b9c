"""No way to a private record: every route, list, count, search, export, suggestion and history, as every role.

The administrator's private contact carries a word found nowhere else, in every field, line, comment, tag-free link
and file. Whoever may not see it must never receive that word, nor learn that the record's id exists.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.routing import Rule

from crm_core import comments, records
from crm_core.search import suggest
from crm_core.testing.deployments import TestDeployment

WORD = "zyzzyva"
ROLES = ("user", "nobody", "visitor", "token")
QUERIES = (
    "", f"?q={WORD}", "?limit=500", f"?name__contains={WORD}", f"?filter=name+contains+%22{WORD}%22",
    f"?filter=emails.address+contains+%22{WORD}%22", f"?filter=company.name+contains+%22{WORD}%22",
    f"?filter=addresses.city+%3D+%22{WORD}%22", "?sort=company", "?sort=-created_at", f"?q={WORD}&entity=contacts",
    f"?city={WORD}", "?fields=name,company,companies,emails,managers,description", "?columns=name,company,emails",
)  # fmt: skip

LISTS = re.compile(r"^/(api/v1/)?(contacts|relations|search)?(/suggest|/options|/palette|/export\w*)?$")


class Hidden:
    """The private contact, the public one that links to it, and what surrounds them."""

    def __init__(self, crm: TestDeployment) -> None:
        self.company = crm.make(
            "contacts.contact", kind="company", name=f"{WORD} company", visibility="private", description=WORD,
            emails=[f"{WORD}@example.org"], phones=[{"number": "+33639981234"}], websites=[f"https://{WORD}.example.org"],
            addresses=[{"street": WORD, "city": WORD, "country": "FR"}],
        )  # fmt: skip
        self.person = crm.make(
            "contacts.contact",
            kind="person",
            first_name=WORD,
            last_name=WORD,
            visibility="private",
            company=self.company,
        )
        self.open = crm.make(
            "contacts.contact", kind="person", first_name="Open", last_name="Person", visibility="write",
            company=self.company, companies=[self.company],
        )  # fmt: skip
        with crm.as_user(crm.admin) as ctx:
            self.comment = comments.add(ctx, "contacts.contact", self.person, f"{WORD} said so", "").id
            records.update(ctx, "contacts.contact", self.person, {"job_title": f"{WORD} II"})
            records.update(ctx, "contacts.contact", self.open, {"company": None, "job_title": "Clerk"})
            records.update(ctx, "contacts.contact", self.open, {"company": self.company})
        client = crm.client_of(crm.admin)
        picture = (io.BytesIO(_gif()), f"{WORD}.gif")
        answer = client.post("/api/v1/files", data={"file": picture}, headers={"X-CSRF-Token": client.csrf})  # type: ignore[attr-defined]
        assert answer.status_code == 201, answer.data
        self.file = answer.json["id"]
        with crm.as_user(crm.admin) as ctx:
            records.update(ctx, "contacts.contact", self.person, {"photo": self.file})

    @property
    def ids(self) -> tuple[int, ...]:
        """Return the private records."""
        return (self.company, self.person)


def _gif() -> bytes:
    from PIL import Image

    target = io.BytesIO()
    Image.new("RGB", (20, 20), "teal").save(target, "GIF")
    return target.getvalue()


def _urls(rule: Rule, hidden: Hidden) -> Iterator[str]:
    """Yield the addresses of a rule with the private records' ids wherever an id is asked for."""
    text = re.sub(r"<[^<>]*?(\w+)>", r"<\1>", str(rule))
    for record_id in (*hidden.ids, hidden.open):
        values = {
            "definition": "contacts", "slug": "contacts", "entity": "contacts", "key": "contacts.type",
            "comment_id": str(hidden.comment), "file_id": str(hidden.file), "name": "contacts", "filename": "x",
            "path": "x", "action": "share", "rest": "x", "tab": "activity",
        }  # fmt: skip
        values |= dict.fromkeys(set(re.findall(r"<(\w+)>", text)) - values.keys(), str(record_id))
        url = text
        for name, value in values.items():
            url = url.replace(f"<{name}>", value)
        yield url


def _client(crm: TestDeployment, role: str, actor_with: Any) -> tuple[Any, dict[str, str]]:
    if role == "visitor":
        return crm.client_of(None), {}
    user = actor_with("user")
    if role == "nobody":
        with crm.database.transaction() as session:
            from crm_core.directory import touch
            from crm_core.models import UserRole

            session.query(UserRole).filter_by(user_id=user).delete()
            touch(session)
    if role == "token":
        return crm.client_of(None), {"Authorization": f"Bearer {crm.token_of(user)}"}
    return crm.client_of(user), {}


@pytest.mark.parametrize("role", ROLES)
def test_no_route_gives_a_private_record_away(crm: TestDeployment, actor_with: Any, role: str) -> None:
    hidden = Hidden(crm)
    client, headers = _client(crm, role, actor_with)
    failures: list[str] = []
    for rule in crm.wsgi.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or (role == "token" and not str(rule).startswith("/api/")):
            continue
        for base in dict.fromkeys(_urls(rule, hidden)):
            for query in QUERIES if LISTS.search(base) and not re.search(r"/\d+", base) else ("",):
                _judge(client.get(base + query, headers=headers), base + query, hidden, failures)
    assert failures == []


def _judge(answer: Any, url: str, hidden: Hidden, failures: list[str]) -> None:
    body = answer.get_data(as_text=True).lower()
    asked = body.replace(url.lower(), "")
    if answer.status_code >= 500:
        failures.append(f"{url}: {answer.status_code}")
    if re.search(rf"{WORD} (company|said|ii|{WORD})|{WORD}@|{WORD}\.(gif|example)", asked):
        failures.append(f"{url}: the word")
    if re.search(rf"/contacts/({'|'.join(map(str, hidden.ids))})\b", url) and answer.status_code == 200:
        failures.append(f"{url}: 200")


def test_writing_routes_treat_it_as_not_there(crm: TestDeployment, actor_with: Any) -> None:
    hidden = Hidden(crm)
    user = actor_with("user")
    client, token = crm.client_of(user), {"Authorization": f"Bearer {crm.token_of(user)}"}
    wrong = []
    for rule in crm.wsgi.app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"GET", "HEAD", "OPTIONS", "TRACE"}
        url = next(iter(_urls(rule, hidden)))
        if not re.search(rf"/contacts/{hidden.company}\b", url):
            continue
        absent = url.replace(f"/contacts/{hidden.company}", "/contacts/987654321")
        for method in methods:
            rest = url.startswith("/api/")
            headers = token if rest else {"X-CSRF-Token": client.csrf}  # type: ignore[attr-defined]
            body = {"name": "stolen", "body": "x"}
            sent: dict[str, Any] = {"json": body} if rest else {"data": body}
            answer, nothing = (client.open(u, method=method, headers=headers, **sent) for u in (url, absent))
            if answer.status_code < 400 or answer.status_code != nothing.status_code:
                wrong.append(f"{method} {url}: {answer.status_code}, not there: {nothing.status_code}")
            if WORD in answer.get_data(as_text=True).lower().replace(url, ""):
                wrong.append(f"{method} {url}: the word")
    with crm.as_user(crm.admin) as ctx:
        assert records.read(ctx, "contacts.contact", hidden.company).version == 1
    assert wrong == []


def test_counts_sums_and_suggestions_leave_it_out(crm: TestDeployment, actor_with: Any) -> None:
    hidden = Hidden(crm)
    with crm.as_user(actor_with("user")) as ctx:
        page = records.list_(ctx, "contacts.contact", records.ListQuery(fields=("name", "company", "companies")))
        assert page.total == 1 and page.items[0].id == hidden.open
        assert page.items[0].values["company"] is None and page.items[0].values["companies"] == []
        assert [h for h in suggest(ctx, WORD) if h.entity == "contacts.contact" and h.id in hidden.ids] == []


def test_ad_06_the_administrator_sees_it_all(crm: TestDeployment) -> None:
    hidden = Hidden(crm)
    client = crm.client_of(crm.admin)
    for record_id in hidden.ids:
        assert WORD in client.get(f"/contacts/{record_id}").get_data(as_text=True)
        assert WORD in client.get(f"/api/v1/contacts/{record_id}").get_data(as_text=True)
