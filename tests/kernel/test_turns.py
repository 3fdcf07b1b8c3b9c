"""Writers of an SQLite file are let in in the order they came, in one process and between several."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_core.db import Database
from crm_core.errors import Unavailable

GREEDY = """
import sys, time
import sqlalchemy as sa
from crm_core.db import Database

database = Database(sys.argv[1])
while True:
    with database.transaction() as session:
        session.execute(sa.text("insert into note (who) values ('greedy')"))
        time.sleep(0.01)
    print(flush=True)
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/turns.sqlite3")
    with found.transaction() as session:
        session.execute(sa.text("create table note (id integer primary key, who text)"))
    yield found
    found.dispose()


def write(database: Database, who: str) -> None:
    with database.transaction() as session:
        session.execute(sa.text("insert into note (who) values (:who)"), {"who": who})


def notes(database: Database) -> list[str]:
    with database.reading() as connection:
        return [*connection.scalars(sa.text("select who from note order by id"))]


def test_threads_write_in_the_order_they_came(database: Database) -> None:
    threads = [threading.Thread(target=write, args=(database, str(n))) for n in range(8)]
    with database.transaction() as session:
        session.execute(sa.text("insert into note (who) values ('first')"))
        turns = session.connection().connection.driver_connection._turns
        for number, thread in enumerate(threads, start=1):
            thread.start()
            while len(turns._waiting) < number:  # so that it has come before the next
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert notes(database) == ["first", *"01234567"]


def test_a_process_that_writes_without_a_pause_lets_others_in(database: Database) -> None:
    command = [sys.executable, "-c", GREEDY, str(database.url)]
    with subprocess.Popen(command, stdout=-1, text=True) as greedy:
        try:
            assert greedy.stdout is not None and greedy.stdout.readline()
            passed_over = []
            for number in range(15):
                before = len(notes(database))
                write(database, str(number))
                passed_over.append(notes(database).index(str(number)) - before)
        finally:
            greedy.kill()
    assert statistics.median(passed_over) <= 4, passed_over


def test_who_waits_in_vain_is_told_and_the_queue_goes_on(tmp_path: Path, database: Database) -> None:
    hasty = Database(str(database.url), busy_timeout=0.2)
    with hasty.transaction() as session:
        session.execute(sa.text("insert into note (who) values ('outer')"))
        for impatient in (hasty, database):
            with pytest.raises(Unavailable), impatient.brief_transaction() as other:
                other.execute(sa.text("insert into note (who) values ('inner')"))
        with pytest.raises(Unavailable):
            write(hasty, "a second one of the same thread")
    write(hasty, "next")
    hasty.dispose()
    assert notes(database) == ["outer", "next"]


def test_a_transaction_that_fails_or_is_dropped_gives_its_turn_back(database: Database) -> None:
    hasty = Database(str(database.url), busy_timeout=0.5)
    with pytest.raises(ZeroDivisionError), hasty.transaction() as session:
        session.execute(sa.text("insert into note (who) values ('lost')"))
        raise ZeroDivisionError
    write(hasty, "after an error")
    connection = hasty.engine.connect()
    connection.begin()
    connection.invalidate()
    write(hasty, "after a connection was thrown away")
    dropped = hasty.engine.connect()
    dropped.begin()
    del dropped
    gc.collect()
    write(hasty, "after one was forgotten")
    hasty.dispose()
    assert len(notes(database)) == 3


def test_a_door_that_cannot_be_opened_keeps_nobody_out(database: Database) -> None:
    door = Path(f"{database.url.database}-queue")
    door.unlink()
    door.mkdir()
    write(database, "all the same")
    assert notes(database) == ["all the same"]
