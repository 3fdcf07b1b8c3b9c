"""Signing in, the second factor, lost passwords, and how guessing is slowed down."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from crm_core.accounts import passwords, signin, throttle
from crm_core.accounts.signin import BadLink, Done, WrongCredentials
from crm_core.errors import CrmError, Invalid, TooMany
from crm_core.models import PasswordReset, User
from tests.accounts.steps import GOOD, HERE, THERE, ask, attempts, enter, fail, who


def test_the_right_password_begins_a_session_whatever_the_case_of_the_address(bench):
    user_id = bench.user(password=GOOD)
    done = enter(bench, " Ada@Example.ORG ")
    assert isinstance(done, Done)
    assert who(bench, done.key).user_id == user_id
    assert bench.stored(user_id).last_seen_at == bench.now
    assert bench.history()[-1] == "signed_in"
    assert attempts(bench) == 0


def test_wrong_unknown_deactivated_and_passwordless_accounts_look_the_same(bench):
    bench.user(password=GOOD)
    bench.user("invited@example.org", "Invited")
    gone = bench.user("gone@example.org", "Gone", password=GOOD)
    with bench.operation() as ctx:
        ctx.session.get(User, gone).active = False
    texts = {fail(bench).text(), fail(bench, "nobody@example.org").text(), fail(bench, "invited@example.org").text()}
    with pytest.raises(WrongCredentials) as refused:
        enter(bench, "gone@example.org")
    assert {refused.value.text()} == texts


def test_an_unknown_account_costs_a_hash_as_well(bench, monkeypatch):
    bench.user(password=GOOD)
    checked = []
    verify = passwords.verify

    def noted(stored, given):
        checked.append(stored)
        return verify(stored, given)

    monkeypatch.setattr(passwords, "verify", noted)
    fail(bench, "nobody@example.org")
    fail(bench)
    assert checked[0] == "" and checked[1].startswith("$argon2id$")


def test_signing_in_replaces_the_key_of_the_browser(bench):
    bench.user(password=GOOD)
    first = enter(bench).key
    second = enter(bench, replaces=first).key
    assert first != second
    assert who(bench, first) is None and who(bench, second)
    planted = "planted-by-someone-else"
    assert enter(bench, replaces=planted).key != planted
    assert who(bench, planted) is None


def test_a_hash_of_old_parameters_is_made_anew(bench):
    user_id = bench.user(password=GOOD)
    with bench.operation() as ctx:
        ctx.session.get(User, user_id).password_hash = PasswordHasher(time_cost=1, memory_cost=64).hash(GOOD)
    enter(bench)
    assert not passwords.outdated(bench.stored(user_id).password_hash)
    enter(bench)


def test_five_failures_make_an_account_wait_longer_and_longer(bench):
    bench.user(password=GOOD)
    for _ in range(5):
        fail(bench)
    with pytest.raises(TooMany) as refused:
        enter(bench)
    assert refused.value.retry_after == 30
    with pytest.raises(TooMany), bench.operation():
        enter(bench, visitor=THERE)
    bench.later(seconds=30)
    fail(bench)
    with pytest.raises(TooMany) as refused:
        enter(bench)
    assert refused.value.retry_after == 60
    bench.later(seconds=60)
    assert isinstance(enter(bench), Done)
    fail(bench)
    assert isinstance(enter(bench), Done), "the count began anew"


def test_refused_attempts_are_not_counted_and_failures_fade_after_a_quarter_of_an_hour(bench):
    bench.user(password=GOOD)
    for _ in range(5):
        fail(bench)
    for _ in range(20):
        with pytest.raises(TooMany):
            enter(bench)
    assert attempts(bench) == 10
    bench.later(minutes=15, seconds=1)
    fail(bench)
    assert isinstance(enter(bench), Done)
    assert attempts(bench) == 1, "the address still counts its one failure; older ones are gone"


def test_unknown_accounts_are_throttled_alike(bench):
    for _ in range(5):
        fail(bench, "nobody@example.org")
    with pytest.raises(TooMany):
        enter(bench, "nobody@example.org")


def test_odd_ways_to_write_an_address_are_counted_together(bench):
    bench.user(password=GOOD)
    for written in (
        "ada@example.org",
        "ADA@example.org",
        "ada@example.org\x00",
        "\x07ada@example.org",
        "ada@example.org\u200b",
    ):
        fail(bench, written)
    with pytest.raises(TooMany):
        enter(bench)


def test_an_address_waits_after_twenty_failures_over_many_accounts(bench):
    bench.user(password=GOOD)
    for n in range(20):
        fail(bench, f"person{n}@example.org")
    with pytest.raises(TooMany):
        enter(bench)
    assert isinstance(enter(bench, visitor=THERE), Done)


def test_success_does_not_clear_the_failures_of_the_address(bench):
    bench.user("mallory@example.org", "Mallory", password=GOOD)
    for n in range(20):
        if n % 4 == 0:
            enter(bench, "mallory@example.org")
        fail(bench, f"person{n}@example.org")
    with pytest.raises(TooMany):
        enter(bench, "mallory@example.org")


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
    ],
)
def test_an_ipv6_network_counts_as_one_address(left, right, same):
    assert (throttle.for_address(left) == throttle.for_address(right)) is same


def test_attempts_sent_at_once_cannot_all_pass(bench):
    bench.user(password=GOOD)
    outcomes = []

    def guess():
        try:
            enter(bench, password="wrong password")
        except CrmError as exc:
            outcomes.append(type(exc))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(WrongCredentials) == 5
    assert outcomes.count(TooMany) == 7


def test_failures_reach_the_history_of_known_accounts_and_only_some(bench):
    bench.user(password=GOOD)
    fail(bench, "nobody@example.org")
    for _ in range(5):
        fail(bench)
    assert bench.history().count("sign_in_failed") == 2


def test_a_reset_link_works_once_for_an_hour_and_ends_every_session(bench):
    user_id = bench.user(password=GOOD)
    key = enter(bench).key
    link = ask(bench, "ADA@example.org")
    with bench.database.transaction(write=False) as session:
        assert link.key not in session.scalars(sa.select(PasswordReset.digest)).all()
    with pytest.raises(Invalid):
        signin.finish_reset(bench.operation, link.key, "short", HERE)
    signin.finish_reset(bench.operation, link.key, "yellow submarine", HERE)
    assert who(bench, key) is None
    assert enter(bench, password="yellow submarine")
    with pytest.raises(BadLink):
        signin.finish_reset(bench.operation, link.key, "yellow submarine 2", HERE)
    late = ask(bench, "ada@example.org")
    bench.later(hours=1)
    with pytest.raises(BadLink):
        signin.finish_reset(bench.operation, late.key, "yellow submarine 3", HERE)
    assert bench.stored(user_id).id == user_id


def test_a_new_link_makes_the_old_one_worthless(bench):
    bench.user(password=GOOD)
    old, new = (ask(bench, "ada@example.org") for _ in range(2))
    with pytest.raises(BadLink):
        signin.finish_reset(bench.operation, old.key, "yellow submarine", HERE)
    signin.finish_reset(bench.operation, new.key, "yellow submarine", HERE)


def test_nobody_gets_no_link_and_is_counted_alike(bench):
    for _ in range(3):
        assert ask(bench, "nobody@example.org") is None
    with pytest.raises(TooMany):
        ask(bench, "nobody@example.org")


def test_a_reset_lifts_the_waiting_time_of_the_account(bench):
    bench.user(password=GOOD)
    for _ in range(5):
        fail(bench)
    link = ask(bench, "ada@example.org")
    signin.finish_reset(bench.operation, link.key, "yellow submarine", HERE)
    assert enter(bench, password="yellow submarine", visitor=THERE)


def test_the_own_password_asked_again_is_throttled(bench):
    user_id = bench.user(password=GOOD)
    assert signin.own_password_fits(bench.operation, user_id, GOOD)
    for _ in range(5):
        assert not signin.own_password_fits(bench.operation, user_id, "wrong password")
    with pytest.raises(TooMany):
        signin.own_password_fits(bench.operation, user_id, GOOD)
