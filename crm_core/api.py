"""The facade: all that a plugin may import from the core. What is not here is private and may change without notice.

Models and fields, contributions, hooks and errors are names of their own; services are modules
(``records.create``, ``history.entries``, ``sequences.next_value``, ``jobs.enqueue``).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from crm_core import (
    access,
    archive,
    comments,
    erasing,
    events,
    files,
    history,
    jobs,
    lists,
    mail,
    money,
    notices,
    outgoing,
    records,
    revision_tools,
    sequences,
    tables,
    tags,
    timeline,
)
from crm_core.accounts import personal
from crm_core.change import Change
from crm_core.context import Actor, Ctx, Locale
from crm_core.contributed_connections import Connection
from crm_core.contributed_erasing import KeepRule, PersonalData
from crm_core.contributed_events import RecordedEvent
from crm_core.contributed_faces import DemoData, ExportFormat, FileConverter, ImportInto, Tone
from crm_core.contributed_merges import DuplicateRule, Merge, MergeRule
from crm_core.contributed_services import FileScanner, NoticeKind, NoticeSink, PreferenceDef, Previewer, RestRoutes
from crm_core.contributions import (
    ActionDef,
    BlueprintDef,
    Board,
    CliGroup,
    Contribution,
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
from crm_core.db import Base, Identifier, SortText, UtcDateTime
from crm_core.directory import ListEntryView, TagEntry, TeamEntry, UserEntry
from crm_core.entities import Line, Record, computed, entity, field, lines, many
from crm_core.errors import (
    BadRequest,
    Conflict,
    CrmError,
    FilterError,
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
from crm_core.export_protocol import ExportSheet
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
from crm_core.notices import Notice
from crm_core.records import BulkResult, ListQuery, Page, Row
from crm_core.registry import Registry
from crm_core.rest import routing as rest
from crm_core.search import Hit
from crm_core.text import digits, fold, shielded, sort_key, unshielded

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage


def cli_operation(email: str | None = None, *, write: bool = True) -> AbstractContextManager[Ctx]:
    """Return the operation that a plugin's own command runs in, one transaction.

    It acts as the user with this address, as the system without one.
    """
    import click

    from crm_core.cli import base

    return base.operation(click.get_current_context(), email, write=write)


def upload_of(name: str) -> FileStorage:
    """Return the file that the form of the present request holds under a name.

    Raises:
        TooLarge: the request is larger than the deployment accepts.
        Invalid: the form holds no file of that name.
    """
    from crm_core.rest import uploads

    return uploads.upload_of(name)


def record_answer(ctx: Ctx, entity: str, record_id: int, status: int = 200) -> rest.Answer:
    """Return the answer of a REST route that shows a record as every other route does."""
    from crm_core.rest import records as shown

    return shown.record_answer(ctx, ctx.registry.entity(entity), record_id, status)


def operation() -> Ctx:
    """Return the operation of the running request of the web application, for a plugin's own pages.

    It acts as the person who is signed in, reads only for GET, and is committed before the answer goes out.
    """
    from crm_core.web.request import current

    return current()


def listed(ctx: Ctx, entity: str, args: Any) -> ListQuery:
    """Return what a list page shows whose address has these parameters (``flask.request.args``): view, filter, order.

    ``fields`` are its columns.

    Raises:
        FilterError: the filter, or that of the view, can't be read.
    """
    from crm_core.web import listing, views

    definition = ctx.registry.entity(entity)
    state = listing.read_state(ctx, definition, args, views.views_of(ctx, definition))
    if state.error is not None:
        raise state.error
    if state.view.problem and "filter" not in args:
        message = N_("The filter of this view can't be read: %(reason)s")
        raise FilterError(message, params={"reason": state.view.problem})
    return state.query(state.columns)


def render(template: str, **values: Any) -> str:
    """Return a template of the plugin (``contacts/people.html``) filled in, for tabs, panels and fragments.

    It must run inside a request of the web application; the globals of its templates are there.
    """
    import flask

    return flask.render_template(template, **values)


__all__ = [
    "ActionDef",
    "Actor",
    "Address",
    "And",
    "BadRequest",
    "Base",
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
    "Connection",
    "Contribution",
    "Country",
    "CrmError",
    "Ctx",
    "Currency",
    "Date",
    "DateTime",
    "Decimal",
    "DemoData",
    "DuplicateRule",
    "Duration",
    "EVERYTHING",
    "Email",
    "EntityDef",
    "Entry",
    "ExportFormat",
    "ExportSheet",
    "FieldDef",
    "FieldType",
    "FieldTypeDef",
    "File",
    "FileConverter",
    "FileScanner",
    "Forbidden",
    "Fragment",
    "GrantDef",
    "Hit",
    "Image",
    "ImportInto",
    "Identifier",
    "ImportOptions",
    "ImportRow",
    "ImportSource",
    "Importer",
    "Integer",
    "Invalid",
    "JobDef",
    "JobRun",
    "KeepRule",
    "LANGUAGES",
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
    "Merge",
    "MergeRule",
    "Money",
    "MultiChoice",
    "MyTeams",
    "NOTHING",
    "N_",
    "Node",
    "Not",
    "NotFound",
    "Notice",
    "NoticeKind",
    "NoticeSink",
    "Or",
    "Page",
    "Panel",
    "Percent",
    "PersonalData",
    "Phone",
    "Pickers",
    "PreferenceDef",
    "Previewer",
    "Problem",
    "Rating",
    "Record",
    "RecordedEvent",
    "Registry",
    "Related",
    "Relative",
    "RestRoutes",
    "RichText",
    "RoleDef",
    "Row",
    "RowProblemLike",
    "RowResult",
    "SavedFilter",
    "SequenceDef",
    "SettingDef",
    "SortText",
    "Stale",
    "Tab",
    "TagEntry",
    "Tags",
    "Team",
    "TeamEntry",
    "Text",
    "TimelineEvent",
    "TimelineSource",
    "Tone",
    "TooLarge",
    "Unavailable",
    "Url",
    "User",
    "UserEntry",
    "Users",
    "UtcDateTime",
    "ValueProblem",
    "ViewDef",
    "WrongType",
    "access",
    "admin",
    "and_",
    "archive",
    "cli_operation",
    "comments",
    "computed",
    "current_language",
    "digits",
    "entity",
    "erasing",
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
    "listed",
    "lists",
    "mail",
    "many",
    "money",
    "notices",
    "not_",
    "operation",
    "or_",
    "outgoing",
    "parse_filter",
    "personal",
    "public",
    "record_answer",
    "records",
    "render",
    "rest",
    "revision_tools",
    "sequences",
    "shielded",
    "signed_in",
    "sort_key",
    "tables",
    "tags",
    "timeline",
    "unshielded",
    "upload_of",
    "use_language",
]
