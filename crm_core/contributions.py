"""The frozen descriptions a plugin may contribute. Data only: what happens with them is the kernel's affair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from crm_core.i18n import N_, translate_mapping

if TYPE_CHECKING:
    from pathlib import Path

    import flask
    from click import Command

    from crm_core.context import Ctx
    from crm_core.contributed_faces import Tone
    from crm_core.fieldtypes import FieldType
    from crm_core.filters import Node
    from crm_core.import_protocol import ImportOptions, ImportRow, ImportSource, RowResult

Label = str | Mapping[str, str]
Storage = Literal["column", "custom", "links", "lines", "computed"]
Level = Literal["none", "own", "team", "all"]


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """Base of contributions; ``plugin`` is filled in by the registry.

    ``option`` is the key of a boolean setting of the same plugin: only while it is on does the contribution count.
    """

    plugin: str = ""
    option: str = ""


@dataclass(frozen=True, kw_only=True)
class FieldDef(Contribution):
    """One field of one entity, whoever made it: the kernel, a plugin, another plugin or an administrator.

    ``entity="*"`` puts it on every main entity of other plugins (so do actions, tabs and panels): those that people
    (not only administrators) create and that follow no other record.
    ``key`` names it in forms, REST, filters and exports (``city``, ``fleet.plate``, ``cf.score``);
    ``attr`` is the model's attribute or the key in the JSON column. ``grants`` gives users named in the
    field access to the record (``"write"`` for managers). ``filter_as`` sends filters to another path.
    """

    entity: str
    key: str
    type: FieldType
    label: Label
    attr: str = ""
    storage: Storage = "custom"
    help: Label = ""
    required: bool = False
    required_if: Node | None = None
    unique: bool = False
    default: Any = None
    search: bool = False
    filterable: bool = True
    sortable: bool = False
    indexed: bool = False
    readonly: bool = False
    section: str = "general"
    order: int = 100
    visible_if: Node | None = None
    grants: Literal["read", "write"] | None = None
    filter_as: str = ""
    read_roles: tuple[str, ...] = ()
    edit_roles: tuple[str, ...] = ()
    tracked: bool = True
    hidden: bool = False
    sequence: str = ""
    """Number sequence that fills the field of a new record when nothing was given (CT-39)."""
    key_attr: str = ""  # the folded companion column that text is sorted and compared by
    tone: Tone | None = None
    offered: Callable[[Ctx], bool] | None = None
    """Whether pages show the field at all in an operation; programs always see it."""
    flat: bool = False
    """Set by the registry where the namespace is the name of a field already: JSON then has the whole key."""

    @property
    def nested(self) -> tuple[str, str]:
        """Return (namespace, name): ``("cf", "score")``, or ``("", "city")`` for the entity's own."""
        namespace, dot, name = self.key.partition(".")
        return (namespace, name) if dot and not self.flat else ("", self.key)

    def title(self) -> str:
        """Return the label in the current language."""
        return translate_mapping(self.label)

    def hint(self) -> str:
        """Return the help text in the current language."""
        return translate_mapping(self.help) if self.help else ""

    def on_pages(self, ctx: Ctx) -> bool:
        """Tell whether pages show the field in this operation."""
        return not self.hidden and (self.offered is None or self.offered(ctx))

    def default_value(self, ctx: Ctx | None = None) -> Any:
        """Return the value a new record starts with."""
        return self.default(ctx) if callable(self.default) else self.default


@dataclass(frozen=True, kw_only=True)
class EntityDef(Contribution):
    """One kind of record. ``title`` is the field a record is named by; ``short`` maps short filter names to paths."""

    key: str
    model: type[Any]
    label: str
    plural: str
    slug: str
    title: str
    icon: str = "puzzle"
    icon_by: str = ""
    """Field whose value picks a record's own icon among ``icons``, where records of several kinds stand together."""
    icons: Mapping[str, str] = field(default_factory=dict)
    short: Mapping[str, str] = field(default_factory=dict)
    visibility: str = "read"
    """Visibility of a new record, unless the setting ``<plugin>.<setting>`` named here says otherwise."""
    visibility_setting: str = ""
    search_hint: str = ""
    comments: bool = True
    tags: bool = True
    creatable: bool = True
    admin_actions: tuple[str, ...] = ()
    """What only administrators do with it, whatever roles grant: ``read create update delete export``."""
    for_rules: bool = False
    """Whether rules may read it whatever the person may see (``records.facts``): it holds nothing private."""
    follows: tuple[str, ...] = ()
    """Links whose records decide too: all must be readable to see this one, one of them writable to change it."""
    within: tuple[str, ...] = ()
    """Links that may be empty; where one is set, its record must be readable too, except for people named here."""
    discard: Callable[[Ctx, Any], bool] | None = None
    """Asked before a person deletes a record: true where it was put away instead."""

    @property
    def namespace(self) -> str:
        """Return the plugin part of the key."""
        return self.key.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class ActionDef(Contribution):
    """A verb on records: a button, a bulk action, ``POST …/actions/<name>`` and ``records.act``.

    ``handler(ctx, record, data)`` runs in the transaction and returns JSON-able data. ``form`` are the
    fields it asks for. ``needs`` is the permission on the record ("update", "read", "delete").
    """

    entity: str
    name: str
    label: str
    handler: Callable[[Ctx, Any, Mapping[str, Any]], Any]
    form: tuple[FieldDef, ...] = ()
    needs: str = "update"
    icon: str = "lightning"
    bulk: bool = True
    primary: bool = False
    confirm: str = ""
    available: Callable[[Ctx, Any], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class SavedFilter:
    """A filter shipped with a view, in the text of the filter language."""

    key: str
    label: str
    filter: str
    sort: str = ""


@dataclass(frozen=True)
class Board:
    """The board of a view, at ``/<slug>/board``: a column for each value of the choice field ``by``.

    ``sum`` is a number or amount that is added up in the head of each column; ``card`` are the fields of a card.
    """

    by: str
    sum: str = ""
    card: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ViewDef(Contribution):
    """How an entity is shown: list columns, quick filters, saved filters, board, form sections, card, facts."""

    entity: str
    columns: tuple[str, ...]
    sort: str = ""
    quick: tuple[str, ...] = ()
    saved: tuple[SavedFilter, ...] = ()
    sections: tuple[tuple[str, str], ...] = (("general", N_("General")),)
    card: tuple[str, ...] = ()
    status: str = ""
    """Key of the choice field shown as a banner and changed with one click."""
    group_by: str = ""
    board: Board | None = None


@dataclass(frozen=True, kw_only=True)
class MenuItem(Contribution):
    """An entry of the main menu; shown when the actor may ``read`` the entity (or always without one)."""

    label: str
    url: str
    icon: str = "puzzle"
    weight: int = 100
    entity: str = ""
    section: str = "main"
    admin: bool = False


@dataclass(frozen=True, kw_only=True)
class Tab(Contribution):
    """A tab of a record page. ``render(ctx, record)`` returns safe HTML; ``visible`` may hide it."""

    entity: str
    key: str
    label: str
    render: Callable[[Ctx, Any], str]
    weight: int = 100
    visible: Callable[[Ctx, Any], bool] | None = None
    count: Callable[[Ctx, Any], int] | None = None


@dataclass(frozen=True, kw_only=True)
class Panel(Contribution):
    """A box beside a record or on the home page (``entity=""``)."""

    key: str
    label: str
    render: Callable[[Ctx, Any], str]
    entity: str = ""
    weight: int = 100


@dataclass(frozen=True, kw_only=True)
class GrantDef:
    """What a role may do with an entity: ``read create update delete export``, at a level, narrowed by a filter."""

    entity: str
    actions: tuple[str, ...]
    level: Level = "all"
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class RoleDef(Contribution):
    """Grants a plugin suggests for a role; they apply while an administrator has set none for the entity."""

    role: str
    grants: tuple[GrantDef, ...]


@dataclass(frozen=True, kw_only=True)
class BlueprintDef(Contribution):
    """A blueprint with pages that are truly the plugin's own, under ``/<plugin>`` or ``/<at>``: a slug of it."""

    blueprint: Callable[[], flask.Blueprint]
    at: str = ""


@dataclass(frozen=True, kw_only=True)
class JobDef(Contribution):
    """Background work ``handler(run)``; ``run`` carries arguments, progress and cancel.

    A handler may be started again and must go on from what it committed. ``cron`` (five fields, UTC) repeats it.
    """

    name: str
    label: str
    handler: Callable[[Any], Any]
    cron: str = ""


@dataclass(frozen=True, kw_only=True)
class SettingDef(Contribution):
    """One typed setting of a plugin, ``<plugin>.<key>``, changed by administrators."""

    key: str
    type: FieldType
    label: str
    default: Any
    help: str = ""
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One seeded entry of a reference list; ``values`` are what the list declares beside the label."""

    code: str
    label: str
    colour: str = ""
    icon: str = ""
    role: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ListDef(Contribution):
    """A reference list (``contacts.type``). ``fixed`` lists keep their entries; labels stay free.

    ``roles`` are marks one entry each may carry (default, converted, lost); ``extra`` are typed values an entry has.
    ``user_extensible`` lets users add an entry from a form with "+" (KN-22); else administrators alone do (CT-04).
    """

    key: str
    label: str
    entries: tuple[Entry, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    extra: tuple[FieldDef, ...] = ()
    fixed: bool = False
    user_extensible: bool = False
    section: str = ""


@dataclass(frozen=True, kw_only=True)
class SequenceDef(Contribution):
    """A number sequence with a mask: ``C{0:5}``, ``INV{0:7}``, ``{yy}{mm}-{0:4}`` (restarts with its period)."""

    key: str
    label: str
    mask: str


@dataclass(frozen=True, kw_only=True)
class FieldTypeDef(Contribution):
    """A field type of a plugin's own."""

    type: type[FieldType]


@dataclass(frozen=True, kw_only=True)
class TimelineEvent:
    """One thing that happened to a record: when, who, what; ``html`` is safe, ``upcoming`` splits the tab (CT-69)."""

    at: Any
    actor: str
    kind: str
    title: str
    body: str = ""
    icon: str = "clock"
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class TimelineSource(Contribution):
    """Adds events to the timeline of records; newest first, at most ``limit`` before ``before``."""

    entity: str
    key: str
    label: str
    fetch: Callable[[Ctx, Any, Any, int], Iterable[TimelineEvent]]


@dataclass(frozen=True, kw_only=True)
class Importer(Contribution):
    """Reads files into an entity: ``crm import <slug> FILE``, ``POST /api/v1/<slug>/import`` and a page.

    ``open(path, options)`` reads; it raises ``ValueError`` for a file or columns that can't be used.
    ``write(ctx, rows)`` writes records without fatal problems in the caller's transaction and returns one result a
    row; the kernel does transactions, checkpoints, the dry run, problems and the report (``import_protocol``).
    ``formats`` are the file endings accepted. ``fields(ctx)`` are the places a column may go, with their labels; the
    fields of the entity unless given. ``matches(ctx, entity)`` are the fields a record may be known by (``match``,
    ``mode`` and ``clear`` of the options). ``guess(ctx, entity, header, rows)`` says where each column goes; ``open``
    then finds all in ``overrides``. ``making`` says in words what becomes of names of linked records and of entries of
    lists that are not known here, for each value of ``make``: nothing, ``1``, ``0``. ``entity="*"`` reads into every
    kind of record without an importer of its own.
    """

    entity: str
    slug: str
    label: str
    open: Callable[[Path, ImportOptions], ImportSource]
    write: Callable[[Ctx, Sequence[ImportRow]], Sequence[RowResult]]
    formats: tuple[str, ...] = ("csv",)
    fields: Callable[[Ctx], Sequence[tuple[str, str]]] | None = None
    matches: Callable[[Ctx, str], Sequence[tuple[str, str]]] | None = None
    guess: Callable[[Ctx, str, Sequence[str], Sequence[Sequence[str]]], Mapping[str, str]] | None = None
    making: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class CliGroup(Contribution):
    """A command or group of the ``crm`` program."""

    command: Callable[[], Command]


def by_weight(items: Iterable[Any]) -> Sequence[Any]:
    """Return items with a ``weight`` in order, ties by plugin and label."""
    return sorted(items, key=lambda i: (i.weight, i.plugin, str(i.label)))
