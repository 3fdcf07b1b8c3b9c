"""No plugin can take an address that pages or REST use themselves."""

from __future__ import annotations

import pytest

from crm_core.lifecycle import assemble
from crm_core.plugin_states import State
from crm_core.registry import RESERVED_SLUGS
from crm_core.rest.routing import PREFIX

PLUGIN = """
from sqlalchemy.orm import Mapped
from crm_core.api import Record, Text, entity, field, hookimpl

class Note(Record):
    __tablename__ = "pad_note"
    __entity__ = entity("pad.note", label="Note", plural="Notes", slug="{slug}")
    name: Mapped[str] = field(Text(80), label="Name", required=True)

@hookimpl
def crm_contribute():
    return [Note]
"""
REVISION = """
from alembic import op
import sqlalchemy as sa
revision = "0001"
down_revision = None

def upgrade():
    op.create_table("pad_note", sa.Column("id", sa.Integer, primary_key=True))

def downgrade():
    op.drop_table("pad_note")
"""


@pytest.mark.parametrize("slug", ["tags", "settings"])
def test_a_plugin_with_a_reserved_slug_is_refused_by_name(ready, config, make_plugin, slug):
    make_plugin("pad", plugin=PLUGIN.format(slug=slug), files={"migrations/0001.py": REVISION})
    found = assemble(ready, config, wanted=["pad"], unmigrated=["pad"]).statuses["pad"]
    assert found.state is State.BROKEN
    assert f"slug {slug} of pad" in found.reason.text()


def test_the_reserved_slugs_are_the_first_parts_of_the_kernels_own_addresses(sqlite_crm):
    own = set()
    for rule in sqlite_crm.wsgi.app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in sqlite_crm.registry.plugins:
            continue
        for path in (rule.rule, rule.rule.removeprefix(PREFIX)):
            first = path.strip("/").partition("/")[0]
            own |= {first} if first and "<" not in first else set()
    assert own - set(sqlite_crm.registry.slugs) == RESERVED_SLUGS
