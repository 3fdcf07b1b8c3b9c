"""The door: position, progress, resuming, memory and speed."""

import time
import tracemalloc

import pytest
from crm_contacts.importing import open_source

HEADER = (
    "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Type,E-mail 2 - Value,"
    "Phone 1 - Type,Phone 1 - Value,Address 1 - Type,Address 1 - Street,Address 1 - City,Address 1 - Postal Code,"
    "Address 1 - Country,Organization 1 - Name\r\n"
)


def content(count):
    return HEADER + "".join(
        f"First{n} Last{n},First{n},Last{n},* myContacts,* Work,first{n}@example.com,Home,last{n}@example.org,Mobile,"
        f'06 39 98 {n // 100 % 100:02d} {n % 100:02d},Work,"{n} rue A\nBât. {n}",Paris,75001,France,'
        f"Example {n % 50}\r\n"
        for n in range(count)
    )


def test_position_and_progress(source):
    found = source(content(3000))
    assert (found.position, found.progress) == (0, 0.0)
    seen = []
    for number, row in enumerate(found, start=1):
        assert row.position == found.position == number
        seen.append(found.progress)
    assert seen == sorted(seen)
    assert 0 < seen[0] < 0.5 < seen[-1] <= 1
    assert found.progress == 1.0


def test_what_a_source_tells(source):
    found = source(content(3))
    assert (found.format, found.preset, found.encoding, found.delimiter) == ("csv", "google", "utf-8", ",")
    assert found.size == found.path.stat().st_size
    assert found.ignored == ()
    assert found.mapping.by_name()["Given Name"] == ("first_name",)


def test_resuming_goes_on_after_the_row(write):
    path = write(content(50) + '"broken" quote,x\r\n' + content(20).removeprefix(HEADER))
    whole = list(open_source(path))
    for stop in (0, 1, 17, 50, 51, 70):
        rest = list(open_source(path, resume_at=stop))
        assert [(r.line, r.position, r.values) for r in rest] == [(r.line, r.position, r.values) for r in whole[stop:]]


def test_starting_at_a_line(write):
    path = write(content(10))
    assert [r.line for r in open_source(path, start_line=10)] == [10, 12, 14, 16, 18, 20]


def test_iterating_again_starts_again(source):
    found = source(content(5))
    assert [r.position for r in found] == [r.position for r in found] == [1, 2, 3, 4, 5]
    next(iter(found))
    assert len(list(found)) == 5


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "none.csv")


def test_only_a_header(rows):
    assert rows(HEADER) == []


def test_memory_stays_flat(write):
    path = write(content(9_000))
    list(zip(open_source(path), range(200), strict=False))  # caches and imports
    tracemalloc.start()
    try:
        for _ in open_source(path):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 1_600_000
    assert peak < 800_000


def test_speed(write):
    path = write(content(4000))
    list(zip(open_source(path), range(200), strict=False))
    start = time.process_time()
    assert sum(1 for row in open_source(path) if not row.problems) == 4000
    # The aim is 12,000 rows a second; the bound leaves room for slow machines and tracing.
    assert 4000 / (time.process_time() - start) > 2500
