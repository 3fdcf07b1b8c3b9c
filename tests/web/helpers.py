"""What tests of pages share: sending forms with their token, and looking at the HTML that comes back."""

from __future__ import annotations

import html
import re
from typing import Any

from crm_core.accounts import csrf

CONTACT = "contacts.contact"
HTMX = {"HX-Request": "true"}


def send(client: Any, url: str, *, htmx: bool = False, follow: bool = False, **data: Any) -> Any:
    """Post a form as a page of the CRM would."""
    headers = {csrf.HEADER: client.csrf, **(HTMX if htmx else {})}
    return client.post(url, data=data, headers=headers, follow_redirects=follow)


def text_of(response: Any) -> str:
    """Return the words of an answer, tags left out."""
    plain = re.sub(r"<(script|style|template)[^>]*>.*?</\1>", " ", response.text, flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", plain)))


def titles(response: Any) -> list[str]:
    """Return the names of the records a list shows, in order."""
    found = re.findall(r"data-title-link[^>]*>([^<]*)</a>", response.text)
    return [html.unescape(title) for title in found]


def headings(response: Any) -> list[str]:
    """Return the headings of a list's columns."""
    head = re.search(r"<thead.*?</thead>", response.text, re.S)
    cells = re.findall(r"<th [^>]*>(.*?)</th>", head[0] if head else "", re.S)
    return [html.unescape(re.sub(r"<[^>]+>", "", c)).strip() for c in cells][1:-1]
