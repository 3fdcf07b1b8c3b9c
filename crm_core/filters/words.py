"""From a tree to a sentence for people, in any language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

from crm_core.filters.relative import is_absolute
from crm_core.filters.simplify import simplify
from crm_core.filters.tree import (
    EVERYTHING,
    NEGATIONS,
    NOTHING,
    And,
    Cond,
    Me,
    MyTeams,
    Node,
    Not,
    Or,
    Relative,
    Scalar,
    Value,
)
from crm_core.i18n import N_

_TEMPLATES = {
    "=": N_("%(field)s is %(value)s"),
    "!=": N_("%(field)s is not %(value)s"),
    "<": N_("%(field)s is less than %(value)s"),
    "<=": N_("%(field)s is at most %(value)s"),
    ">": N_("%(field)s is more than %(value)s"),
    ">=": N_("%(field)s is at least %(value)s"),
    "in": N_("%(field)s is one of %(value)s"),
    "not in": N_("%(field)s is none of %(value)s"),
    "contains": N_("%(field)s contains %(value)s"),
    "not contains": N_("%(field)s does not contain %(value)s"),
    "startswith": N_("%(field)s starts with %(value)s"),
    "endswith": N_("%(field)s ends with %(value)s"),
    "has": N_("%(value)s is among %(field)s"),
    "not has": N_("%(value)s is not among %(field)s"),
    "is null": N_("%(field)s is empty"),
    "is not null": N_("%(field)s is not empty"),
}
_IN_TIME = {
    "<": N_("%(field)s is before %(value)s"),
    "<=": N_("%(field)s is %(value)s or earlier"),
    ">": N_("%(field)s is after %(value)s"),
    ">=": N_("%(field)s is %(value)s or later"),
}
_OPPOSITE = NEGATIONS | {negative: positive for positive, negative in NEGATIONS.items()}
_UNLIKE = {
    "startswith": N_("%(field)s does not start with %(value)s"),
    "endswith": N_("%(field)s does not end with %(value)s"),
}
_EVERYTHING, _NOTHING = N_("everything"), N_("nothing")
_BOTH, _EITHER, _LIST = N_("%(a)s and %(b)s"), N_("%(a)s or %(b)s"), N_("%(a)s, %(b)s")
_NONE_OF, _NOT_ALL_OF, _NOT = N_("none of: %(list)s"), N_("not all of: %(list)s"), N_("not: %(part)s")
_ITEMS, _GROUP = N_("%(a)s; %(b)s"), N_("(%(group)s)")

_ME, _MY_TEAMS = N_("me"), N_("my teams")
_DAYS = {-1: N_("yesterday"), 0: N_("today"), 1: N_("tomorrow")}
_PERIODS = {
    "w": {-1: N_("last week"), 0: N_("this week"), 1: N_("next week")},
    "m": {-1: N_("last month"), 0: N_("this month"), 1: N_("next month")},
    "q": {-1: N_("last quarter"), 0: N_("this quarter"), 1: N_("next quarter")},
    "y": {-1: N_("last year"), 0: N_("this year"), 1: N_("next year")},
}
_NOW = N_("now")
# One ago, many ago, one from now, many from now.
_COUNTED = {
    "min": (
        N_("1 minute ago"),
        N_("%(count)s minutes ago"),
        N_("1 minute from now"),
        N_("%(count)s minutes from now"),
    ),
    "h": (N_("1 hour ago"), N_("%(count)s hours ago"), N_("1 hour from now"), N_("%(count)s hours from now")),
    "d": (N_("1 day ago"), N_("%(count)s days ago"), N_("1 day from now"), N_("%(count)s days from now")),
    "w": (N_("1 week ago"), N_("%(count)s weeks ago"), N_("1 week from now"), N_("%(count)s weeks from now")),
    "m": (
        N_("1 month ago"),
        N_("%(count)s months ago"),
        N_("1 month from now"),
        N_("%(count)s months from now"),
    ),
    "q": (
        N_("1 quarter ago"),
        N_("%(count)s quarters ago"),
        N_("1 quarter from now"),
        N_("%(count)s quarters from now"),
    ),
    "y": (N_("1 year ago"), N_("%(count)s years ago"), N_("1 year from now"), N_("%(count)s years from now")),
}

Label = Callable[[str], str]
Show = Callable[[str, Any], str]
Translate = Callable[[str], str]


def to_words(node: Node, label: Label, value: Show, translate: Translate) -> str:
    """Return the sentence that says what the filter lets through.

    Args:
        node: The filter.
        label: Gives the label of the field at a path.
        value: Gives the words for a plain value (text, number, yes/no) of the field at a path.
        translate: Gives the text of a message id in the reader's language.
    """
    return _Writer(label, value, translate).write(simplify(node))


def relative_words(value: Relative, translate: Translate) -> str:
    """Return a relative date in words: ``yesterday``, ``30 days ago``, ``this month``."""
    if value.kind == "period":
        return translate(_PERIODS[value.unit][value.amount])
    if value.kind == "now" and not value.amount:
        return translate(_NOW)
    if value.kind == "today" and value.unit == "d" and value.amount in _DAYS:
        return translate(_DAYS[value.amount])
    count = abs(value.amount)
    message = _COUNTED[value.unit][2 * (value.amount > 0) + (count > 1)]
    return translate(message) % {"count": count}


class _Writer:
    def __init__(self, label: Label, value: Show, translate: Translate) -> None:
        self.label, self.value, self.translate = label, value, translate

    def say(self, message: str, **parts: str) -> str:
        return self.translate(message) % parts

    def join(self, message: str, parts: Iterable[str]) -> str:
        return reduce(lambda a, b: self.say(message, a=a, b=b), parts)

    def write(self, node: Node, inner: bool = False) -> str:
        """Return the words of a node, in parentheses if it is ``inner`` and more than a condition."""
        if isinstance(node, Cond):
            return self.condition(node)
        if node in (EVERYTHING, NOTHING):
            return self.translate(_EVERYTHING if node == EVERYTHING else _NOTHING)
        if isinstance(node, Not):
            words, single = self.negation(node.part)
            inner = inner and not single
        else:
            template = _BOTH if isinstance(node, And) else _EITHER
            words = self.join(template, (self.write(part, inner=True) for part in node.parts))
        return self.say(_GROUP, group=words) if inner else words

    def negation(self, part: Node) -> tuple[str, bool]:
        """Return the words for all but ``part``, and whether they read as one condition."""
        if isinstance(part, Cond):
            if part.op in _OPPOSITE:
                return self.condition(Cond(part.path, _OPPOSITE[part.op], part.value)), True
            if part.op in _UNLIKE:
                return self.condition(part, _UNLIKE[part.op]), True
            return self.say(_NOT, part=self.condition(part)), False
        if isinstance(part, And | Or):
            words = self.join(_ITEMS, (self.write(p, inner=True) for p in part.parts))
            return self.say(_NONE_OF if isinstance(part, Or) else _NOT_ALL_OF, list=words), False
        return self.say(_NOT, part=self.write(part, inner=True)), False

    def condition(self, cond: Cond, template: str | None = None) -> str:
        field = self.label(cond.path)
        values = cond.value if isinstance(cond.value, tuple) else (cond.value,)
        if template is None:
            template = (_is_time(cond.value) and _IN_TIME.get(cond.op)) or _TEMPLATES[cond.op]
        if values == (None,):
            return self.say(template, field=field)
        shown = self.join(_LIST, (self.scalar(cond.path, value) for value in values))
        return self.say(template, field=field, value=shown)

    def scalar(self, path: str, value: Scalar) -> str:
        match value:
            case Relative():
                return relative_words(value, self.translate)
            case Me():
                return self.translate(_ME)
            case MyTeams():
                return self.translate(_MY_TEAMS)
        return self.value(path, value)


def _is_time(value: Value) -> bool:
    return isinstance(value, Relative) or (isinstance(value, str) and is_absolute(value))
