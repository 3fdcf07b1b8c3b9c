"""Engine, sessions, transactions, portable column types and SQL expressions that read alike on both databases."""

from crm_core.db.base import Base, Identifier, JsonDocument, SortText, UtcDateTime, utcnow
from crm_core.db.engine import Database
from crm_core.db.session import KERNEL, CrmSession

__all__ = [
    "KERNEL",
    "Base",
    "CrmSession",
    "Database",
    "Identifier",
    "JsonDocument",
    "SortText",
    "UtcDateTime",
    "utcnow",
]
