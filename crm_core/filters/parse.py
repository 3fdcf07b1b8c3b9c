"""From the text of a filter to its tree."""

from __future__ import annotations

from typing import Any

from crm_core.filters.mistakes import explain
from crm_core.filters.simplify import simplify
from crm_core.filters.tree import MAX_LENGTH, Node, check_limits, problem
from crm_core.i18n import N_


def parse(text: str) -> Node:
    """Return the tree of a filter written as text, in its simplified form.

    Raises:
        FilterError: the text is empty, too long, or not a filter; the message names the column and what was
            expected there.
    """
    if len(text) > MAX_LENGTH:
        raise problem(N_("The filter is longer than %(limit)s characters"), limit=MAX_LENGTH)
    if not text.strip():
        raise problem(N_("The filter is empty"))
    # Here, not above: a command that filters nothing starts without lark.
    from lark.exceptions import UnexpectedInput

    from crm_core.filters.grammar import parser

    try:
        tree: Any = parser().parse(text)
    except UnexpectedInput as error:
        raise explain(error, text) from None
    return simplify(check_limits(tree))
