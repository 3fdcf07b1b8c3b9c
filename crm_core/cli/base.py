"""What commands share: the deployment, operations as someone, output as a table or JSON, errors in a line."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from crm_core.errors import CrmError, NotFound
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.config import Config
    from crm_core.context import Actor, Ctx
    from crm_core.contributions import CliGroup
    from crm_core.deployment import Deployment

WIDEST = 80
"""Letters of a table's cell; JSON is never cut."""

F = TypeVar("F", bound=Callable[..., Any])

as_option = click.option("--as", "email", metavar="EMAIL", help="Act as this user instead of the system.")
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Don't ask.")


@contextmanager
def told() -> Iterator[None]:
    """Turn errors of the CRM and of the database into a line on standard error and exit code 1."""
    try:
        yield
    except CrmError as exc:
        raise click.ClickException(sentence(exc)) from exc
    except SQLAlchemyError as exc:
        reason = str(getattr(exc, "orig", None) or exc).strip().partition("\n")[0]
        raise click.ClickException(gettext(N_("The database does not answer: %(reason)s"), reason=reason)) from exc


def sentence(exc: CrmError) -> str:
    """Return an error with every problem of every field, the plugin that raised it in front."""
    text = exc.text()
    others = [p for p in exc.problems() if p.text() != text]
    lines = [f"{p.field}: {p.text()}" if p.field else p.text() for p in others]
    where = f"[{exc.plugin}] " if exc.plugin else ""
    advice = [exc.advice()] if exc.remedy else []
    return where + "\n  ".join([text, *lines, *advice])


def configuration(ctx: click.Context) -> Config:
    """Return the deployment's settings, read once.

    Raises:
        CrmError: a value of the wrong type, or ``crm.toml`` can't be read.
    """
    root = ctx.find_root()
    if "config" not in root.meta:
        import tomllib

        from crm_core.config import load_config
        from crm_core.i18n import use_language

        try:
            root.meta["config"] = load_config()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise CrmError(N_("crm.toml can't be read: %(reason)s"), params={"reason": str(exc)}) from exc
        root.with_resource(use_language(root.meta["config"].language))
    found: Config = root.meta["config"]
    return found


def deployment(ctx: click.Context) -> Deployment:
    """Return the deployment, opened once and closed at the program's end.

    Raises:
        NotInitialised: ``crm init`` has not been run, or has to be run again.
    """
    root = ctx.find_root()
    if "deployment" not in root.meta:
        from crm_core.deployment import Deployment

        opened = Deployment.open(configuration(ctx))
        root.call_on_close(opened.close)
        root.meta["deployment"] = opened
    found: Deployment = root.meta["deployment"]
    return found


def actor(opened: Deployment, email: str | None) -> Actor:
    """Return the actor of an e-mail address, the system's operator without one.

    Raises:
        NotFound: there is no such user.
        NotSignedIn: the user is deactivated.
    """
    if not email:
        return opened.system_actor(gettext(N_("Operator")), via="cli")
    user = opened.directory.user_by_email(email)
    if user is None:
        raise NotFound(N_("There is no user %(email)s"), params={"email": email})
    return opened.directory.actor(user.id, via="cli")


@contextmanager
def operation(ctx: click.Context, email: str | None = None, *, write: bool = True) -> Iterator[Ctx]:
    """Run the block in one transaction as a user, or as the system."""
    opened = deployment(ctx)
    with opened.operation(actor(opened, email), write=write) as found:
        yield found


def plugin_commands(ctx: click.Context) -> dict[str, click.Command]:
    """Return the commands active plugins contribute; none before the deployment is set up."""
    from crm_core.contributions import CliGroup
    from crm_core.lifecycle import NotInitialised

    try:
        registry = deployment(ctx).registry
    except NotInitialised:
        return {}
    commands = [_command(item) for item in registry.of(CliGroup)]
    return {c.name: c for c in commands if c is not None and c.name}


def _command(item: CliGroup) -> click.Command | None:
    """Return a plugin's command; one that can't be made is said on standard error, and the others go on."""
    try:
        return item.command()
    except Exception as exc:  # noqa: BLE001 - whatever a plugin raises
        click.echo(f"[{item.plugin}] {type(exc).__name__}: {exc}", err=True)
        return None


def say(message: str, **params: Any) -> None:
    """Write a sentence in the deployment's language."""
    click.echo(gettext(message, **params))


def warn(message: str, **params: Any) -> None:
    """Write a sentence to standard error."""
    click.echo(gettext(message, **params), err=True)


def write_json(value: Any) -> None:
    """Write a value as JSON, as the REST interface does."""
    from crm_core.rest.jsonio import dumps

    click.echo(json.dumps(json.loads(dumps(value)), indent=2, ensure_ascii=False))


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, widest: int = WIDEST) -> None:
    """Write rows in columns, under headers; a longer text is cut at ``widest`` letters."""
    lines = [[_cell(v, widest) for v in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *lines, strict=True)]
    for line in [list(headers), *lines]:
        click.echo("  ".join(v.ljust(w) for v, w in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any, widest: int) -> str:
    text = " ".join(str("" if value is None else value).split())
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def show(as_json: bool, headers: Sequence[str], rows: Sequence[Mapping[str, Any]], nothing: str = "") -> None:
    """Write rows as JSON, or the named values of each as a table."""
    if as_json:
        write_json(list(rows))
    elif rows:
        table(headers, [[row.get(h) for h in headers] for row in rows])
    elif nothing:
        say(nothing)


def confirm(yes: bool, message: str, **params: Any) -> None:
    """Ask before something that can't be taken back lightly.

    Raises:
        click.Abort: the answer is no, or nobody can answer.
    """
    if not yes:
        click.confirm(gettext(message, **params), abort=True)


def pairs(values: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value`` arguments; a value that is a JSON list, object or null is read as such.

    Raises:
        click.UsageError: an argument without ``=``.
    """
    found: dict[str, Any] = {}
    for item in values:
        key, equals, text = item.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{item!r} is not of the form KEY=VALUE")
        found[key] = _value(text)
    return found


def _value(text: str) -> Any:
    if text[:1] in "[{" or text == "null":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def with_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Join option decorators that several commands share."""
    return lambda function: functools.reduce(lambda done, option: option(done), reversed(options), function)
