"""Changing the mapping by hand."""

import pytest
from crm_contacts.importing import ColumnMapping, MappingError, open_source, with_overrides
from crm_contacts.importing.presets import map_columns
from crm_contacts.importing.targets import canonical

HEADER = ("Vorname", "Nachname", "Post", "Ort", "Punkte")


def goals(mapping: ColumnMapping):
    return {name: targets for name, targets in mapping.by_name().items()}


def test_unknown_columns_are_named(source):
    found = source("first_name,last_name,Shoe size,Star sign\nAnne,Martin,38,Leo\n")
    assert found.ignored == ("Shoe size", "Star sign")
    assert found.mapping.by_name() == {"first_name": ("first_name",), "last_name": ("last_name",)}


def test_overrides_name_columns_and_fields(row):
    found = row(
        ",".join(HEADER) + "\nAnne,Martin,anne@example.org,Ulm,7\n",
        overrides=["Vorname=first_name", "nachname=last_name", "Post=email", "Ort=city", "Punkte=cf.score"],
    )
    assert found.values["first_name"] == "Anne"
    assert found.values["emails"][0]["address"] == "anne@example.org"
    assert found.values["addresses"][0]["city"] == "Ulm"
    assert found.values["custom"] == {"cf.score": "7"}


def test_an_override_takes_a_single_field_over(row):
    content = "first_name,last_name,Maiden\nAnne,Martin,Roe\n"
    assert row(content, overrides=["Maiden=last_name"]).values["last_name"] == "Roe"


def test_an_override_adds_to_fields_of_many(row):
    content = "first_name,last_name,email,tags,Private mail,Group\nAnne,Martin,a@example.org,x,b@example.org,y\n"
    found = row(content, overrides=["Private mail=email", "Group=tags"])
    assert [line["address"] for line in found.values["emails"]] == ["a@example.org", "b@example.org"]
    assert found.values["tags"] == ["x", "y"]


def test_a_column_can_be_taken_out(source):
    content = "first_name,last_name,birthday\nAnne,Martin,--0412\n"
    assert next(iter(source(content))).failed
    found = source(content, overrides=["birthday="])
    assert found.ignored == ("birthday",)
    assert not next(iter(found)).problems


def test_column_names_may_hold_equal_signs(row):
    found = row("first_name,a=b\nAnne,Martin\n", overrides=["a=b=last_name"])
    assert found.values["last_name"] == "Martin"


@pytest.mark.parametrize(
    ("override", "code", "near"),
    [
        ("Vornam=first_name", "unknown_column", "Vorname"),
        ("Vorname=fist_name", "unknown_field", "first_name"),
        ("Vorname=emails.1.adress", "unknown_field", "emails.1.address"),
        ("Vorname", "override", "Column=field"),
    ],
)
def test_slips_get_the_nearest_name(override, code, near):
    mapping = map_columns(HEADER)
    with pytest.raises(MappingError) as caught:
        with_overrides(mapping, HEADER, [override])
    assert caught.value.code == code
    assert near in str(caught.value)


def test_columns_that_name_nobody(source):
    with pytest.raises(MappingError) as caught:
        source("Vorname,Nachname\nAnne,Martin\n")
    assert caught.value.code == "no_name_column"
    assert "Vorname" in str(caught.value)


def test_a_mapping_can_be_used_again(write):
    path = write("Vorname,Nachname\nAnne,Martin\n")
    mapping = open_source(path, overrides=["Vorname=first_name", "Nachname=last_name"]).mapping
    assert [r.values["last_name"] for r in open_source(path, mapping=mapping)] == ["Martin"]
    other = write("Nachname,Vorname\nMartin,Anne\n", name="other.csv")
    with pytest.raises(MappingError):
        open_source(other, mapping=mapping)


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("first_name", "first_name"),
        ("email", "emails.work.address"),
        ("emails", "emails.1.address"),
        ("emails.2", "emails.2.address"),
        ("emails.address", "emails.1.address"),
        ("phones.mobile.number", "phones.mobile.number"),
        ("phones.mobile", "phones.mobile.number"),
        ("addresses.home2.city", "addresses.home2.city"),
        ("city", "addresses.work.city"),
        ("cf.score", "cf.score"),
        ("cf.", None),
        ("cf.No good", None),
        ("emails.1.colour", None),
        ("emails.1.address.x", None),
        ("nothing", None),
        ("", None),
    ],
)
def test_names_of_targets(given, target):
    assert canonical(given) == target
