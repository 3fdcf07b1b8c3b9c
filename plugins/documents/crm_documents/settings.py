"""Settings of documents."""

from __future__ import annotations

from crm_core.api import N_, Integer, SettingDef, Text

KEEP_DAYS, MAX_MB = "documents.keep_days", "documents.max_mb"
QUOTA_MB, USER_QUOTA_MB = "documents.quota_mb", "documents.user_quota_mb"
ENDINGS, REFUSED = "documents.endings", "documents.refused_endings"
MB = 1024 * 1024
_MOST = 100_000_000

SETTINGS = (
    SettingDef(
        key="keep_days", type=Integer(0, 3650), label=N_("Days in the trash"), default=30,
        help=N_("Then documents that were deleted are gone for good"),
    ),
    SettingDef(
        key="max_mb", type=Integer(1, 100_000), label=N_("Largest file, in MB"), default=100,
        help=N_("The deployment has a limit of its own; the smaller one counts"),
    ),
    SettingDef(
        key="quota_mb", type=Integer(0, _MOST), label=N_("Room for all files, in MB"), default=0,
        help=N_("0: no limit. Every version counts in full"),
    ),
    SettingDef(
        key="user_quota_mb", type=Integer(0, _MOST), label=N_("Room for the files of one person, in MB"), default=0,
        help=N_("0: no limit. What a person uploaded counts, wherever it is"),
    ),
    SettingDef(
        key="endings", type=Text(1000), label=N_("Files that are accepted"), default="",
        help=N_("Endings of file names, such as: pdf docx png. Nothing: every file"),
    ),
    SettingDef(
        key="refused_endings", type=Text(1000), label=N_("Files that are refused"),
        default="exe dll com scr pif msi bat cmd ps1 vbs lnk", help=N_("Endings of file names"),
    ),
)  # fmt: skip
