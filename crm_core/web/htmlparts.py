"""Small pieces of HTML that pages show by the hundred: made in Python and kept, because templates are slower."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from markupsafe import Markup

from crm_core.web.assets import icon_html

HUES = 8
NO_DOT = Markup('<svg class="dot none" viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="4"/></svg>')
_DOT = Markup('<svg class="dot" viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="5" fill="{}"/></svg>')


def hue(text: str) -> int:
    """Return which of the avatar colours a name has, always the same one."""
    return hashlib.sha256(text.encode()).digest()[0] % HUES


def initials(text: str) -> str:
    """Return one or two letters that stand for a name."""
    words = [w for w in text.replace("-", " ").split() if w[0].isalnum()]
    return "".join(w[0] for w in (words[:1] + words[-1:] if len(words) > 1 else words[:1])) or "?"


@lru_cache(maxsize=512)
def dot(colour: str = "") -> Markup:
    """Return a disc in a colour administrators chose; SVG attributes pass the strict policy, style attributes don't."""
    return _DOT.format(colour) if colour else NO_DOT


@lru_cache(maxsize=4096)
def avatar(name: str, size: str = "", square: bool = False, src: str = "") -> Markup:
    """Return a picture, or the initials of a name on its colour."""
    shape = " square" if square else ""
    if src:
        return Markup('<img class="avatar {}{}" src="{}" alt="" loading="lazy">').format(size, shape, src)
    return Markup('<span class="avatar {} a{}{}" aria-hidden="true">{}</span>').format(
        size, hue(name), shape, initials(name)
    )


@lru_cache(maxsize=4096)
def person(name: str, size: str = "sm") -> Markup:
    """Return a person's name with the avatar."""
    return Markup('<span class="person">{}<span class="cut">{}</span></span>').format(avatar(name, size), name)


@lru_cache(maxsize=4096)
def tag(name: str, colour: str = "") -> Markup:
    """Return a tag: its colour and its name."""
    return Markup('<span class="tag">{}<span class="cut">{}</span></span>').format(dot(colour), name)


@lru_cache(maxsize=4096)
def choice(label: str, colour: str = "") -> Markup:
    """Return an entry of a reference list: its colour and its label."""
    return Markup('<span class="choice">{}<span class="cut">{}</span></span>').format(dot(colour), label)


@lru_cache(maxsize=256)
def stars(text: str, value: int, high: int) -> Markup:
    """Return a rating; ``text`` says it in words."""
    marks = [icon_html("star-fill", "full")] * value + [icon_html("star")] * (high - value)
    return Markup('<span class="stars" role="img" aria-label="{}">{}</span>').format(text, Markup("").join(marks))
