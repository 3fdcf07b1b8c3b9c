import csv
import dataclasses
import io
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_core import import_columns, import_options, import_report, import_work, imports, jobs
from crm_core.contributed_faces import ImportInto
from crm_core.db import KERNEL
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from crm_core.import_reading import CHUNK
from crm_core.jobs.execute import execute
from crm_core.models import Import, Job
from tests.services import sample_jobs
from tests.services.thing_importer import IMPORTER
from tests.services.things import THINGS, Thing


@pytest.fixture
def contributed():
    return [*THINGS, IMPORTER]


def file_of(*rows, header="name,size"):
    return "\r\n".join([header, *rows, ""]).encode()


def start(crm, content, by=None, **options):
    with crm.as_user(by or crm.user) as ctx:
        made = imports.start(ctx, "things", io.BytesIO(content), "things.csv", import_options.options_of(options))
        return made.id, made.job_id


def run(crm, job_id):
    execute(crm, "test", job_id, threading.Event())


def finish(crm, content, **options):
    import_id, job_id = start(crm, content, **options)
    run(crm, job_id)
    return report(crm, import_id)


def report(crm, import_id, by=None):
    with crm.as_user(by or crm.user, write=False) as ctx:
        return import_report.report(ctx, import_id)


def problems(crm, import_id, **options):
    with crm.as_user(crm.user, write=False) as ctx:
        return import_report.problems(ctx, import_id, **options)


def failed(crm, import_id):
    with crm.as_user(crm.user, write=False) as ctx:
        return "".join(import_report.failed_rows(ctx, imports.find(ctx, import_id)))


def names(crm):
    with crm.as_user() as ctx:
        return list(ctx.session.scalars(sa.select(Thing.name).order_by(Thing.id), execution_options=KERNEL))


def test_ie_01_the_report_counts_what_was_created_skipped_and_failed(crm):
    found = finish(crm, file_of("A,1", "skip,", "B,two", "C,3", "skip,"))
    assert (found.state, found.share, found.file_name) == ("done", 1.0, "things.csv")
    assert found.counts == {"created": 2, "updated": 0, "skipped": 2, "failed": 1, "warned": 0}
    assert names(crm) == ["A", "C"]
    listed, more = problems(crm, found.row.id)
    assert more is None
    assert [(p.line, p.outcome, p.field, p.text) for p in listed] == [
        (3, "skipped", "", "Known already"),
        (4, "failed", "size", "two is no number"),
        (6, "skipped", "", "Known already"),
    ]
    assert [p.line for p in problems(crm, found.row.id, outcome="failed")[0]] == [4]
    first, more = problems(crm, found.row.id, limit=1)
    assert [p.line for p in problems(crm, found.row.id, after=more, limit=1)[0]] == [4]


def test_a_failed_row_costs_its_value_when_lenient(crm):
    found = finish(crm, file_of("A,1", "B,two"), lenient=True)
    assert found.counts == {"created": 2, "updated": 0, "skipped": 0, "failed": 0, "warned": 1}
    assert names(crm) == ["A", "B"]


def test_the_file_of_failed_rows_can_be_mended_and_imported(crm):
    found = finish(crm, file_of('"B, or ""b""",two', "A,1", "C,four,extra"))
    text = failed(crm, found.row.id)
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows == [
        ["name", "size", "error"],
        ['B, or "b"', "two", "Line 2: size: two is no number"],
        ["C", "four", "Line 4: size: four is no number", "extra"],
    ]
    mended = finish(crm, text.replace("two,", "2,").encode())
    assert mended.counts["created"] == 1
    again = list(csv.reader(io.StringIO(failed(crm, mended.row.id).removeprefix("\ufeff"))))
    assert again[0] == ["name", "size", "error"]
    assert again[1][:2] == ["C", "four"]
    assert names(crm) == ["A", 'B, or "b"']


def test_a_dry_run_writes_nothing_and_can_be_done_for_real(crm):
    found = finish(crm, file_of("A,1", "B,two"), dry_run=True)
    assert found.dry_run
    assert found.counts["created"] == 1
    assert names(crm) == []
    with crm.as_user(crm.user) as ctx:
        made = imports.again(ctx, found.row.id, dry_run=False)
    run(crm, made.job_id)
    assert report(crm, made.id).counts["created"] == 1
    assert names(crm) == ["A"]


def test_a_row_on_which_the_writer_fails_costs_only_itself(crm):
    rows = [f"N{n}," for n in range(30)]
    rows[17] = "boom,"
    found = finish(crm, file_of(*rows))
    assert found.counts["created"] == 29
    assert found.counts["failed"] == 1
    listed, _ = problems(crm, found.row.id)
    assert [(p.line, p.code) for p in listed] == [(19, "plugin_error")]
    assert "ZeroDivisionError: boom" in listed[0].text


def test_a_writer_that_always_fails_ends_the_import(crm, monkeypatch):
    monkeypatch.setattr(import_work, "MAX_CRASHES", 2)
    import_id, job_id = start(crm, file_of(*["boom,"] * 5))
    run(crm, job_id)
    found = report(crm, import_id)
    assert found.state == "failed"
    assert found.error == "[core] The module failed on more than 2 rows, the last time with: ZeroDivisionError: boom"


def test_a_file_that_can_not_be_read_is_refused_at_once(crm):
    with pytest.raises(Invalid, match="no column name"):
        start(crm, b"a,b\r\n1,2\r\n")
    with pytest.raises(Invalid):
        start(crm, b"")
    with crm.as_user() as ctx:
        assert ctx.session.scalar(sa.select(sa.func.count()).select_from(Import)) == 0


def test_an_upload_has_a_limit(crm):
    with crm.as_user(crm.user) as ctx, pytest.raises(TooLarge):
        imports.start(ctx, "things", io.BytesIO(file_of("A,1")), "a.csv", import_options.options_of({}), max_bytes=5)


def test_who_may_not_create_may_not_import(crm):
    with crm.database.transaction() as session:
        from crm_core.directory import touch
        from crm_core.models import Grant, Role

        role = session.scalar(sa.select(Role.id).where(Role.code == "user"))
        session.add(Grant(role_id=role, entity="test.thing", action="read", level="all"))
        touch(session)
    with pytest.raises(Forbidden):
        start(crm, file_of("A,1"))
    with crm.as_user(crm.user) as ctx:
        assert not imports.may_import(ctx, "things")


def test_an_import_is_its_owners(crm):
    found = finish(crm, file_of("A,1"))
    other = crm.add_user("other@example.com", "Otto Other")
    with pytest.raises(NotFound):
        report(crm, found.row.id, other)
    assert report(crm, found.row.id, crm.admin).counts["created"] == 1
    with crm.as_user(other, write=False) as ctx:
        assert imports.listing(ctx, "things") == []
    with crm.as_user(crm.user, write=False) as ctx:
        assert [(r.id, s, n) for r, s, n in imports.listing(ctx, "things")] == [(found.row.id, "done", "things.csv")]


def test_nothing_imports_into_an_unknown_entity(crm):
    with crm.as_user(crm.user) as ctx, pytest.raises(NotFound):
        imports.start(ctx, "nothings", io.BytesIO(b"x"), "a.csv", import_options.options_of({}))


def test_options_are_checked(crm):
    found = import_options.options_of({"region": "de", "overrides": "Full=Name=name\n\nOther=\n", "lenient": "on"})
    assert (found.region, found.overrides, found.lenient) == ("DE", {"Full=Name": "name", "Other": ""}, True)
    with pytest.raises(Invalid) as caught:
        import_options.options_of({"region": "Germany", "overrides": ["no pair"]})
    assert [p.field for p in caught.value.problems()] == ["region", "overrides"]


PILED: list[tuple[str, list[int]]] = []
PILE = ImportInto(
    entity="test.thing", key="pile", label="Pile", choices=lambda ctx: [("red", "Red pile")],
    put=lambda ctx, choice, ids: PILED.append((choice, sorted(ids))),
)  # fmt: skip


class TestInto:
    @pytest.fixture
    def contributed(self):
        return [*THINGS, IMPORTER, PILE]

    def test_ie_05_imported_records_are_put_into_what_a_module_offers(self, crm):
        PILED.clear()
        with crm.as_user(crm.user) as ctx:
            assert import_columns.destinations(ctx, "test.thing") == [("pile:red", "Pile: Red pile")]
        with pytest.raises(Invalid, match="pile:blue"):
            start(crm, file_of("A,1"), into="pile:blue")
        assert finish(crm, file_of("A,1", "skip,", "B,2"), into="pile:red").counts["created"] == 2
        ((choice, ids),) = PILED
        assert (choice, len(ids)) == ("red", 2)


def test_a_cancelled_import_keeps_what_it_wrote(crm):
    import_id, job_id = start(crm, file_of("A,1"))
    with crm.as_user(crm.user) as ctx:
        jobs.cancel(ctx, job_id)
    assert report(crm, import_id).state == "cancelled"


def test_two_workers_can_not_write_the_same_rows(crm):
    import_id, job_id = start(crm, file_of("A,1"))

    class Foreground:
        def operation(self, **options):
            return crm.operation(crm.actor(crm.user), **options)

        def check_cancelled(self):
            with crm.database.transaction() as session:
                session.execute(sa.update(Import).values(position=1))

        def progress(self, *args):
            pass

    with pytest.raises(Conflict):
        import_work.work(Foreground(), import_id)
    assert names(crm) == []


@pytest.mark.slow
def test_an_import_goes_on_after_a_killed_process_without_a_row_twice(crm):
    total = CHUNK + 300  # of which the second chunk is under way for seconds
    rows = [f"{'slow' if n > CHUNK and n % 4 == 0 else f'N{n}'},{n}" for n in range(total)]
    import_id, job_id = start(crm, file_of(*rows))
    here = Path(sample_jobs.__file__)
    url = crm.database.url.render_as_string(hide_password=False)
    command = [sys.executable, str(here), str(crm.config.home), url]
    paths = {**os.environ, "PYTHONPATH": str(here.parents[2])}
    process = subprocess.Popen(command, env=paths)
    end = time.monotonic() + 90
    while not 0 < report(crm, import_id).counts["created"] < total:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.kill()
    process.wait()
    stopped = report(crm, import_id).counts["created"]
    assert stopped < total
    assert len(names(crm)) == stopped
    run(crm, job_id)
    assert report(crm, import_id).counts["created"] == total
    sizes = sorted(_sizes(crm))
    assert sizes == list(range(total))


def _sizes(crm):
    with crm.as_user() as ctx:
        return list(ctx.session.scalars(sa.select(Thing.size), execution_options=KERNEL))


def test_the_job_of_an_import_shows_its_progress(crm):
    _, job_id = start(crm, file_of("A,1", "B,2"))
    run(crm, job_id)
    with crm.database.transaction(write=False) as session:
        job = session.get(Job, job_id)
        assert (job.done, job.total, job.result["created"]) == (1000, 1000, 2)


def large(rows=2500):
    """A file that is read in a process of its own: few rows are written, all are long."""
    made = {0: "A,1", 1200: "B,two", rows - 1: "C,3"}
    return file_of(*(f"{made.get(i, 'skip,')},{'x' * 450}" for i in range(rows)), header="name,size,remark")


def check_large(found, crm):
    assert (found.state, found.share) == ("done", 1.0)
    assert found.counts == {"created": 2, "updated": 0, "skipped": 2497, "failed": 1, "warned": 0}
    assert names(crm) == ["A", "C"]
    assert [p.line for p in problems(crm, found.row.id, outcome="failed")[0]] == [1202]


def test_a_large_file_is_read_in_a_process_of_its_own(crm):
    check_large(finish(crm, large()), crm)


def fragile(path, options):
    """Open a file anywhere but in a process made for reading."""
    if multiprocessing.parent_process() is not None:
        raise RuntimeError("not here")
    return IMPORTER.open(path, options)


class TestFragileReader:
    @pytest.fixture
    def contributed(self):
        return [*THINGS, dataclasses.replace(IMPORTER, open=fragile)]

    def test_what_the_other_process_can_not_read_is_read_here(self, crm):
        check_large(finish(crm, large()), crm)
