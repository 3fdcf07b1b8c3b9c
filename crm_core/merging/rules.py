"""What modules say to a merge: each is asked by itself, and named when it refuses or fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crm_core.contributed_merges import Merge, MergeRule
from crm_core.db.engine import is_passing
from crm_core.errors import CrmError, PluginError, Problem

if TYPE_CHECKING:
    from crm_core.context import Ctx


def _of(ctx: Ctx, entity: str) -> Iterator[MergeRule]:
    return (rule for rule in ctx.registry.of(MergeRule) if rule.entity == entity)


def refusals(ctx: Ctx, merge: Merge) -> list[Problem]:
    """Return what modules have against a merge.

    Raises:
        PluginError: a module failed.
    """
    found: list[Problem] = []
    for rule in _of(ctx, merge.entity):
        if rule.check is not None:
            with _named(ctx, rule, "check"):
                said = list(rule.check(ctx, merge))
            found += [Problem(p.field, p.code, p.message, p.params, p.plugin or rule.plugin) for p in said]
    return found


def derived(ctx: Ctx, merge: Merge) -> frozenset[str]:
    """Return the keys of fields that follow from others in these records.

    Raises:
        PluginError: a module failed.
    """
    found: set[str] = set()
    for rule in _of(ctx, merge.entity):
        if rule.derived is not None:
            with _named(ctx, rule, "derived"):
                found.update(rule.derived(ctx, merge))
    return frozenset(found)


def before(ctx: Ctx, merge: Merge) -> None:
    """Let modules act before anything moves.

    Raises:
        CrmError: a module refuses or failed; it is named.
    """
    for rule in _of(ctx, merge.entity):
        if rule.before is not None:
            with _named(ctx, rule, "before"):
                rule.before(ctx, merge)


def adjust(ctx: Ctx, merge: Merge, values: dict[str, Any]) -> None:
    """Let modules change the values the survivor is to get.

    Raises:
        CrmError: a module refuses or failed; it is named.
    """
    for rule in _of(ctx, merge.entity):
        if rule.adjust is not None:
            with _named(ctx, rule, "adjust"):
                rule.adjust(ctx, merge, values)


def after(ctx: Ctx, merge: Merge) -> None:
    """Let modules act when everything is the survivor's.

    Raises:
        CrmError: a module refuses or failed; it is named.
    """
    for rule in _of(ctx, merge.entity):
        if rule.after is not None:
            with _named(ctx, rule, "after"):
                rule.after(ctx, merge)


class _named:  # noqa: N801 - used as a statement
    """Names the module whose part of a merge raises; what it didn't raise on purpose is an incident."""

    def __init__(self, ctx: Ctx, rule: MergeRule, where: str) -> None:
        self.ctx, self.rule, self.where = ctx, rule, where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception) or is_passing(error):
            return
        if isinstance(error, CrmError):
            error.plugin = error.plugin or self.rule.plugin
            return
        self.ctx.registry.hooks.incident(self.rule.plugin, f"merge rule {self.where}", error)
        raise PluginError(plugin=self.rule.plugin, hint=repr(error)) from error
