"""Phone numbers to E.164, with a short way for the writings nearly all of them have.

A number is accepted when it has the general form of its country's numbers (``phonenumbers`` metadata). The narrower
question whether the block is in use is not asked: it refuses new blocks, and those set apart for examples.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata

from crm_contacts.importing.normalise import BadValue

_PUNCTUATION = str.maketrans("", "", " .-()/\u00a0\u202f\u2011\u2013\t")


class Phone(NamedTuple):
    """A number in E.164 and the extension written after it, empty as a rule."""

    number: str
    extension: str = ""


class _Plan(NamedTuple):
    """What the short way needs of a country's numbering plan."""

    code: str
    form: re.Pattern[str]
    trunk: re.Pattern[str] | None
    simple: bool


def phone(text: str, region: str) -> Phone:
    """Return the number in E.164; one without a country code is read as of ``region``.

    Raises:
        BadValue: not a number its country could have.
    """
    return _quick(text.translate(_PUNCTUATION), region) or _thorough(text, region)


def _quick(compact: str, region: str) -> Phone | None:
    """Return the number if the short way is sure about it."""
    if compact[:1] == "+":
        plan = _plan_of_digits(compact[1:4])
        if plan is None:
            return None
        national = compact[1 + len(plan.code) :]
        if plan.trunk and plan.trunk.match(national):
            return None
    else:
        plan = _plan_of_region(region)
        if plan is None:
            return None
        prefix = plan.trunk.match(compact) if plan.trunk else None
        if prefix and (not prefix.end() or plan.form.fullmatch(compact)):
            return None
        national = compact[prefix.end() :] if prefix else compact
    return Phone(f"+{plan.code}{national}") if plan.simple and plan.form.fullmatch(national) else None


@lru_cache(maxsize=16_384)
def _thorough(text: str, region: str) -> Phone:
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as exc:
        raise BadValue("phone") from exc
    plan = _plan_of_code(parsed.country_code or 0)
    national = phonenumbers.national_significant_number(parsed)
    # Territories under another country's code (Mayotte under Réunion's) may have forms that the plan does not know.
    if not (plan and plan.form.fullmatch(national)) and not phonenumbers.is_valid_number(parsed):
        raise BadValue("phone")
    return Phone(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), parsed.extension or "")


@lru_cache(maxsize=2048)
def _plan_of_digits(digits: str) -> _Plan | None:
    for length in (1, 2, 3):
        code = digits[:length]
        if code.isascii() and code.isdigit() and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return _plan_of_code(int(code))
    return None


@lru_cache(maxsize=256)
def _plan_of_region(region: str) -> _Plan | None:
    code = phonenumbers.country_code_for_region(region)
    plan = _plan_of_code(code) if code else None
    # A region that shares its country code (Canada, Jersey …) may dial in a way of its own.
    main = code and phonenumbers.region_code_for_country_code(code) == region
    return plan if main else None


@lru_cache(maxsize=512)
def _plan_of_code(code: int) -> _Plan | None:
    region = phonenumbers.region_code_for_country_code(code)
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if metadata is None or metadata.general_desc is None or metadata.general_desc.national_number_pattern is None:
        return None
    trunk = metadata.national_prefix_for_parsing
    return _Plan(
        code=str(code),
        form=re.compile(metadata.general_desc.national_number_pattern, re.ASCII),
        trunk=re.compile(trunk) if trunk else None,
        # Some plans rewrite numbers while parsing (Argentina, Mexico, Brazil with carriers).
        simple=metadata.national_prefix_transform_rule is None,
    )
