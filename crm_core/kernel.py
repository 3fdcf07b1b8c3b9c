"""What the kernel itself contributes to the registry, by the same means as plugins: settings, lists, jobs.

What these need from higher layers is imported when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_core import notices
from crm_core.contributed_events import RecordedEvent
from crm_core.contributed_faces import DemoData
from crm_core.contributions import FieldDef, JobDef, SettingDef, Tab
from crm_core.core_lists import LISTS
from crm_core.customfields import FIELD_INDEXES, FIELD_PURGE
from crm_core.db import CrmSession, Database
from crm_core.fieldtypes import Boolean, Currency, Integer
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.registry import Registry


def contributions() -> tuple[Any, ...]:
    """Return the kernel's own contributions."""
    return (*_SETTINGS, *LISTS, *_JOBS, *_EVENTS, _CONNECTIONS, notices.SHARED, DemoData(load=_demo, order=0))


def custom_fields(session: CrmSession) -> list[FieldDef]:
    """Return the fields administrators made."""
    from crm_core import customfields

    return customfields.definitions(session)


def seed(session: CrmSession, registry: Registry) -> None:
    """Fill what was never filled: the roles everyone starts with, and the reference lists of a registry."""
    from crm_core import lists
    from crm_core.accounts import roles

    roles.seed(session)
    lists.seed(session, registry)


def build_indexes(database: Database, registry: Registry, step: Any = None) -> list[str]:
    """Build the indexes of custom and contributed fields that are wanted and not there; returns their names."""
    from crm_core import custom_indexes

    fields = [f for key in registry.entities for f in registry.fields(key).values()]
    models = {k: e.model for k, e in registry.entities.items()}
    return custom_indexes.ensure_indexes(database, fields, models, step)


def _connected(ctx: Ctx, record: Any) -> str:
    from crm_core.web import connections

    return connections.tab(ctx, record)


def _connects(ctx: Ctx, record: Any) -> bool:
    from crm_core import connections

    definition = ctx.registry.entity_of(type(record))
    return definition is not None and bool(connections.ways_of(ctx, definition.key))


def _sweep(run: Any) -> Any:
    from crm_core import housekeeping

    return housekeeping.sweep(run)


def _field_indexes(run: Any) -> Any:
    def step(done: int, total: int, label: str) -> None:
        run.progress(done, total, label)
        run.check_cancelled()

    run.deployment.refresh(force=True)
    return {"built": build_indexes(run.deployment.database, run.deployment.registry, step)}


def _field_purge(run: Any) -> Any:
    from crm_core import field_admin

    return field_admin.purge_values(run)


def _import(run: Any) -> Any:
    from crm_core import import_preparing

    return import_preparing.work(run, int(run.args["import_id"]))


def _import_file(run: Any) -> Any:
    from crm_core import import_preparing

    import_preparing.prepare(run, int(run.args["import_id"]), remember=bool(run.args.get("remember")))


def _undo(run: Any) -> Any:
    from crm_core import undo

    return undo.work(run, int(run.args["batch_id"]))


def _list_merges(run: Any) -> Any:
    from crm_core import list_merging

    with run.operation() as ctx:
        return {"fields": list_merging.catch_up(ctx, str(run.args.get("list", "")))}


def _tags_gone(run: Any) -> Any:
    from crm_core import tag_merging

    with run.operation() as ctx:
        return {"fields": tag_merging.catch_up(ctx)}


def _merged_links(run: Any) -> Any:
    from crm_core import merging

    with run.operation() as ctx:
        return {"links": merging.catch_up(ctx, int(run.args["batch"]))}


def _merge_groups(run: Any) -> Any:
    from crm_core import duplicates

    return duplicates.merge_groups(run, int(run.args["scan"]), list(run.args["groups"]))


def _duplicates(run: Any) -> Any:
    from crm_core import duplicates

    return duplicates.work(run, int(run.args["scan"]))


def _demo(ctx: Ctx) -> str:
    from crm_core import demo

    return demo.colleagues(ctx)


_EVENTS = (
    RecordedEvent(entity="*", key="created", label=N_("Created"), action="create"),
    RecordedEvent(entity="*", key="imported", label=N_("Imported"), action="import"),
    RecordedEvent(entity="*", key="changed", label=N_("Changed"), action="update"),
)
"""What the timeline of every main kind of record tells by itself (KN-20)."""
_CONNECTIONS = Tab(
    entity="*", key="connections", label=N_("Connections"), render=_connected, visible=_connects, weight=75
)
_SETTINGS = (
    SettingDef(
        key="default_currency",
        type=Currency(),
        label=N_("Default currency"),
        default="EUR",
        help=N_("Totals over several currencies are worked out in it"),
    ),
    SettingDef(
        key="users_make_tags",
        type=Boolean(),
        label=N_("Everyone may make tags"),
        default=True,
        help=N_("By typing a new one on a record; otherwise administrators only"),
    ),
    SettingDef(
        key="users_extend_lists",
        type=Boolean(),
        label=N_("Everyone may add entries to reference lists"),
        default=True,
        help=N_("With the plus beside a list in a form; otherwise administrators only"),
    ),
    SettingDef(
        key="undo_days",
        type=Integer(1, 36_500),
        label=N_("Days a change can be undone"),
        default=None,
        help=N_("Empty: for ever, as the history is kept. Files and documents of deleted records are kept as long"),
    ),
)
_JOBS = (
    JobDef(name="core.sweep", label=N_("Nightly sweep"), handler=_sweep, cron="17 2 * * *"),
    JobDef(name="core.import", label=N_("Import"), handler=_import),
    JobDef(name="core.import_file", label=N_("Reading of a file for an import"), handler=_import_file),
    JobDef(name="core.undo", label=N_("Undoing"), handler=_undo),
    JobDef(name="core.list_merges", label=N_("Records of merged entries"), handler=_list_merges),
    JobDef(name="core.tags_gone", label=N_("Records of removed tags"), handler=_tags_gone),
    JobDef(name="core.merged_links", label=N_("Links to merged records"), handler=_merged_links),
    JobDef(name="core.merge_groups", label=N_("Merging duplicates"), handler=_merge_groups),
    JobDef(name="core.duplicates", label=N_("Search for duplicates"), handler=_duplicates),
    JobDef(name=FIELD_INDEXES, label=N_("Indexes of custom fields"), handler=_field_indexes),
    JobDef(name=FIELD_PURGE, label=N_("Removing a custom field"), handler=_field_purge),
)
