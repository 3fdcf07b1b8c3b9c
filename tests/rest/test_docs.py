"""The page of the documentation, as a part of the web face."""

from __future__ import annotations

import re
from typing import Any


def test_the_page_lists_every_operation_for_whoever_is_signed_in(sqlite_crm: Any) -> None:
    client = sqlite_crm.client_of(sqlite_crm.admin)
    page = client.get("/api/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    token = sqlite_crm.token_of(sqlite_crm.admin)
    document = client.get("/api/v1/openapi.json", headers={"Authorization": f"Bearer {token}"}).json
    for path, operations in document["paths"].items():
        assert path in page.text
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page.text
    assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=", page.text)


def test_strangers_are_sent_to_sign_in(sqlite_crm: Any) -> None:
    assert sqlite_crm.client_of(None).get("/api/docs").status_code in (302, 303, 401)


def test_the_types_of_problems_have_their_place_on_the_page(sqlite_crm: Any) -> None:
    client = sqlite_crm.client_of(sqlite_crm.admin)
    problem = client.get("/api/v1/contacts/999").json
    assert problem["type"] == "/api/docs#problem-not_found"
    assert 'id="problem-not_found"' in client.get("/api/docs").text


def test_the_api_answers_problems_in_the_whole_application_too(sqlite_crm: Any) -> None:
    client = sqlite_crm.client_of(None)
    for method, path, status in (
        ("GET", "/api/v1/contacts", 401),
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/contacts", 405),
        ("GET", "/api/v1//contacts", 404),
    ):
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), path
