import datetime as dt
import threading

import pytest

from crm_core import sequences
from crm_core.contributions import SequenceDef
from crm_core.directory import touch
from crm_core.errors import NotFound, ValueProblem
from crm_core.models import SettingRow


@pytest.fixture
def contributed():
    return [
        SequenceDef(key="test.customer", label="Customer code", mask="C{0:5}"),
        SequenceDef(key="test.monthly", label="Monthly", mask="{yy}{mm}-{0:4}"),
    ]


def test_ct_39_codes_follow_the_mask(crm):
    with crm.as_user() as ctx:
        assert [sequences.next_value(ctx, "test.customer") for _ in range(3)] == ["C00001", "C00002", "C00003"]
        assert sequences.reserve(ctx, "test.customer", 3) == ["C00004", "C00005", "C00006"]
        assert sequences.reserve(ctx, "test.customer", 0) == []


def test_ct_39_a_number_of_a_failed_operation_is_given_again(crm):
    with pytest.raises(RuntimeError), crm.as_user() as ctx:
        assert sequences.next_value(ctx, "test.customer") == "C00001"
        raise RuntimeError
    with crm.as_user() as ctx:
        assert sequences.next_value(ctx, "test.customer") == "C00001"


def test_ct_39_two_writers_at_the_same_time_get_different_codes(crm):
    crm.refresh()
    given, start = [], threading.Barrier(4)

    def write():
        start.wait()
        for _ in range(10):
            with crm.as_user() as ctx:
                given.append(sequences.next_value(ctx, "test.customer"))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [f"C{n:05d}" for n in range(1, 41)]


def test_ct_39_a_mask_grows_past_its_digits(crm):
    with crm.as_user() as ctx:
        sequences.observe(ctx, "test.customer", ["C99999"])
        assert sequences.next_value(ctx, "test.customer") == "C100000"


def test_a_dated_mask_restarts_with_its_period(crm):
    december = dt.datetime(2026, 12, 31, 12, tzinfo=dt.UTC)
    with crm.operation(crm.actor(), now=december) as ctx:
        assert sequences.reserve(ctx, "test.monthly", 2) == ["2612-0001", "2612-0002"]
    with crm.operation(crm.actor(), now=december + dt.timedelta(days=1)) as ctx:
        assert sequences.next_value(ctx, "test.monthly") == "2701-0001"


def test_numbers_given_elsewhere_are_not_given_again(crm):
    with crm.as_user() as ctx:
        sequences.observe(ctx, "test.customer", ["C00041", "c00999", "X1", "", "C12"])
        assert sequences.next_value(ctx, "test.customer") == "C00042"
        sequences.observe(ctx, "test.customer", ["C00007"])
        assert sequences.next_value(ctx, "test.customer") == "C00043"


def test_ct_39_an_administrators_mask_is_the_one_in_force(crm):
    with crm.database.transaction() as session:
        session.add(SettingRow(key="sequence.test.customer", value="KD-{yyyy}-{0:3}"))
        touch(session)
    with crm.operation(crm.actor(), now=dt.datetime(2026, 5, 1, tzinfo=dt.UTC)) as ctx:
        assert sequences.next_value(ctx, "test.customer") == "KD-2026-001"


def test_an_unknown_sequence_is_an_error_that_names_it(crm):
    with crm.as_user() as ctx, pytest.raises(NotFound, match=r"test\.nothing"):
        sequences.next_value(ctx, "test.nothing")


@pytest.mark.parametrize("text", ["C{0:5}", "INV{0:7}", "{yy}{mm}-{0:4}", "{0:1}", "{yyyy}{mm}{dd}.{0:3}"])
def test_masks_that_can_be_used(text):
    assert sequences.parse_mask(text).text == text


@pytest.mark.parametrize(
    "text", ["", "C", "{0:5}{0:5}", "{mm}-{0:4}", "{yy}{dd}-{0:4}", "{foo}{0:3}", "C{0}", "{0:0}", "{0:13}", "{" * 50]
)
def test_masks_that_can_not_be_used(text):
    with pytest.raises(ValueProblem):
        sequences.parse_mask(text)
