"""The kernel's own tables; their names start with ``core_``."""

from crm_core.models.access import AccessMember, AccessSet, FieldAccess, Share
from crm_core.models.accounts import (
    ApiToken,
    Grant,
    LoginAttempt,
    PasswordReset,
    Role,
    Team,
    TeamMember,
    User,
    UserRole,
    WebSession,
)
from crm_core.models.content import Batch, Change, Comment, StoredFile
from crm_core.models.merging import DuplicateMember, DuplicateScan, Merged, NotDuplicate
from crm_core.models.setup import (
    CurrencyRate,
    CustomField,
    ListEntry,
    PluginRow,
    SavedView,
    Sequence,
    SettingRow,
    Stamp,
    Tag,
)
from crm_core.models.work import IdempotencyKey, Import, ImportProblem, Incident, Job, Worker

__all__ = [
    "AccessMember", "AccessSet", "ApiToken", "Batch", "Change", "Comment", "CurrencyRate", "CustomField",
    "DuplicateMember", "DuplicateScan", "FieldAccess", "Grant", "IdempotencyKey", "Import", "ImportProblem",
    "Incident", "Job", "ListEntry", "LoginAttempt", "Merged", "NotDuplicate", "PasswordReset", "PluginRow", "Role",
    "SavedView", "Sequence", "SettingRow", "Share", "Stamp", "StoredFile", "Tag", "Team", "TeamMember", "User",
    "UserRole", "WebSession", "Worker",
]  # fmt: skip
