"""Timing by turns, and the tables that show it.

What is compared is measured by turns, one after the other again and again, so that a slow moment of the machine
falls on all alike; that makes ratios within one run worth more than the milliseconds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

REPEATS = 40
WARM = 3
Key = TypeVar("Key")


@dataclass(frozen=True)
class Sample:
    """The times of one subject, in seconds."""

    times: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Return the median in milliseconds."""
        return statistics.median(self.times) * 1000

    @property
    def p90(self) -> float:
        """Return the time that nine of ten stay under, in milliseconds."""
        return sorted(self.times)[int(len(self.times) * 0.9)] * 1000


def by_turns(subjects: Mapping[Key, Callable[[], object]], repeats: int = REPEATS) -> dict[Key, Sample]:
    """Return the times of subjects that were called by turns, after a few calls that don't count."""
    times: dict[Key, list[float]] = {key: [] for key in subjects}
    for turn in range(WARM + repeats):
        for key, call in subjects.items():
            begin = time.perf_counter()
            call()
            spent = time.perf_counter() - begin
            if turn >= WARM:
                times[key].append(spent)
    return {key: Sample(tuple(found)) for key, found in times.items()}


@dataclass
class Verdict:
    """A target and what was measured."""

    target: str
    database: str
    measured: str
    met: bool


@dataclass
class Section:
    """A table with its heading and a sentence on how to read it."""

    title: str
    note: str
    header: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the section as Markdown."""
        widths = [max(len(str(row[i])) for row in [self.header, *self.rows]) for i in range(len(self.header))]
        lines = [_line(self.header, widths), "|" + "|".join("-" * (w + 2) for w in widths) + "|"]
        lines += [_line(row, widths) for row in self.rows]
        return f"### {self.title}\n\n{self.note}\n\n" + "\n".join(lines) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(str(c).ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"


def ms(value: float) -> str:
    """Return milliseconds as text."""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
