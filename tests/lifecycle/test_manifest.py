"""plugin.toml is read and checked, and nothing of the plugin is imported for it."""

from __future__ import annotations

import sys

import pytest

from crm_core.discovery import installed
from crm_core.manifest import Manifest, read

GOOD = """
name = "zoo"
title = "Zoo"
summary = "Animals."
core = ">=0.1,<1"
requires = ["contacts>=1"]
after = ["leads"]
default = "on"
"""


def only(found):
    (one,) = found
    return one


def test_a_manifest_is_read_without_importing_the_package(make_plugin):
    make_plugin("zoo", GOOD, plugin="raise SystemExit", files={"__init__.py": "raise SystemExit"}, version="2.3")
    found = only(installed())
    assert found.error == ""
    assert isinstance(found.manifest, Manifest)
    assert (found.manifest.title, found.manifest.version, found.manifest.on) == ("Zoo", "2.3", True)
    assert [str(r) for r in found.manifest.requires] == ["contacts>=1"]
    assert found.manifest.after == ("leads",)
    assert "crm_zoo" not in sys.modules


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (GOOD + 'titel = "x"', ["unknown key titel", "did you mean title"]),
        (GOOD + 'qqqq = "x"', ["unknown key qqqq", "known: name, title"]),
        (GOOD.replace('"Zoo"', "3"), ["title must be a text"]),
        (GOOD.replace('["leads"]', '"leads"'), ["after must be a list of texts"]),
        (GOOD.replace('["leads"]', "[3]"), ["after must be a list of texts"]),
        (GOOD.replace('["leads"]', '["Leads"]'), ["Leads is not the name"]),
        (GOOD.replace('["leads"]', '["zoo"]'), ["zoo is not the name of another"]),
        (GOOD.replace('"zoo"', '"Zoo"'), ["Zoo is not a name"]),
        (GOOD.replace('"zoo"', '"z__oo"'), ["z__oo is not a name"]),
        (GOOD.replace('"zoo"', '"core"'), ["belongs to the kernel"]),
        (GOOD.replace('"zoo"', '"ark"'), ["the name is ark", "installed as zoo"]),
        (GOOD.replace(">=0.1,<1", "newest"), ["newest is not a version range"]),
        (GOOD.replace("contacts>=1", "contacts >"), ["not a plugin with an optional version range"]),
        (GOOD.replace('"on"', '"maybe"'), ["default must be on or off"]),
        ('title = "Zoo"', ["name is missing"]),
        ("title = ", ["plugin.toml"]),
    ],
)
def test_a_wrong_manifest_says_what_is_wrong_and_where(make_plugin, toml, words):
    make_plugin("zoo", toml)
    found = only(installed())
    assert found.manifest is None
    for word in [*words, "crm_zoo/plugin.toml"]:
        assert word in found.error


def test_a_package_or_manifest_that_is_not_there(make_plugin):
    folder = make_plugin("zoo")
    make_plugin("ark", entry="crm_nowhere.plugin")
    (folder / "plugin.toml").unlink()
    errors = {f.name: f.error for f in installed()}
    assert "plugin.toml is not there" in errors["zoo"]
    assert "crm_nowhere" in errors["ark"]


def test_two_packages_of_one_name_are_refused(make_plugin):
    make_plugin("zoo")
    make_plugin("zoo", version="2.0", distribution="other-zoo")
    assert "Two plugins" in only(installed()).error


def test_pre_releases_count_as_their_version(make_plugin):
    folder = make_plugin("zoo", GOOD.replace(">=0.1,<1", ">=0.1.0.dev1"))
    assert read(folder, name="zoo", module="crm_zoo.plugin", version="1.0rc1").fits_core
