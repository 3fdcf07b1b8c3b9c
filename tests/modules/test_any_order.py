"""Whatever is switched in whatever order while records are edited: every value comes back."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core import customfields, records
from tests.modules.conftest import turn

STEPS = st.lists(
    st.one_of(
        st.sampled_from([("on", ""), ("off", ""), ("retire", ""), ("restore", "")]),
        st.tuples(st.sampled_from(["name", "pet", "own"]), st.text("abcé'\"${}", min_size=1, max_size=8)),
    ),
    min_size=2,
    max_size=7,
)


def test_every_value_comes_back(zoo):
    turn(zoo, on="zoo")
    with zoo.as_user(zoo.admin) as ctx:
        own = customfields.create(ctx, "contacts.contact", key="own", type="text", label="Own").id
    animal = zoo.make("zoo.animal", name="Mog")

    def switch(step: str) -> None:
        if step in ("on", "off"):
            turn(zoo, **{step: "zoo"})
            return
        with zoo.as_user(zoo.admin) as ctx:
            getattr(customfields, step)(ctx, own)

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def run(steps: list[tuple[str, str]]) -> None:
        expected: dict[str, Any] = {"last_name": "Example", "zoo.pet": "cat", "cf.own": "mine", "zoo.animals": [animal]}
        contact = zoo.make("contacts.contact", kind="person", first_name="Ada", **expected)
        keys = {"name": "last_name", "pet": "zoo.pet", "own": "cf.own"}
        for step, text in steps:
            if step not in keys:
                switch(step)
            elif keys[step] in zoo.registry.fields("contacts.contact"):
                with zoo.as_user(zoo.admin) as ctx:
                    records.update(ctx, "contacts.contact", contact, {keys[step]: text})
                expected[keys[step]] = text
        switch("on")
        switch("restore")
        with zoo.as_user(zoo.admin) as ctx:
            found = records.read(ctx, "contacts.contact", contact).values
        assert {key: found[key] for key in expected} == expected

    run()
