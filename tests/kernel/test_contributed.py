"""Fields that plugins put on the entities of others, and entities kept for administrators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crm_core.contributions import ActionDef, FieldDef
from crm_core.entities import entity_def
from crm_core.fieldtypes import Integer, Users
from crm_core.hooks import Dispatcher
from crm_core.registry import PluginInfo, Registry, build_registry
from tests.kernel.zoo import Shelf


def registry(plugin: str, *items: Any, **changes: Any) -> Registry:
    """Return a registry of a shelf, and of a plugin that contributes to it."""
    shelf = replace(entity_def(Shelf), **changes)
    plugins = [(PluginInfo("attic", "Attic", "1", None), [shelf]), (PluginInfo(plugin, plugin, "1", None), items)]
    return build_registry(plugins, dispatcher=Dispatcher({}))


def test_a_field_for_every_entity_is_on_those_of_others_that_stand_for_themselves():
    item = FieldDef(entity="*", key="size", type=Integer(), label="Size")
    assert "zoo.size" in registry("zoo", item).fields("attic.shelf")
    assert "zoo.size" not in registry("zoo", item, creatable=False).fields("attic.shelf")
    assert "zoo.size" not in registry("zoo", item, follows=("parent",)).fields("attic.shelf")
    assert "zoo.size" not in registry("zoo", item, admin_actions=("create",)).fields("attic.shelf")
    assert "attic.size" not in registry("attic", item).fields("attic.shelf")


def test_an_action_for_every_entity_is_one_of_each():
    item = ActionDef(entity="*", name="weigh", label="Weigh", handler=lambda ctx, record, data: None)
    found = registry("zoo", item)
    assert [(a.entity, a.name, a.plugin) for a in found.actions("attic.shelf")] == [("attic.shelf", "weigh", "zoo")]


def test_a_field_with_several_values_has_its_plugins_name_and_links():
    item = FieldDef(entity="attic.shelf", key="guards", type=Users(), label="Guards")
    found = registry("zoo", item).field("attic.shelf", "zoo.guards")
    assert (found.storage, found.nested) == ("links", ("zoo", "guards"))


def test_a_namespace_that_is_a_field_already_stays_part_of_the_key():
    item = FieldDef(entity="attic.shelf", key="size", type=Integer(), label="Size")
    assert registry("labels", item).field("attic.shelf", "labels.size").nested == ("", "labels.size")
