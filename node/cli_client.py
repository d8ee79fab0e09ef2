"""The commands that are clients of a node: resolve, import, export, bench."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002, PLR0917 -- typer makes options of parameters, and they are given by name

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from node.forms import Form, Mode

Server = Annotated[
    str | None, typer.Option(help="host:port, or a URL for HTTP. Without: this node's own.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="A file with the API key, or the demo's. Without: IDNODE_API_KEY."),
]


def resolve(
    name: Annotated[str, typer.Argument(help="The identifier, such as 88.300.1/A.")],
    udp: Annotated[bool, typer.Option("--udp", help="Over the Handle protocol, UDP only.")] = False,
    tcp: Annotated[bool, typer.Option("--tcp", help="Over the Handle protocol, TCP.")] = False,
    http: Annotated[bool, typer.Option("--http", help="Over HTTP.")] = False,
    server: Server = None,
    index: Annotated[
        list[int] | None, typer.Option(help="Only values of this index; repeatable.")
    ] = None,
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Only values of this type; repeatable.")
    ] = None,
    authoritative: Annotated[
        bool, typer.Option("--authoritative", help="Past the server's caches.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The Handle JSON form.")] = False,
) -> None:
    """Look an identifier up and print its values. Without a transport: UDP, then TCP."""
    from node.commands.ask import Transport
    from node.commands.ask import resolve as run

    chosen = [
        transport for transport, wanted in (("udp", udp), ("tcp", tcp), ("http", http)) if wanted
    ]
    if len(chosen) > 1:
        raise typer.BadParameter("choose one of --udp, --tcp and --http")
    run(
        os.environ,
        name,
        transport=Transport(chosen[0]) if chosen else Transport.UDP_THEN_TCP,
        server=server,
        indexes=index or [],
        types=type_ or [],
        authoritative=authoritative,
        as_json=json,
    )


def import_(
    file: Annotated[Path, typer.Argument(help="NDJSON, CSV or a CBOR sequence.")],
    form: Annotated[
        Form | None, typer.Option("--format", help="Without: by the end of the file's name.")
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="What happens to identifiers that are there already.")
    ] = Mode.CREATE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge every row and change nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="A new request, though this file was sent before.")
    ] = False,
    server: Server = None,
    key_file: KeyFile = None,
) -> None:
    """Register everything in a file; the same file sent again goes on where it was cut."""
    from node.commands.transfer import send

    send(
        os.environ,
        file,
        form=form,
        mode=mode,
        dry_run=dry_run,
        again=again,
        server=server,
        key_file=key_file,
    )


def export(
    prefix: Annotated[str, typer.Option(help="Just this prefix, without those below it.")],
    form: Annotated[Form, typer.Option("--format")] = Form.NDJSON,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file. Without: stdout.")
    ] = None,
    server: Server = None,
    key_file: KeyFile = None,
) -> None:
    """Write everything under a prefix, in the form that import takes."""
    from node.commands.transfer import export as run

    run(os.environ, prefix, form=form, output=output, server=server, key_file=key_file)


def bench(context: typer.Context) -> None:
    """Measure the rates of this machine, as ratios to bare references; prints JSON."""
    command = [sys.executable, "-P", "-m", "loadtest.bench", *context.args]
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 -- our own module


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(resolve)
    app.command("import")(import_)
    app.command()(export)
    app.command(
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        add_help_option=False,
    )(bench)
