"""Signing in, the second factor, lost passwords, and how guessing is slowed down."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from crm_core.accounts import keys, passwords, sessions, signin, throttle, totp
from crm_core.accounts.sessions import Visitor
from crm_core.accounts.signin import BadLink, Done, NeedsCode, TooLate, WrongCode, WrongCredentials
from crm_core.config import Config
from crm_core.errors import CrmError, Invalid, TooMany
from crm_core.models import LoginAttempt, PasswordReset, User

GOOD = "correct horse battery"
HERE, THERE = Visitor("192.0.2.1", "Browser/1"), Visitor("198.51.100.7")


def enter(bench, email="ada@example.org", password=GOOD, visitor=HERE, **kw):
    return signin.with_password(bench.operation, email, password, visitor, **kw)


def fail(bench, email="ada@example.org", visitor=HERE):
    with pytest.raises(WrongCredentials) as refused:
        enter(bench, email, "wrong password", visitor)
    return refused.value


def ask(bench, email="ada@example.org", visitor=HERE) -> Any:
    return signin.ask_reset(bench.operation, email, visitor)


def who(bench, key):
    with bench.database.transaction(write=False) as session:
        return sessions.resolve(session, key, bench.now)


def attempts(bench):
    with bench.database.transaction(write=False) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(LoginAttempt))


def second_factor(bench, user_id):
    """Switch the second factor on; return the app and the recovery codes."""
    offer = totp.offer(bench.config, user_id, "ada@example.org")
    app = pyotp.TOTP(offer.secret)
    with bench.operation() as ctx:
        user = ctx.session.get(User, user_id)
        codes = totp.enrol(ctx.session, bench.config, user, offer.sealed, app.at(bench.now), bench.now)
    bench.later(seconds=60)
    return app, codes


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


def test_a_second_factor_is_asked_for_and_a_code_is_good_once(bench):
    user_id = bench.user(password=GOOD)
    app, _ = second_factor(bench, user_id)
    step = enter(bench)
    assert isinstance(step, NeedsCode)
    code = app.at(bench.now)
    done = signin.with_code(bench.operation, step.pending, code, HERE)
    assert who(bench, done.key).second_factor
    with pytest.raises(WrongCode):
        signin.with_code(bench.operation, enter(bench).pending, code, HERE)
    bench.later(seconds=30)
    with pytest.raises(WrongCode):
        signin.with_code(bench.operation, enter(bench).pending, app.at(bench.now + dt.timedelta(seconds=-30)), HERE)
    assert signin.with_code(bench.operation, enter(bench).pending, app.at(bench.now), HERE).key


def test_the_code_that_enrolled_does_not_sign_in(bench):
    user_id = bench.user(password=GOOD)
    offer = totp.offer(bench.config, user_id, "ada@example.org")
    code = pyotp.TOTP(offer.secret).at(bench.now)
    with bench.operation() as ctx:
        assert totp.enrol(ctx.session, bench.config, ctx.session.get(User, user_id), offer.sealed, code, bench.now)
    with pytest.raises(WrongCode):
        signin.with_code(bench.operation, enter(bench).pending, code, HERE)


def test_a_code_of_the_neighbouring_half_minutes_is_good_and_no_other(bench):
    user_id = bench.user(password=GOOD)
    app, _ = second_factor(bench, user_id)
    for offset in (-1, 0, 1):
        pending = enter(bench).pending
        assert signin.with_code(
            bench.operation, pending, app.at(bench.now + dt.timedelta(seconds=30 * offset)), HERE
        ).key
    bench.later(minutes=5)
    for offset in (-3, 3):
        with pytest.raises(WrongCode):
            signin.with_code(
                bench.operation, enter(bench).pending, app.at(bench.now + dt.timedelta(seconds=30 * offset)), HERE
            )


def test_ten_recovery_codes_are_each_good_once_and_not_stored(bench):
    user_id = bench.user(password=GOOD)
    _, codes = second_factor(bench, user_id)
    assert len(set(codes)) == 10
    assert not set(codes) & set(bench.stored(user_id).recovery_codes)
    for n, code in enumerate(codes):
        shown = code if n % 2 else f" {code.upper().replace('-', ' ')} "
        assert signin.with_code(bench.operation, enter(bench).pending, shown, HERE).key
    with pytest.raises(WrongCode):
        signin.with_code(bench.operation, enter(bench).pending, codes[0], HERE)


@pytest.mark.parametrize("code", ["", "1", "000000000000", "١٢٣٤٥٦", "abcde-fghjk", "x" * 5000])
def test_a_nonsense_code_is_wrong(bench, code):
    user_id = bench.user(password=GOOD)
    second_factor(bench, user_id)
    with pytest.raises(WrongCode):
        signin.with_code(bench.operation, enter(bench).pending, code, HERE)


def test_codes_are_throttled(bench):
    user_id = bench.user(password=GOOD)
    app, _ = second_factor(bench, user_id)
    pending = enter(bench).pending
    for _ in range(5):
        with pytest.raises(WrongCode):
            signin.with_code(bench.operation, pending, "000000", HERE)
    with pytest.raises(TooMany):
        signin.with_code(bench.operation, pending, app.at(bench.now), HERE)
    assert bench.history().count("second_factor_failed") == 2


def test_a_pending_sign_in_is_sealed_and_dies_with_the_password(bench):
    user_id = bench.user(password=GOOD)
    app, _ = second_factor(bench, user_id)
    pending = enter(bench).pending
    other = Config(home=bench.config.home, secret_key="another-secret-key")
    forged = keys.seal(other, "sign-in waiting for a code", f'[{user_id}, "x"]')
    for bad in ("", "nonsense", forged, pending[:-4]):
        with pytest.raises(TooLate):
            signin.with_code(bench.operation, bad, app.at(bench.now), HERE)
    with bench.operation() as ctx:
        ctx.session.get(User, user_id).password_hash = passwords.hashed("another good one")
    with pytest.raises(TooLate):
        signin.with_code(bench.operation, pending, app.at(bench.now), HERE)


def test_the_secret_is_encrypted_with_a_key_that_others_cannot_read(bench):
    user_id = bench.user(password=GOOD)
    app, _ = second_factor(bench, user_id)
    assert app.secret not in bench.stored(user_id).totp_secret
    file = bench.config.home / keys.KEY_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in bench.config.home.glob("secret.key*")] == ["secret.key"]


def test_a_lost_key_refuses_codes_instead_of_failing(bench):
    user_id = bench.user(password=GOOD)
    app, _ = second_factor(bench, user_id)
    (bench.config.home / keys.KEY_FILE).unlink()
    with pytest.raises(WrongCode):
        signin.with_code(bench.operation, enter(bench).pending, app.at(bench.now), HERE)


def test_an_enrolment_needs_a_right_code_and_belongs_to_one_user(bench):
    ada, bob = bench.user(), bench.user("bob@example.org", "Bob")
    offer = totp.offer(bench.config, ada, "ada@example.org")
    assert totp.offer(bench.config, ada, "ada@example.org", offer.sealed).secret == offer.secret
    assert totp.offer(bench.config, bob, "bob@example.org", offer.sealed).secret != offer.secret
    code = pyotp.TOTP(offer.secret).at(bench.now)
    with bench.operation() as ctx:
        for user_id, given in ((ada, "000000"), (bob, code)):
            user = ctx.session.get(User, user_id)
            assert totp.enrol(ctx.session, bench.config, user, offer.sealed, given, bench.now) == []
            assert user.totp_secret == ""


def test_the_picture_of_the_secret_has_no_style(bench):
    picture = totp.offer(bench.config, 1, "ada@example.org").picture
    assert picture.startswith("<svg") and "style" not in picture and "<script" not in picture


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
