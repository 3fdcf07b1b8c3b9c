"""Duplicates: found among all records by chosen fields, shown as groups, merged one by one or many at a time."""

from crm_core.duplicates.criteria import WAYS, Alternative, Part, comparable, parse, rule_of, usual
from crm_core.duplicates.groups import Found, Group, forget_apart, keep_apart, page
from crm_core.duplicates.joining import may_join
from crm_core.duplicates.joining import start as start_merging
from crm_core.duplicates.joining import work as merge_groups
from crm_core.duplicates.likeness import warnings
from crm_core.duplicates.scanning import JOB, draft, find, recent, start, work

__all__ = [
    "JOB",
    "WAYS",
    "Alternative",
    "Found",
    "Group",
    "Part",
    "comparable",
    "draft",
    "find",
    "forget_apart",
    "keep_apart",
    "may_join",
    "merge_groups",
    "page",
    "parse",
    "recent",
    "rule_of",
    "start",
    "start_merging",
    "usual",
    "warnings",
    "work",
]
