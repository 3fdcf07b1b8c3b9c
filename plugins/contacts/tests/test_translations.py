"""Every text of the plugin has its French, with the same parameters."""

import re
from pathlib import Path

import crm_contacts
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

FOLDER = Path(crm_contacts.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
PARAMETER = re.compile(r"%\(\w+\)s")


def test_every_message_is_in_french_with_its_parameters():
    with (FOLDER / "translations" / "fr.po").open("rb") as file:
        french = {str(message.id): str(message.string) for message in read_po(file, locale="fr")}
    used = {
        str(m) for _, _, m, _, _ in extract_from_dir(FOLDER, METHODS, keywords={"N_": None, "gettext": None, "_": None})
    }
    assert sorted(m for m in used if not french.get(m)) == []
    for message in used:
        assert set(PARAMETER.findall(message)) == set(PARAMETER.findall(french[message])), message
