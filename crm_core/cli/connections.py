"""``crm connections``: what a record is connected with."""

from __future__ import annotations

import click

from crm_core.cli.base import as_option, json_option, operation, table, warn, write_json
from crm_core.i18n import N_


@click.command()
@click.argument("entity")
@click.argument("record_id", metavar="ID", type=click.IntRange(1))
@click.option("--depth", default=1, show_default=True, type=click.IntRange(1, 3), help="How many steps to go.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 300), help="The most records.")
@click.option("--expand", default="", metavar="ENTITY:ID,...", help="Records of the graph to look at beyond.")
@as_option
@json_option
@click.pass_context
def connections(
    ctx: click.Context,
    entity: str,
    record_id: int,
    depth: int,
    limit: int,
    expand: str,
    email: str | None,
    as_json: bool,
) -> None:
    """Show which records belong to a record, and to which it belongs.

    ENTITY is a slug such as contacts, or a key such as contacts.contact.
    """
    from crm_core import connections as graphs
    from crm_core.rest.connections import document

    with operation(ctx, email, write=False) as found:
        graph = graphs.graph(found, entity, record_id, depth=depth, limit=limit, expand=graphs.refs_of(expand))
    if as_json:
        write_json(document(graph))
        return
    names = {ref: node.title for ref, node in graph.nodes.items()}
    table(("from", "relation", "to"), [(names[e.start], e.label, names[e.end]) for e in graph.edges])
    if graph.more:
        warn(N_("%(count)s more") if graph.exact else N_("at least %(count)s more"), count=graph.more)
