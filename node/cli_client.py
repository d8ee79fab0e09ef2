"""The commands that are clients of a node: resolve, import, export, bench."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002, PLR0917 -- typer makes options of parameters, and they are given by name

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from node.forms import Encoding, Form, Mode

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
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Does somebody vouch for the values? Exit status 3: unknown, 4: untrusted.",
        ),
    ] = False,
    roots: Annotated[
        Path | None,
        typer.Option(
            "--roots",
            help="A list of trust roots (JSON) for --verify. Without: IDNODE_TRUST_ROOTS.",
        ),
    ] = None,
) -> None:
    """Look an identifier up and print its values. Without a transport: UDP, then TCP."""
    from node.commands.ask import Transport, Vouching
    from node.commands.ask import resolve as run

    if roots is not None and not verify:
        raise typer.BadParameter("--roots goes with --verify")

    chosen = [
        transport for transport, wanted in (("udp", udp), ("tcp", tcp), ("http", http)) if wanted
    ]
    if len(chosen) > 1:
        raise typer.BadParameter("choose one of --udp, --tcp and --http")
    status = run(
        os.environ,
        name,
        transport=Transport(chosen[0]) if chosen else Transport.UDP_THEN_TCP,
        server=server,
        indexes=index or [],
        types=type_ or [],
        authoritative=authoritative,
        as_json=json,
        vouching=Vouching(roots) if verify else None,
    )
    if status:
        raise typer.Exit(status)


def import_(
    file: Annotated[Path, typer.Argument(help="NDJSON, CSV or a CBOR sequence.")],
    form: Annotated[
        Form | None, typer.Option("--format", help="Without: by the end of the file's name.")
    ] = None,
    encoding: Annotated[
        Encoding,
        typer.Option(help="Of CSV: utf-8, or gb18030 (also GBK, as Chinese Excel writes it)."),
    ] = Encoding.UTF_8,
    from_handle_batch: Annotated[
        bool, typer.Option("--from-handle-batch", help="The file is a Handle.Net batch file.")
    ] = False,
    from_handle_dump: Annotated[
        bool, typer.Option("--from-handle-dump", help="The file is a Handle.Net JSON dump.")
    ] = False,
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="What happens to identifiers that are there already."
            " Without: create, for a dump replace."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Of Handle.Net files: write all that was not taken over here (NDJSON)."),
    ] = None,
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
    if from_handle_batch or from_handle_dump:
        _move_in(
            file,
            form=form,
            mode=mode,
            batch=from_handle_batch,
            dump=from_handle_dump,
            dry_run=dry_run,
            again=again,
            report=report,
            server=server,
            key_file=key_file,
        )
        return
    if report is not None:
        raise typer.BadParameter("--report goes with --from-handle-batch and --from-handle-dump")
    from node.commands.transfer import send

    send(
        os.environ,
        file,
        form=form,
        encoding=encoding,
        mode=mode or Mode.CREATE,
        dry_run=dry_run,
        again=again,
        server=server,
        key_file=key_file,
    )


def _move_in(
    file: Path,
    *,
    form: Form | None,
    mode: Mode | None,
    batch: bool,
    dump: bool,
    dry_run: bool,
    again: bool,
    report: Path | None,
    server: str | None,
    key_file: Path | None,
) -> None:
    from node.commands.moving import move_batch, move_dump

    if batch and dump:
        raise typer.BadParameter("choose one of --from-handle-batch and --from-handle-dump")
    if form is not None:
        raise typer.BadParameter("--format does not go with a Handle.Net file")
    if dump:
        move_dump(
            os.environ,
            file,
            mode=mode or Mode.REPLACE,
            dry_run=dry_run,
            again=again,
            report=report,
            server=server,
            key_file=key_file,
        )
        return
    if mode is not None:
        raise typer.BadParameter("--mode does not go with a batch file: its commands say it")
    move_batch(
        os.environ,
        file,
        dry_run=dry_run,
        again=again,
        report=report,
        server=server,
        key_file=key_file,
    )


def export(
    prefix: Annotated[str, typer.Option(help="Just this prefix, without those below it.")],
    form: Annotated[
        Form | None,
        typer.Option("--format", help="Without: by the end of the output's name, else NDJSON."),
    ] = None,
    handle_batch: Annotated[
        bool,
        typer.Option("--handle-batch", help="As a Handle.Net batch file; needs --output."),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file. Without: stdout.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Of a batch file: write all that it cannot hold here (NDJSON)."),
    ] = None,
    server: Server = None,
    key_file: KeyFile = None,
) -> None:
    """Write everything under a prefix, in the form that import takes."""
    if handle_batch:
        from node.commands.moving_out import export_batch

        if output is None:
            raise typer.BadParameter("--handle-batch needs --output: keys go into files beside it")
        export_batch(
            os.environ, prefix, output=output, report=report, server=server, key_file=key_file
        )
        return
    from node.commands.transfer import export as run

    run(os.environ, prefix, form=form, output=output, server=server, key_file=key_file)


def bench(context: typer.Context) -> None:
    """Measure the rates of this machine, as ratios to bare references; prints JSON.

    ``--quick`` takes small sizes, ``--only`` some parts; ``--help`` tells all.
    """
    # In place of this process, not below it: a signal to end has to reach what cleans up.
    command = [sys.executable, "-P", "-m", "loadtest.bench", *context.args]
    os.execv(sys.executable, command)  # noqa: S606 -- our own module


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(resolve)
    app.command("import")(import_)
    app.command()(export)
    app.command(
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        add_help_option=False,
    )(bench)
