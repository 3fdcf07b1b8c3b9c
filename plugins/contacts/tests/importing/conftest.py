"""Writes small files and reads them back as rows."""

import pytest
from crm_contacts.importing import open_source


@pytest.fixture
def write(tmp_path):
    """Return a function that writes text (in an encoding) or bytes to a file and returns its path."""

    def write(content, *, encoding="utf-8", name="contacts.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture
def source(write):
    """Return a function that opens content as an import source."""

    def source(content, *, encoding="utf-8", name="contacts.csv", **options):
        return open_source(write(content, encoding=encoding, name=name), **options)

    return source


@pytest.fixture
def rows(source):
    """Return a function that reads content into a list of rows."""

    def rows(content, **options):
        return list(source(content, **options))

    return rows


@pytest.fixture
def row(rows):
    """Return a function that reads the only row of content."""

    def row(content, **options):
        (only,) = rows(content, **options)
        return only

    return row


@pytest.fixture
def table():
    """Return a function that makes a file of one data row from a dict of columns."""

    def table(cells, delimiter=","):
        def line(texts):
            return delimiter.join('"' + text.replace('"', '""') + '"' for text in texts)

        return line(cells) + "\r\n" + line(cells.values()) + "\r\n"

    return table
