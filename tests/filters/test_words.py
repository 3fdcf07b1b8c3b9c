import pytest
from hypothesis import given

from crm_core.filters import Relative, parse, to_words
from crm_core.filters.words import relative_words

from .strategies import nodes

LABELS = {"city": "City", "score": "Score", "tags": "Tags", "due": "Due date", "owner": "Owner", "team": "Team"}
FRENCH = {
    "%(field)s is %(value)s": "%(field)s est %(value)s",
    "%(field)s contains %(value)s": "%(field)s contient %(value)s",
    "%(a)s and %(b)s": "%(a)s et %(b)s",
    "me": "moi",
}


def words(text: str) -> str:
    return to_words(parse(text), lambda path: LABELS.get(path, path), lambda _path, value: str(value), lambda m: m)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('city = "Paris"', "City is Paris"),
        ('city in ("Paris", "Lyon")', "City is one of Paris, Lyon"),
        ('city not in ("Paris", "Lyon")', "City is none of Paris, Lyon"),
        ("score >= 5", "Score is at least 5"),
        ("due >= -30d", "Due date is 30 days ago or later"),
        ("due < 2026-12-31", "Due date is before 2026-12-31"),
        ("due = this_month", "Due date is this month"),
        ("due < tomorrow", "Due date is before tomorrow"),
        ("due <= +1w", "Due date is 1 week from now or earlier"),
        ("owner = me and team in my_teams", "Owner is me and Team is one of my teams"),
        ('tags has "vip"', "vip is among Tags"),
        ("city is null", "City is empty"),
        ("not city is null", "City is not empty"),
        ('not city startswith "P"', "City does not start with P"),
        ('not city = "P"', "City is not P"),
        ("not score < 5", "not: Score is less than 5"),
        (
            "score < 5 and not score > 9 or score = 7",
            "(Score is less than 5 and (not: Score is more than 9)) or Score is 7",
        ),
        ("score = 1 and (score = 2 or score = 3)", "Score is 1 and (Score is 2 or Score is 3)"),
        ("not (score = 1 or score = 2)", "none of: Score is 1; Score is 2"),
        ("not (score = 1 and score = 2)", "not all of: Score is 1; Score is 2"),
        ("true", "everything"),
        ("false", "nothing"),
    ],
)
def test_sentences(text, sentence):
    assert words(text) == sentence


def test_other_languages():
    node = parse('city = "Paris" and owner = me and city contains "100%(x)s"')
    said = to_words(node, LABELS.__getitem__, lambda _p, v: f"«{v}»", lambda m: FRENCH.get(m, m))
    assert said == "City est «Paris» et Owner est moi et City contient «100%(x)s»"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Relative("now"), "now"),
        (Relative("now", -1, "h"), "1 hour ago"),
        (Relative("now", 90, "min"), "90 minutes from now"),
        (Relative("today", -1), "yesterday"),
        (Relative("today", -1, "y"), "1 year ago"),
        (Relative("period", -1, "q"), "last quarter"),
    ],
)
def test_relative_dates(value, said):
    assert relative_words(value, lambda message: message) == said


@given(nodes)
def test_every_filter_can_be_said(node):
    said = to_words(node, lambda path: path, lambda _path, value: "v", lambda message: message)
    assert said
    assert "%(" not in said
