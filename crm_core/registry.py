"""The registry: every contribution of the active plugins, checked for clashes, frozen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from crm_core.contributed_events import RecordedEvent
from crm_core.contributed_faces import ExportFormat
from crm_core.contributions import (
    ActionDef,
    Contribution,
    EntityDef,
    FieldDef,
    Importer,
    JobDef,
    ListDef,
    SequenceDef,
    SettingDef,
    ViewDef,
)
from crm_core.entities import Record, entity_def, model_fields
from crm_core.errors import CrmError, FilterError, ModuleOff, NotFound, unknown_name
from crm_core.hooks import Dispatcher
from crm_core.i18n import N_, gettext

T = TypeVar("T", bound=Contribution)
_EVENT_LENGTH = 40
EVERY = "*"
"""The ``entity`` of a contribution that is meant for every main entity of other plugins."""


class RegistryError(CrmError):
    """Two contributions clash, or one refers to something that isn't there; names the plugins."""

    code = "registry"


RESERVED_SLUGS = frozenset({
    "api", "batches", "currencies", "explain", "fields", "files", "forgot", "healthz", "history", "incidents", "jobs",
    "lists", "me", "openapi.json", "options", "plugins", "profile", "readyz", "reset", "roles", "search", "settings",
    "signin", "signout", "static", "tags", "teams", "theme", "users", "view-as", "views",
})  # fmt: skip
"""First parts of the kernel's own addresses, in pages and REST: no kind of record can have them."""


@dataclass(frozen=True)
class PluginInfo:
    """An active plugin as the registry keeps it."""

    name: str
    title: str
    version: str
    module: Any
    requires: tuple[str, ...] = ()
    folder: str = ""


@dataclass(frozen=True)
class OffEntity:
    """A kind of record whose plugin doesn't run: where its rows lie, so that references to them keep their names."""

    key: str
    table: str
    title: str
    plugin: str
    """The title of its module."""
    plural: str = ""


@dataclass(frozen=True)
class Registry:
    """What the running application is made of. Nothing in it changes; a change makes a new one."""

    generation: int
    plugins: Mapping[str, PluginInfo]
    entities: Mapping[str, EntityDef]
    slugs: Mapping[str, str]
    views: Mapping[str, ViewDef]
    lists: Mapping[str, ListDef]
    settings: Mapping[str, SettingDef]
    sequences: Mapping[str, SequenceDef]
    jobs: Mapping[str, JobDef]
    hooks: Dispatcher
    dormant: tuple[Contribution, ...] = ()
    """Contributions that wait: for an entity of a plugin that is off, or for an option to be turned on."""
    options: frozenset[str] = frozenset()
    """Full keys of the settings that contributions depend on; a change of one makes a new registry."""
    off: Mapping[str, OffEntity] = field(default_factory=dict)
    """Entities of plugins that don't run, by key."""
    off_fields: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Fields, by entity and key, that plugins which don't run have on others' records: the titles of the plugins."""
    _fields: Mapping[str, Mapping[str, FieldDef]] = field(default_factory=dict)
    _actions: Mapping[str, tuple[ActionDef, ...]] = field(default_factory=dict)
    _all: tuple[Contribution, ...] = ()
    _models: Mapping[type[Any], str] = field(default_factory=dict)

    def entity(self, key_or_slug: str) -> EntityDef:
        """Return an entity by key or slug.

        Raises:
            NotFound: no active plugin has it.
        """
        found = self.entities.get(self.slugs.get(key_or_slug, key_or_slug))
        if found is None:
            raise NotFound(N_("There is no kind of record called %(name)s"), params={"name": key_or_slug[:60]})
        return found

    def target(self, key: str, path: str) -> EntityDef:
        """Return the entity that a filter or sort goes on to.

        Raises:
            ModuleOff: its plugin doesn't run.
        """
        found = self.entities.get(key)
        if found is None:
            gone = self.off.get(key)
            raise ModuleOff(path, gone.plugin if gone is not None else key.partition(".")[0])
        return found

    def unknown(self, entity: str, path: str, known: Iterable[str], what: str = N_("field")) -> FilterError:
        """Return the error for a name that an entity doesn't have: its plugin is off, or it never was."""
        parts = path.split(".")
        off = next((m for n in (2, 1) if (m := self.off_fields.get((entity, ".".join(parts[:n]))))), None)
        return ModuleOff(path, off) if off is not None else unknown_name(path, known, what)

    def entity_of(self, model: type[Any]) -> EntityDef | None:
        """Return the active entity of a model."""
        key = self._models.get(model)
        return self.entities.get(key) if key else None

    def module(self, name: str) -> str:
        """Return a module's title in the current language; its name where it doesn't run."""
        found = self.plugins.get(name)
        return gettext(found.title) if found is not None else name

    def kind(self, key: str) -> str:
        """Return what records of an entity are called in the current language, also while its module is off."""
        found = self.entities.get(key) or self.off.get(key)
        return gettext(found.plural) if found is not None and found.plural else key

    def kind_of_table(self, table: str) -> str:
        """Return the key of the entity whose rows or links a table holds, also while its module is off; else empty."""
        tables = {e.model.__tablename__: e.key for e in self.entities.values()}
        tables.update({e.table: e.key for e in self.off.values()})
        return tables.get(table) or tables.get(table.removesuffix("_link"), "")

    def fields(self, entity: str) -> Mapping[str, FieldDef]:
        """Return the fields of an entity in order, by key."""
        return self._fields[entity]

    def field(self, entity: str, key: str) -> FieldDef:
        """Return one field.

        Raises:
            FilterError: unknown; names the nearest known one.
        """
        found = self._fields[entity].get(key)
        if found is None:
            raise self.unknown(entity, key, self._fields[entity])
        return found

    def view(self, entity: str) -> ViewDef:
        """Return how an entity is shown; a plain view where its plugin gave none."""
        found = self.views.get(entity)
        if found is None:
            title = self.entities[entity].title
            found = ViewDef(entity=entity, columns=(title, "owner", "updated_at"), sort=title)
        return found

    def actions(self, entity: str) -> tuple[ActionDef, ...]:
        """Return the actions of an entity."""
        return self._actions.get(entity, ())

    def of(self, kind: type[T]) -> tuple[T, ...]:
        """Return all active contributions of a type, in plugin order."""
        return tuple(c for c in self._all if isinstance(c, kind))


def is_main(item: EntityDef) -> bool:
    """Tell whether people create records of an entity, and each stands for itself."""
    return item.creatable and not item.follows and "create" not in item.admin_actions


class _Builder:
    """Collects contributions plugin by plugin and refuses clashes, naming both sides."""

    def __init__(self) -> None:
        self.entities: dict[str, EntityDef] = {}
        self.slugs: dict[str, str] = {}
        self.fields: dict[str, dict[str, FieldDef]] = defaultdict(dict)
        self.named: dict[type, dict[str, Any]] = defaultdict(dict)
        self.actions: dict[str, list[ActionDef]] = defaultdict(list)
        self.all: list[Contribution] = []
        self.dormant: list[Contribution] = []
        self.options: dict[str, bool] = {}
        self.used: set[str] = set()

    def note_options(self, plugin: str, items: Sequence[Any], stored: Mapping[str, Any]) -> None:
        """Note which options of a plugin are on."""
        for item in items:
            if isinstance(item, SettingDef):
                key = f"{plugin}.{item.key}"
                self.options[key] = bool(stored.get(key, item.default))

    def _waits(self, item: Contribution) -> bool:
        """Tell whether an option is off that the contribution depends on."""
        if not item.option:
            return False
        key = f"{item.plugin}.{item.option}"
        if key not in self.options:
            raise RegistryError(N_("There is no setting %(key)s"), params={"key": key}, plugin=item.plugin)
        self.used.add(key)
        return not self.options[key]

    def add(self, plugin: str, item: Any) -> None:
        if isinstance(item, type) and issubclass(item, Record):
            item = entity_def(item, plugin)
        if not isinstance(item, Contribution):
            raise RegistryError("%(item)s is not a contribution", params={"item": repr(item)[:80]}, plugin=plugin)
        item = replace(item, plugin=plugin)
        if self._waits(item):
            self.dormant.append(item)
            return
        if isinstance(item, EntityDef):
            self._entity(item)
        self.all.append(item)

    def _entity(self, item: EntityDef) -> None:
        self._unique(self.entities, item.key, item)
        if item.slug in RESERVED_SLUGS:
            message = N_("The slug %(slug)s of %(plugin)s is an address of the CRM itself; choose another one")
            raise RegistryError(message, params={"slug": item.slug, "plugin": item.plugin}, plugin=item.plugin)
        if item.slug in self.slugs:
            self._clash(item.slug, self.entities[self.slugs[item.slug]], item)
        self.slugs[item.slug] = item.key
        for found in model_fields(item):
            if self._waits(found):
                self.dormant.append(found)
            else:
                self.fields[item.key][found.key] = found

    def place(self) -> None:
        """Put the contributions that refer to entities in their place, once all entities are known."""
        self.all = [placed for item in self.all for placed in self._spread(item)]
        for item in self.all:
            entity = getattr(item, "entity", "")
            if entity and entity not in self.entities:
                self.dormant.append(item)
            elif isinstance(item, FieldDef):
                self._field(item)
            elif isinstance(item, ActionDef):
                self._unique(self.named[ActionDef], f"{item.entity}/{item.name}", item)
                self.actions[item.entity].append(item)
            elif isinstance(item, ViewDef):
                self._unique(self.named[ViewDef], item.entity, item)
            elif isinstance(item, ListDef | SequenceDef):
                self._unique(self.named[type(item)], item.key, item)
            elif isinstance(item, SettingDef):
                self._unique(self.named[SettingDef], f"{item.plugin or 'core'}.{item.key}", item)
            elif isinstance(item, RecordedEvent):
                self._event(item)
            elif isinstance(item, JobDef):
                self._unique(self.named[JobDef], item.name, item)
        dormant = set(map(id, self.dormant))
        self.all = [c for c in self.all if id(c) not in dormant]

    def _spread(self, item: Any) -> list[Any]:
        """Return what is meant for every entity (``*``) once for each main entity of other plugins.

        Every kind of record can be exported, and every kind that is made by hand imported.
        """
        if getattr(item, "entity", "") != EVERY:
            return [item]
        if isinstance(item, ExportFormat):
            return [replace(item, entity=key) for key in self.entities]
        others = (e for e in self.entities.values() if e.plugin != item.plugin)
        if isinstance(item, Importer):
            own = {i.entity for i in self.all if isinstance(i, Importer)}
            return [replace(item, entity=e.key, slug=e.slug) for e in others if e.creatable and e.key not in own]
        return [replace(item, entity=e.key) for e in others if is_main(e)]

    def _field(self, item: FieldDef) -> None:
        if item.storage == "custom" and item.type.multiple:
            item = replace(item, storage="links")
        if item.storage in ("custom", "links") and "." not in item.key:
            key = f"{item.plugin}.{item.key}"
            taken = item.plugin in self.fields[item.entity]
            item = replace(item, key=key, attr=key.replace(".", "__"), flat=taken)
        self._unique(self.fields[item.entity], item.key, item)

    def _event(self, item: RecordedEvent) -> None:
        if not item.action and (len(item.key) > _EVENT_LENGTH or not item.key.startswith(f"{item.plugin}.")):
            message = N_("%(key)s: the key of an event begins with the module's name, at most %(limit)s characters")
            raise RegistryError(message, params={"key": item.key, "limit": _EVENT_LENGTH}, plugin=item.plugin)
        self._unique(self.named[RecordedEvent], f"{item.entity}/{item.key}", item)

    def _unique(self, table: dict[str, Any], key: str, item: Any) -> None:
        if key in table:
            self._clash(key, table[key], item)
        table[key] = item

    @staticmethod
    def _clash(key: str, first: Contribution, second: Contribution) -> None:
        raise RegistryError(
            "%(key)s is claimed by both %(first)s and %(second)s",
            params={"key": key, "first": first.plugin or "crm_core", "second": second.plugin or "crm_core"},
            plugin=second.plugin,
        )


def build_registry(
    plugins: Iterable[tuple[PluginInfo, Iterable[Any]]],
    *,
    dispatcher: Dispatcher,
    custom_fields: Iterable[FieldDef] = (),
    kernel: Iterable[Any] = (),
    generation: int = 0,
    stored: Mapping[str, Any] | None = None,
    off: Mapping[str, OffEntity] | None = None,
    off_fields: Mapping[tuple[str, str], str] | None = None,
) -> Registry:
    """Check contributions and freeze them.

    Args:
        plugins: active plugins in dependency order, each with what it contributes.
        dispatcher: the hook implementations of the same plugins.
        custom_fields: the fields of administrators.
        kernel: contributions of the kernel itself.
        generation: the number of the build.
        stored: settings by full key that were changed from their defaults.
        off: entities of plugins that don't run.
        off_fields: titles of plugins that don't run, by entity and key of the fields they have on others' records.

    Raises:
        RegistryError: a clash; both plugins are named.
    """
    builder = _Builder()
    infos: dict[str, PluginInfo] = {}
    adding: list[tuple[str, list[Any]]] = [("core", list(kernel))]
    for info, items in plugins:
        infos[info.name] = info
        adding.append((info.name, list(items)))
    for name, found in adding:
        builder.note_options(name, found, stored or {})
        for item in found:
            builder.add(name, item)
    builder.place()
    for custom in custom_fields:
        if custom.entity in builder.entities:
            builder.fields[custom.entity].setdefault(custom.key, custom)
    named = builder.named
    return Registry(
        generation=generation,
        plugins=MappingProxyType(infos),
        entities=MappingProxyType(builder.entities),
        slugs=MappingProxyType(builder.slugs),
        views=MappingProxyType(named[ViewDef]),
        lists=MappingProxyType(named[ListDef]),
        settings=MappingProxyType(named[SettingDef]),
        sequences=MappingProxyType(named[SequenceDef]),
        jobs=MappingProxyType(named[JobDef]),
        hooks=dispatcher,
        dormant=tuple(builder.dormant),
        options=frozenset(builder.used),
        off=MappingProxyType(dict(off or {})),
        off_fields=MappingProxyType(dict(off_fields or {})),
        _fields=MappingProxyType(
            {
                key: MappingProxyType(dict(sorted(found.items(), key=lambda i: i[1].order)))
                for key, found in builder.fields.items()
            }
        ),
        _actions=MappingProxyType({k: tuple(v) for k, v in builder.actions.items()}),
        _all=tuple(builder.all),
        _models=MappingProxyType({e.model: k for k, e in builder.entities.items()}),
    )
