"""Who may do what: grants, record-level lists, plugins' narrowing, field masks, and the words that explain them."""

from crm_core.access.explain import Explanation, explain
from crm_core.access.guard import guard_for
from crm_core.access.masks import check_readable, editable, readable
from crm_core.access.modules import audience_of, open_to, require_module
from crm_core.access.scope import allowed, compiler, may, predicate, require, sets_apart
from crm_core.access.sets import set_for, visible_sets

__all__ = [
    "Explanation",
    "allowed",
    "audience_of",
    "check_readable",
    "compiler",
    "editable",
    "explain",
    "guard_for",
    "may",
    "open_to",
    "predicate",
    "readable",
    "require",
    "require_module",
    "set_for",
    "sets_apart",
    "visible_sets",
]
