"""``python -m benchmarks``: build what is missing, measure, print. See ``--help``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

from benchmarks import (
    duplicates,
    exporting,
    fields,
    hosting,
    importing,
    lists,
    permission,
    report,
    searching,
    starting,
    stock,
    undoing,
)
from benchmarks.bench import Bench

SECTIONS: dict[str, Callable[[Bench], None]] = {
    "list": lists.run,
    "search": searching.run,
    "fields": fields.run,
    "access": permission.run,
    "import": importing.run,
    "export": exporting.run,
    "start": starting.run,
    "sets": permission.run_many,
    "undo": undoing.run,
    "modules": hosting.run,
    "duplicates": duplicates.run,
}
DATABASES = ("sqlite", "postgresql")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="contacts, separated by commas")
    parser.add_argument("--databases", default=",".join(DATABASES))
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas")
    parser.add_argument("--write", type=Path, help="write the output to this page as well")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _measure(kind: str, sizes: list[int], sections: list[str], versions: list[str]) -> Bench:
    with ExitStack() as stack:
        context: Any = stock.postgresql() if kind == "postgresql" else nullcontext()
        make = stack.enter_context(context)
        bench = Bench(kind, {n: stack.enter_context(stock.opened(kind, n, make, _say)) for n in sizes}, make=make)
        if kind == "postgresql":
            address = bench.stocks[sizes[0]].deployment.database.url.render_as_string(hide_password=False)
            versions.append(report.server_version(address))
        for name in sections:
            _say(f"{kind}: {name}")
            SECTIONS[name](bench)
    return bench


def main() -> None:
    """Run what the command line asks for."""
    given = _arguments()
    sizes = sorted(int(size) for size in given.sizes.split(","))
    begin = os.getloadavg()[0]
    versions: list[str] = []
    benches = [_measure(kind, sizes, given.only.split(","), versions) for kind in given.databases.split(",")]
    text = report.page(benches, versions, (begin, os.getloadavg()[0]))
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
