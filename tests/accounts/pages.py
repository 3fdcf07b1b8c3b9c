"""Reading pages as their users see them: forms with their hidden inputs, texts, errors."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


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
