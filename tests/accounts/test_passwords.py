"""Passwords and tokens against forged requests: what is accepted, what is stored."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from crm_core.accounts import csrf, passwords
from crm_core.accounts.devices import device
from crm_core.errors import ValueProblem


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("nine-char", "too_short"),
        ("x" * 257, "too_long"),
        ("passwordpassword", "obvious"),
        ("P@ssw0rd2024", "obvious"),
        ("Password123!", "obvious"),
        ("Mot de passe 1", "obvious"),
        ("1234567890", "obvious"),
        ("9876543210", "obvious"),
        ("aaaaaaaaaaaa", "obvious"),
        ("azertyuiop", "obvious"),
        ("ada.lovelace@example.org", "own_name"),
        ("Ada Lovelace 99", "own_name"),
        ("lovelaceada", "own_name"),
    ],
)
def test_a_weak_password_is_refused(password: str, code: str):
    with pytest.raises(ValueProblem) as refused:
        passwords.check(password, email="ada.lovelace@example.org", name="Ada Lovelace")
    assert refused.value.code == code


@pytest.mark.parametrize(
    "password", ["correct horse battery", "Yellow-Submarine-7", "kerguelen-albatros", "ééé-ÿÿ-çç-ñññ"]
)
def test_a_good_password_is_accepted_and_fits_its_hash(password: str):
    passwords.check(password, email="ada@example.org", name="Ada")
    stored = passwords.hashed(password)
    assert stored.startswith("$argon2id$")
    assert password not in stored
    assert passwords.verify(stored, password)
    assert not passwords.verify(stored, password + "x")


def test_generated_passwords_differ_and_pass_the_rule():
    made = {passwords.generated() for _ in range(20)}
    assert len(made) == 20
    for password in made:
        passwords.check(password, email="ada@example.org", name="Ada")


@pytest.mark.parametrize("stored", ["", "not a hash", "$argon2id$v=19$broken"])
def test_an_unusable_hash_fits_nothing(stored: str):
    assert not passwords.verify(stored, "")
    assert not passwords.verify(stored, "correct horse battery")


def test_hashes_of_other_parameters_are_outdated(monkeypatch):
    monkeypatch.undo()
    assert "m=65536,t=3" in passwords.hashed("correct horse battery")
    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=64).hash("correct horse battery"))
    assert not passwords.outdated(passwords.hashed("correct horse battery"))


def test_csrf_tokens_are_masked_anew_and_fit_their_secret_only():
    secret, other = csrf.new_secret(), csrf.new_secret()
    tokens = {csrf.mask(secret) for _ in range(50)}
    assert len(tokens) == 50
    assert all(csrf.fits(secret, t) for t in tokens)
    assert not any(csrf.fits(other, t) for t in tokens)
    starts = {t[:8] for t in tokens}
    assert len(starts) == 50


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 87, "A" * 88, "!" * 88, "\x00"])
def test_a_broken_csrf_token_does_not_fit(token: str):
    assert not csrf.fits(csrf.new_secret(), token)
    assert not csrf.fits("", token)
    assert not csrf.fits("no hex", token)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox", "Linux")),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML) Chrome/140 Safari/537 Edg/140",
            ("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML) Version/18 Safari/604",
            ("Safari", "iPhone"),
        ),
        ("curl/8.0", ("curl", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_is_named_for_people(text, names):
    assert device(text) == names
