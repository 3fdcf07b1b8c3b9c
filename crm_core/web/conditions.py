"""``visible_if`` in forms: decided on the server, and handed to the browser where it can decide as well."""

from __future__ import annotations

import json

from crm_core.filters import Me, MyTeams, Node, Relative, conditions, holds, simplify, to_json

__all__ = ["for_browser", "holds"]


def for_browser(node: Node | None, known: frozenset[str]) -> str:
    """Return the condition as JSON for the form script, ``""`` when only the server can decide it.

    Args:
        node: The condition.
        known: Keys of the fields that are in the form.
    """
    if node is None:
        return ""
    for cond in conditions(node):
        items = cond.value if isinstance(cond.value, tuple) else (cond.value,)
        if cond.path not in known or any(isinstance(item, Relative | Me | MyTeams) for item in items):
            return ""
    return json.dumps(to_json(simplify(node)), separators=(",", ":"))
