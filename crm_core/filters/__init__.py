"""The one filter language: text, tree, URL, JSON and words.

Lists, saved views, permission scopes and automations all use it.
"""

from crm_core.filters.evaluate import holds
from crm_core.filters.parse import parse
from crm_core.filters.query import from_query, to_query
from crm_core.filters.relative import Span, resolve
from crm_core.filters.simplify import and_, not_, or_, simplify
from crm_core.filters.stored import from_json, to_json
from crm_core.filters.text import read_special, to_text
from crm_core.filters.tree import (
    EVERYTHING,
    NOTHING,
    OPERATORS,
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
    check_limits,
    conditions,
    paths,
    without,
)
from crm_core.filters.words import to_words

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "OPERATORS",
    "And",
    "Cond",
    "Me",
    "MyTeams",
    "Node",
    "Not",
    "Or",
    "Relative",
    "Scalar",
    "Span",
    "Value",
    "and_",
    "check_limits",
    "conditions",
    "from_json",
    "from_query",
    "holds",
    "not_",
    "or_",
    "parse",
    "paths",
    "read_special",
    "resolve",
    "simplify",
    "to_json",
    "to_query",
    "to_text",
    "to_words",
    "without",
]
