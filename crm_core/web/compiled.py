"""What is compiled for an application and kept for the life of the process, so that a swap compiles nothing again."""

from __future__ import annotations

from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class Compiled(BytecodeCache):
    """The code of templates by name and place; the source's checksum decides whether it still holds."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Put the code of a template into its bucket, when it is known."""
        if (found := self._kept.get(bucket.key)) is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


_builders: dict[tuple[Any, ...], Any] = {}


class KeptRule(Rule):
    """A rule whose address builder is compiled when an address is first built, and once for all applications.

    Werkzeug writes and compiles two functions for each of some hundred rules, of which a page uses few; that was
    most of what an application costs. Were it to call its method otherwise one day, rules would be compiled as ever.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        if self.defaults:
            return super()._compile_builder(append_unknown)
        # A builder depends on the parts of its rule alone.
        key, compiled = (tuple(self._trace), append_unknown), super()._compile_builder

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if key not in _builders:
                _builders[key] = compiled(append_unknown)
            found: tuple[str, str] = _builders[key](rule, **values)
            return found

        return build
