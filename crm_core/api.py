"""The facade: all that a plugin may import from the core. What is not here is private and may change without notice.

Models and fields, contributions, hooks and errors are names of their own; services are modules
(``records.create``, ``history.entries``, ``sequences.next_value``, ``jobs.enqueue``).
"""

from __future__ import annotations

from typing import Any

from crm_core import (
    access,
    comments,
    events,
    files,
    history,
    jobs,
    lists,
    mail,
    money,
    records,
    revision_tools,
    sequences,
    tags,
    timeline,
)
from crm_core.change import Change
from crm_core.context import Actor, Ctx, Locale
from crm_core.contributed_events import RecordedEvent
from crm_core.contributions import (
    ActionDef,
    BlueprintDef,
    Board,
    CliGroup,
    Contribution,
    DemoData,
    EntityDef,
    Entry,
    FieldDef,
    FieldTypeDef,
    GrantDef,
    Importer,
    JobDef,
    ListDef,
    MenuItem,
    Panel,
    RoleDef,
    SavedFilter,
    SequenceDef,
    SettingDef,
    Tab,
    TimelineEvent,
    TimelineSource,
    ViewDef,
)
from crm_core.directory import ListEntryView, TagEntry, TeamEntry, UserEntry
from crm_core.entities import Line, Record, computed, entity, field, lines, many
from crm_core.errors import (
    BadRequest,
    Conflict,
    CrmError,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Stale,
    TooLarge,
    Unavailable,
    ValueProblem,
    WrongType,
)
from crm_core.fieldtypes import (
    Address,
    Boolean,
    Choice,
    ChosenText,
    Computed,
    Country,
    Currency,
    Date,
    DateTime,
    Decimal,
    Duration,
    Email,
    FieldType,
    File,
    Image,
    Integer,
    Language,
    Lines,
    Link,
    Links,
    LongText,
    Money,
    MultiChoice,
    Percent,
    Phone,
    Pickers,
    Rating,
    Related,
    RichText,
    Tags,
    Team,
    Text,
    Url,
    User,
    Users,
)
from crm_core.filters import EVERYTHING, NOTHING, And, Cond, Me, MyTeams, Node, Not, Or, Relative, and_, not_, or_
from crm_core.filters import parse as parse_filter
from crm_core.filters import to_text as filter_text
from crm_core.hooks import Fragment
from crm_core.hookspecs import hookimpl
from crm_core.i18n import LANGUAGES, N_, current_language, gettext, use_language
from crm_core.import_protocol import ImportOptions, ImportRow, ImportSource, RowProblemLike, RowResult
from crm_core.jobs import JobRun
from crm_core.marks import admin, public, signed_in
from crm_core.records import BulkResult, ListQuery, Page, Row
from crm_core.registry import Registry
from crm_core.search import Hit
from crm_core.text import digits, fold, sort_key


def operation() -> Ctx:
    """Return the operation of the running request of the web application, for a plugin's own pages.

    It acts as the person who is signed in, reads only for GET, and is committed before the answer goes out.
    """
    from crm_core.web.request import current

    return current()


def render(template: str, **values: Any) -> str:
    """Return a template of the plugin (``contacts/people.html``) filled in, for tabs, panels and fragments.

    It must run inside a request of the web application; the globals of its templates are there.
    """
    import flask

    return flask.render_template(template, **values)


__all__ = [
    "EVERYTHING",
    "LANGUAGES",
    "NOTHING",
    "N_",
    "ActionDef",
    "Actor",
    "Address",
    "And",
    "BadRequest",
    "BlueprintDef",
    "Board",
    "Boolean",
    "BulkResult",
    "Change",
    "Choice",
    "ChosenText",
    "CliGroup",
    "Computed",
    "Cond",
    "Conflict",
    "Contribution",
    "Country",
    "CrmError",
    "Ctx",
    "Currency",
    "Date",
    "DateTime",
    "Decimal",
    "DemoData",
    "Duration",
    "Email",
    "EntityDef",
    "Entry",
    "FieldDef",
    "FieldType",
    "FieldTypeDef",
    "File",
    "Forbidden",
    "Fragment",
    "GrantDef",
    "Hit",
    "Image",
    "ImportOptions",
    "ImportRow",
    "ImportSource",
    "Importer",
    "Integer",
    "Invalid",
    "JobDef",
    "JobRun",
    "Language",
    "Line",
    "Lines",
    "Link",
    "Links",
    "ListDef",
    "ListEntryView",
    "ListQuery",
    "Locale",
    "LongText",
    "Me",
    "MenuItem",
    "Money",
    "MultiChoice",
    "MyTeams",
    "Node",
    "Not",
    "NotFound",
    "Or",
    "Page",
    "Panel",
    "Percent",
    "Phone",
    "Pickers",
    "Problem",
    "Rating",
    "Record",
    "RecordedEvent",
    "Registry",
    "Related",
    "Relative",
    "RichText",
    "RoleDef",
    "Row",
    "RowProblemLike",
    "RowResult",
    "SavedFilter",
    "SequenceDef",
    "SettingDef",
    "Stale",
    "Tab",
    "TagEntry",
    "Tags",
    "Team",
    "TeamEntry",
    "Text",
    "TimelineEvent",
    "TimelineSource",
    "TooLarge",
    "Unavailable",
    "Url",
    "User",
    "UserEntry",
    "Users",
    "ValueProblem",
    "ViewDef",
    "WrongType",
    "access",
    "admin",
    "and_",
    "comments",
    "computed",
    "current_language",
    "digits",
    "entity",
    "events",
    "field",
    "files",
    "filter_text",
    "fold",
    "gettext",
    "history",
    "hookimpl",
    "jobs",
    "lines",
    "lists",
    "mail",
    "many",
    "money",
    "not_",
    "operation",
    "or_",
    "parse_filter",
    "public",
    "records",
    "render",
    "revision_tools",
    "sequences",
    "signed_in",
    "sort_key",
    "tags",
    "timeline",
    "use_language",
]
