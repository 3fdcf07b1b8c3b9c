import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from crm_core import settings
from crm_core.contributions import SequenceDef, SettingDef
from crm_core.directory import touch
from crm_core.directory_reading import load_directory
from crm_core.errors import Forbidden, Invalid, NotFound
from crm_core.fieldtypes import Boolean, Integer, Text
from crm_core.models import Change, SettingRow


@pytest.fixture
def contributed():
    return [
        SettingDef(key="limit", type=Integer(1, 10), label="Limit", default=5),
        SettingDef(key="key", type=Text(100), label="API key", default="", secret=True),
        SettingDef(key="other_key", type=Text(100), label="Other key", default="", secret=True),
        SettingDef(key="flag", type=Boolean(), label="Flag", default=True),
        SequenceDef(key="test.code", label="Code", mask="C{0:5}"),
    ]


def put(crm, key, raw):
    with crm.as_user(crm.admin) as ctx:
        settings.set_value(ctx, key, raw)
    crm.refresh(force=True)


def test_a_setting_is_typed_kept_and_in_force(crm):
    assert crm.directory.setting("core.limit") == 5
    put(crm, "core.limit", "7")
    assert crm.directory.setting("core.limit") == 7
    put(crm, "core.flag", "false")
    assert crm.directory.setting("core.flag") is False
    put(crm, "core.limit", "")
    assert crm.directory.setting("core.limit") == 5
    with crm.as_user(crm.admin) as ctx:
        found = settings.values(ctx)
        assert (found["core.flag"].value, found["core.flag"].is_set, found["core.limit"].is_set) == (False, True, False)


def test_a_bad_value_is_named_and_nothing_changes(crm):
    with pytest.raises(Invalid) as caught:
        put(crm, "core.limit", "11")
    assert caught.value.problems()[0].field == "core.limit"


def test_only_administrators_see_and_change_settings(crm):
    with crm.as_user(crm.user) as ctx:
        with pytest.raises(Forbidden):
            settings.set_value(ctx, "core.limit", 6)
        with pytest.raises(Forbidden):
            settings.values(ctx)


def test_an_unknown_setting_names_the_nearest(crm):
    with pytest.raises(NotFound, match=r"core\.limit"):
        put(crm, "core.limits", 6)


def test_a_secret_is_written_and_never_shown(crm):
    put(crm, "core.key", "s3cret-value")
    assert crm.directory.setting("core.key") == "s3cret-value"
    put(crm, "core.key", "")
    assert crm.directory.setting("core.key") == "s3cret-value"
    with crm.as_user(crm.admin) as ctx:
        found = settings.values(ctx)["core.key"]
        assert (found.value, found.is_set) == (None, True)
    with crm.database.transaction(write=False) as session:
        assert "s3cret" not in str(session.scalars(sa.select(Change.diff)).all())
    with crm.as_user(crm.admin) as ctx:
        settings.reset(ctx, "core.key")
    crm.refresh(force=True)
    assert crm.directory.setting("core.key") == ""


def stored(crm, key):
    with crm.database.transaction(write=False) as session:
        return json.dumps(session.scalar(sa.select(SettingRow.value).where(SettingRow.key == key)))


def test_a_secret_is_encrypted_where_it_is_kept_and_readable_with_the_key_alone(crm):
    put(crm, "core.key", "s3cret-value")
    assert "sealed" in stored(crm, "core.key") and "s3cret" not in stored(crm, "core.key")
    other = replace(crm.config, secret_key="y" * 40)
    with crm.database.transaction(write=False) as session:
        found = load_directory(session, crm.registry, unseal=settings.unsealer(other))
    assert found.setting("core.key") == ""


def test_a_sealed_value_does_not_pass_for_another_settings(crm):
    put(crm, "core.key", "s3cret-value")
    with crm.database.transaction() as session:
        session.execute(sa.update(SettingRow).where(SettingRow.key == "core.key").values(key="core.other_key"))
        touch(session)
    crm.refresh(force=True)
    assert crm.directory.setting("core.other_key") == ""


def test_a_secret_is_set_replaced_and_removed_through_rest(crm):
    browser = crm.client_of(None)
    headers = {"Authorization": f"Bearer {crm.token_of(crm.admin)}"}
    for value in ("first-value", "second-value"):
        assert browser.patch("/api/v1/settings", json={"core.key": value}, headers=headers).status_code == 204
        assert crm.directory.setting("core.key") == value
    answer = browser.get("/api/v1/settings", headers=headers)
    found = next(i for i in answer.json["items"] if i["key"] == "core.key")
    assert (found["value"], found["default"], found["is_set"], found["secret"]) == (None, None, True, True)
    assert "second-value" not in answer.text + stored(crm, "core.key")
    assert browser.patch("/api/v1/settings", json={"core.key": None}, headers=headers).status_code == 204
    assert crm.directory.setting("core.key") == ""


def test_a_secret_is_set_replaced_and_removed_in_the_pages(crm):
    browser = crm.client_of(crm.admin)

    def send(**values):
        return browser.post("/settings/options", data={"csrf_token": browser.csrf, **values})

    assert send(**{"core.key": "first-value"}).status_code == 303
    page = browser.get("/settings/options").text
    assert "first-value" not in page and 'type="password"' in page and "type to replace it" in page
    assert send(**{"core.key": ""}).status_code == 303
    assert crm.directory.setting("core.key") == "first-value"
    refused = send(**{"core.key": "second-value", "core.limit": "99"})
    assert refused.status_code == 422 and "second-value" not in refused.text
    assert send(**{"core.key": "second-value"}).status_code == 303
    assert crm.directory.setting("core.key") == "second-value"
    assert send(**{"forget.core.key": "1", "core.key": ""}).status_code == 303
    assert crm.directory.setting("core.key") == ""


def test_ad_08_the_default_currency_is_set(crm):
    put(crm, "core.default_currency", "chf")
    assert crm.directory.default_currency == "CHF"
    put(crm, "core.default_currency", "")
    assert crm.directory.default_currency == "EUR"


def test_ct_39_a_numbering_mask_is_checked(crm):
    put(crm, "sequence.test.code", "K{yy}-{0:3}")
    with crm.as_user(crm.admin) as ctx:
        assert settings.values(ctx)["sequence.test.code"].value == "K{yy}-{0:3}"
    with pytest.raises(Invalid, match="counter"):
        put(crm, "sequence.test.code", "no counter")
    put(crm, "sequence.test.code", None)
    with crm.database.transaction(write=False) as session:
        assert session.get(SettingRow, "sequence.test.code") is None
