"""The error tree: code, HTTP status, text for the user, hint for the developer, and the plugin that raised it.

Messages are message ids with ``%(name)s`` parameters, translated when they are shown.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from crm_core.i18n import N_, gettext


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field; ``field`` is its key, or ``None`` for the record as a whole."""

    field: str | None
    code: str
    message: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    plugin: str | None = None

    def text(self) -> str:
        """Return the message in the current language."""
        return gettext(self.message, **self.params)


class ValueProblem(ValueError):
    """A single value that its field type refuses; the field is not known yet."""

    def __init__(self, code: str, message: str, **params: Any) -> None:
        """Keep code, message id and parameters."""
        super().__init__(message)
        self.code, self.message, self.params = code, message, params

    def at(self, field: str | None) -> Problem:
        """Return the problem of the field named."""
        return Problem(field, self.code, self.message, self.params)


class CrmError(Exception):
    """Base of every error the kernel raises on purpose."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    title: ClassVar[str] = N_("Something went wrong")
    remedy: ClassVar[str] = ""
    """What the person who met it can do."""

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        hint: str | None = None,
        params: Mapping[str, Any] | None = None,
        plugin: str | None = None,
    ) -> None:
        """Keep the message id and what belongs to it."""
        self.message = message or self.title
        self.field = field
        self.hint = hint
        self.params: Mapping[str, Any] = params or {}
        self.plugin = plugin
        super().__init__(self.message)

    def text(self) -> str:
        """Return the message in the current language."""
        return gettext(self.message, **self.params)

    def advice(self) -> str:
        """Return what one can do about it in the current language; nothing where the message says it."""
        return gettext(self.remedy) if self.remedy else ""

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong, field by field."""
        return (Problem(self.field, self.code, self.message, self.params, self.plugin),) if self.field else ()

    def __str__(self) -> str:
        """Return the text, with the plugin's name when it is known."""
        return f"[{self.plugin}] {self.text()}" if self.plugin else self.text()


class BadRequest(CrmError):
    """The request can't be read."""

    status, code, title = 400, "bad_request", N_("The request can't be read")


class FilterError(BadRequest):
    """A filter, sort or column names something unknown or unreadable."""

    code, title = "bad_filter", N_("The filter can't be read")


class ModuleOff(FilterError):
    """A filter or sort goes through records or fields of a module that is off; ``field`` is the whole path."""

    code, title = "module_off", N_("This is not available while a module is off")
    remedy = N_("Leave it out, or have an administrator turn the module on under Settings → Modules")

    def __init__(self, path: str, module: str) -> None:
        """Keep the path, and the module's title."""
        message = N_("“%(name)s” is not available while the module %(module)s is off")
        super().__init__(message, field=path[:200], params={"name": path[:200], "module": module})


def unknown_name(name: str, known: Iterable[str], what: str = N_("field")) -> FilterError:
    """Return the error for an unknown name, with the nearest known one."""
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    message = N_("Unknown %(what)s %(name)s; did you mean %(near)s?") if near else N_("Unknown %(what)s %(name)s")
    return FilterError(
        message, field=name[:80], params={"what": what, "name": name[:80], "near": near[0] if near else ""}
    )


class NotSignedIn(CrmError):
    """No actor is known."""

    status, code, title = 401, "not_signed_in", N_("Please sign in")


class Forbidden(CrmError):
    """The actor may not do this."""

    status, code, title = 403, "forbidden", N_("You may not do this")


class NotFound(CrmError):
    """The thing does not exist for this actor."""

    status, code, title = 404, "not_found", N_("This does not exist, or you may not see it")


class Conflict(CrmError):
    """A rule of the business forbids it in the present state."""

    status, code, title = 409, "conflict", N_("This is not possible now")


class Stale(CrmError):
    """Someone else saved first."""

    status, code, title = 412, "stale", N_("Someone else changed this record meanwhile")

    def __init__(self, message: str | None = None, *, version: int | None = None, **kw: Any) -> None:
        """Keep the version that is stored now."""
        super().__init__(message, **kw)
        self.version = version


class TooLarge(CrmError):
    """An upload or a body passes its limit."""

    status, code, title = 413, "too_large", N_("This is too large")


class WrongType(CrmError):
    """An upload or a body is of a type that is not accepted."""

    status, code, title = 415, "wrong_type", N_("This type is not accepted")


class Invalid(CrmError):
    """Values don't pass validation; all problems together."""

    status, code, title = 422, "invalid", N_("Some values need your attention")

    def __init__(self, problems: Iterable[Problem], **kw: Any) -> None:
        """Keep every problem."""
        super().__init__(**kw)
        self._problems = tuple(problems)

    def problems(self) -> tuple[Problem, ...]:
        """Return every problem, in field order."""
        return self._problems

    def __str__(self) -> str:
        """Return all problems in one line."""
        return "; ".join(f"{p.field or '-'}: {p.text()}" for p in self._problems)


class TooMany(CrmError):
    """A rate limit is passed."""

    status, code, title = 429, "too_many", N_("Too many attempts; please wait")

    def __init__(self, message: str | None = None, *, retry_after: int = 60, **kw: Any) -> None:
        """Keep the seconds to wait."""
        super().__init__(message, **kw)
        self.retry_after = retry_after


class Unavailable(CrmError):
    """The database or a service does not answer now; nothing was written."""

    status, code, title = 503, "unavailable", N_("The service is busy; please try again in a moment")


class PluginError(CrmError):
    """A plugin's code failed where the kernel must stop."""

    code, title = "plugin_error", N_("A module failed; nothing was saved")


class UnscopedStatement(CrmError):
    """Code in an actor's database session ran a statement that permissions can't be applied to."""

    code, title = "unscoped", N_("This statement can't be limited to what the user may see")
