"""The second factor: codes of an app, recovery codes, enrolment."""

from __future__ import annotations

import datetime as dt

import pyotp
import pytest

from crm_core.accounts import keys, passwords, signin, totp
from crm_core.accounts.signin import NeedsCode, TooLate, WrongCode
from crm_core.config import Config
from crm_core.errors import TooMany
from crm_core.models import User
from tests.accounts.steps import GOOD, HERE, enter, second_factor, who


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
