"""The one door to records: every page, route, command, job and plugin reads and writes through it."""

from crm_core.records.actions import BulkResult, BulkResults, act, available_actions, bulk
from crm_core.records.grouping import Group, groups
from crm_core.records.listing import ListQuery, count, facts, list_
from crm_core.records.loading import bulk_create
from crm_core.records.ordering import parse_sort
from crm_core.records.reading import get, read, title_of, values_of
from crm_core.records.rows import Page, Row
from crm_core.records.sharing import share, shares
from crm_core.records.streaming import exportable, most_lines, stream
from crm_core.records.writing import create, delete, update, warnings

__all__ = [
    "BulkResult",
    "BulkResults",
    "Group",
    "ListQuery",
    "Page",
    "Row",
    "act",
    "available_actions",
    "bulk",
    "bulk_create",
    "count",
    "create",
    "delete",
    "exportable",
    "facts",
    "get",
    "groups",
    "list_",
    "most_lines",
    "parse_sort",
    "read",
    "share",
    "shares",
    "stream",
    "title_of",
    "update",
    "values_of",
    "warnings",
]
