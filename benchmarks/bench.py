"""One run on one database: its data sets, what is drawn from them, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from benchmarks.chance import Draw
from benchmarks.client import Caller
from benchmarks.measure import Sample, Section, Verdict, ms
from benchmarks.stock import Stock


@dataclass
class Bench:
    """What the measurements share."""

    kind: str
    stocks: dict[int, Stock]
    sections: list[Section] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    make: Callable[[str], str] | None = None

    @cached_property
    def sizes(self) -> list[int]:
        """Return the sizes of the data sets, small to large."""
        return sorted(self.stocks)

    @cached_property
    def draws(self) -> dict[int, Draw]:
        """Return what is drawn from each data set."""
        return {size: Draw(stock) for size, stock in self.stocks.items()}

    @cached_property
    def admins(self) -> dict[int, Caller]:
        """Return the administrator's client of each data set."""
        return {size: Caller(s.deployment, s.deployment.admin) for size, s in self.stocks.items()}

    def section(self, title: str, note: str, *header: str) -> Section:
        """Begin a table."""
        found = Section(f"{title} ({self.kind})", note, header)
        self.sections.append(found)
        return found

    def judge(self, target: str, limit: float, found: dict[str, float], unit: str = "x") -> None:
        """Compare the worst of some ratios with a target."""
        worst = max(found, key=lambda name: found[name])
        measured = f"{found[worst]:.2f}{unit} ({worst})"
        self.verdicts.append(Verdict(target, self.kind, measured, found[worst] <= limit))


def cells(samples: list[Sample]) -> list[str]:
    """Return median and p90 of samples as cells."""
    return [f"{ms(sample.p50)} ({ms(sample.p90)})" for sample in samples]


def growth(samples: list[Sample]) -> float:
    """Return how many times the last takes what the first takes, by their medians."""
    return samples[-1].p50 / samples[0].p50
