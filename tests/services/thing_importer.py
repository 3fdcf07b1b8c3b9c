"""A small importer of the tests' own: ``name;size``, a row whose name is ``boom`` makes the writer fail."""

import csv
import dataclasses
import time

from crm_core import records
from crm_core.contributions import Importer
from crm_core.import_protocol import RowResult


@dataclasses.dataclass
class Problem:
    field: str | None
    code: str
    message: str
    value: str = ""
    params: dict = dataclasses.field(default_factory=dict)
    fatal: bool = True


@dataclasses.dataclass
class Row:
    line: int
    position: int
    values: dict
    raw: list
    problems: list = dataclasses.field(default_factory=list)


class Source:
    def __init__(self, path, options):
        self.options = options
        self.stream = path.open(encoding="utf-8-sig", newline="")
        self.reader = csv.reader(self.stream)
        self.header = next(self.reader, [])
        if "name" not in self.header:
            self.stream.close()
            raise ValueError("The file has no column name")
        self.mapping = {column: column for column in self.header if column in ("name", "size")}
        self.size, self.progress = path.stat().st_size, 0.0

    def __iter__(self):
        read = 0
        for position, cells in enumerate(self.reader, start=1):
            read += sum(map(len, cells)) + len(cells)
            self.progress = min(1.0, read / self.size)
            if position <= self.options.resume_at:
                continue
            values = {c: v for c, v in zip(self.header, cells, strict=False) if c in self.mapping}
            row = Row(self.reader.line_num, position, values, cells)
            size = values.get("size", "")
            if size and not size.isdigit():
                fatal = not self.options.lenient
                row.problems.append(Problem("size", "number", "%(value)s is no number", size, {"value": size}, fatal))
                values.pop("size")
            yield row
        self.progress = 1.0

    def close(self):
        self.stream.close()


def write(ctx, rows):
    results = []
    for row in rows:
        if row.values["name"] == "boom":
            raise ZeroDivisionError("boom")
        if row.values["name"] == "skip":
            results.append(
                RowResult(outcome="skipped", problems=[Problem(None, "known", "Known already", fatal=False)])
            )
            continue
        if row.values["name"] == "slow":
            time.sleep(0.02)
        made = records.create(ctx, "test.thing", row.values)
        results.append(RowResult(outcome="created", record_id=made.id))
    return results


IMPORTER = Importer(entity="test.thing", slug="things", label="Import things", open=Source, write=write)
