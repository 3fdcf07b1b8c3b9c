"""The registry: every contribution of the active plugins, checked for clashes, frozen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from crm_core.contributions import (
    ActionDef,
    Contribution,
    EntityDef,
    FieldDef,
    JobDef,
    ListDef,
    SequenceDef,
    SettingDef,
    ViewDef,
)
from crm_core.entities import Record, entity_def, model_fields
from crm_core.errors import CrmError, NotFound, unknown_name
from crm_core.hooks import Dispatcher
from crm_core.i18n import N_

T = TypeVar("T", bound=Contribution)


class RegistryError(CrmError):
    """Two contributions clash, or one refers to something that isn't there; names the plugins."""

    code = "registry"


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
    """Contributions to entities of plugins that are off."""
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

    def entity_of(self, model: type[Any]) -> EntityDef | None:
        """Return the active entity of a model."""
        key = self._models.get(model)
        return self.entities.get(key) if key else None

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
            raise unknown_name(key, self._fields[entity])
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

    def add(self, plugin: str, item: Any) -> None:
        if isinstance(item, type) and issubclass(item, Record):
            item = entity_def(item, plugin)
        if not isinstance(item, Contribution):
            raise RegistryError("%(item)s is not a contribution", params={"item": repr(item)[:80]}, plugin=plugin)
        item = replace(item, plugin=plugin)
        if isinstance(item, EntityDef):
            self._entity(item)
        self.all.append(item)

    def _entity(self, item: EntityDef) -> None:
        self._unique(self.entities, item.key, item)
        if item.slug in self.slugs:
            self._clash(item.slug, self.entities[self.slugs[item.slug]], item)
        self.slugs[item.slug] = item.key
        for found in model_fields(item):
            self.fields[item.key][found.key] = found

    def place(self) -> None:
        """Put the contributions that refer to entities in their place, once all entities are known."""
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
            elif isinstance(item, JobDef):
                self._unique(self.named[JobDef], item.name, item)
        dormant = set(map(id, self.dormant))
        self.all = [c for c in self.all if id(c) not in dormant]

    def _field(self, item: FieldDef) -> None:
        if item.storage == "custom" and "." not in item.key:
            key = f"{item.plugin}.{item.key}"
            item = replace(item, key=key, attr=key.replace(".", "__"))
        self._unique(self.fields[item.entity], item.key, item)

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
) -> Registry:
    """Check contributions and freeze them.

    Args:
        plugins: active plugins in dependency order, each with what it contributes.
        dispatcher: the hook implementations of the same plugins.
        custom_fields: the fields of administrators.
        kernel: contributions of the kernel itself.
        generation: the number of the build.

    Raises:
        RegistryError: a clash; both plugins are named.
    """
    builder = _Builder()
    for item in kernel:
        builder.add("core", item)
    infos: dict[str, PluginInfo] = {}
    for info, items in plugins:
        infos[info.name] = info
        for item in items:
            builder.add(info.name, item)
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
