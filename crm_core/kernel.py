"""What the kernel itself contributes to the registry, by the same means as plugins: settings, lists, jobs."""

from __future__ import annotations

from typing import Any

from crm_core.contributions import FieldDef, SettingDef
from crm_core.db import CrmSession
from crm_core.fieldtypes import Boolean, Currency
from crm_core.i18n import N_
from crm_core.registry import Registry

NAME = "core"
"""What the kernel is called where plugins have their name: ``core.default_currency``, ``core_user``."""


def contributions() -> tuple[Any, ...]:
    """Return the kernel's own contributions."""
    return _SETTINGS


def custom_fields(session: CrmSession) -> list[FieldDef]:
    """Return the fields administrators made."""
    from crm_core import customfields

    return customfields.definitions(session)


_SETTINGS = (
    SettingDef(
        key="default_currency",
        type=Currency(),
        label=N_("Default currency"),
        default="EUR",
        help=N_("Totals over several currencies are worked out in it"),
    ),
    SettingDef(
        key="users_extend_lists",
        type=Boolean(),
        label=N_("Everyone may add entries to reference lists"),
        default=True,
        help=N_("With the plus beside a list in a form; otherwise administrators only"),
    ),
)


def seed(session: CrmSession, registry: Registry) -> None:
    """Fill what was never filled: the roles everyone starts with, and the reference lists of a registry."""
    from crm_core.accounts import roles

    roles.seed(session)
