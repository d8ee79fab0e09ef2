"""The commands of an operator that take enterprises in: registers and applications."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002 -- typer makes options of parameters

import os
from pathlib import Path
from typing import Annotated

import typer

from node.cli_operator import enterprise

application = typer.Typer(help="Applications (申请) of enterprises.", no_args_is_help=True)
document = typer.Typer(help="Documents of applications.", no_args_is_help=True)
register = typer.Typer(help="Registers that codes are looked up in.", no_args_is_help=True)
_File = Annotated[
    Path, typer.Argument(help="Particulars (主体数据) as JSON.", exists=True, dir_okay=False)
]
_Wanted = Annotated[str, typer.Option(help="The label of the prefix that is wanted.")]
_Id = Annotated[str, typer.Argument(help="The application's id.", metavar="ID")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(application, name="application")
    app.add_typer(document, name="document")
    app.add_typer(register, name="register")


@application.command("submit")
def submit(file: _File, wanted: _Wanted = "") -> None:
    """Take an application; prints it with its id. The same once more is the same application."""
    from node.commands.admissions import run, submitting

    run(os.environ, submitting(file.read_bytes(), wanted))


@application.command("resubmit")
def resubmit(number: _Id, file: _File, wanted: _Wanted = "") -> None:
    """Take an application again that was rejected, mended."""
    from node.commands.admissions import resubmitting, run

    run(os.environ, resubmitting(number, file.read_bytes(), wanted))


@application.command("list")
def listed(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that were decided or withdrawn too.")
    ] = False,
) -> None:
    """List the applications that somebody has still to decide or to mend."""
    from node.commands.admissions import listing, run

    run(os.environ, listing(decided=everything))


@application.command("show")
def show(number: _Id) -> None:
    """Show an application, personal data masked, and what was done to it."""
    from node.commands.admissions import run, showing

    run(os.environ, showing(number))


@application.command("history")
def history(number: _Id) -> None:
    """Tell what each revision of an application changed: who, when, old and new."""
    from node.commands.admissions import run, telling_revisions

    run(os.environ, telling_revisions(number))


@application.command("approve")
def approve(number: _Id) -> None:
    """Approve: the applicant becomes an enterprise with a prefix and a filing number."""
    from node.commands.admissions import approving, run

    run(os.environ, approving(number))


@application.command("reject")
def reject(
    number: _Id,
    reason: Annotated[list[str], typer.Option(help="What the applicant is to mend; repeatable.")],
) -> None:
    """Reject; the applicant may mend it."""
    from node.commands.admissions import rejecting, run

    run(os.environ, rejecting(number, tuple(reason)))


@application.command("withdraw")
def withdraw(number: _Id) -> None:
    """Withdraw for the applicant."""
    from identifiers.enterprises.review import Withdrawal
    from node.commands.admissions import deciding, run

    run(os.environ, deciding(number, Withdrawal()))


@application.command("change")
def change(
    enterprise: Annotated[int, typer.Argument(help="The enterprise's number.", metavar="NUMBER")],
    file: _File,
) -> None:
    """Ask for other particulars of an enterprise; reviewed as an application is."""
    from node.commands.admissions import run, submitting

    run(os.environ, submitting(file.read_bytes(), "", enterprise))


@application.command("record-national")
def record_national(
    number: _Id,
    reason: Annotated[
        list[str] | None, typer.Option(help="Why it rejected; none: it approved. Repeatable.")
    ] = None,
) -> None:
    """Record the verdict of the national node on what this node approved."""
    from node.commands.admissions import recording, run

    run(os.environ, recording(number, tuple(reason or ())))


@application.command("purge")
def purge(number: _Id) -> None:
    """Remove the personal data and documents of an application that was refused, for good."""
    from node.commands.admissions import purging, run

    run(os.environ, purging(number))


@application.command("verify")
def verify(
    number: Annotated[str, typer.Argument(help="An application, or an enterprise's number.")],
    method: Annotated[str, typer.Option(help="papers, registers, visit or agency.")],
    *,
    failed: Annotated[bool, typer.Option("--failed", help="They are not who they say.")] = False,
    note: Annotated[str, typer.Option(help="What was seen; no personal data.")] = "",
) -> None:
    """Note whether an organisation and its people are who they say (实名核验)."""
    from node.commands.admissions import run, verifying

    run(os.environ, verifying(number, method=method, failed=failed, note=note))


_Number = Annotated[int, typer.Argument(help="The enterprise's number.", metavar="NUMBER")]
_Reason = Annotated[str, typer.Option(help="Why; told to whoever may read it.")]


@enterprise.command("show")
def enterprise_show(number: _Number) -> None:
    """Show an enterprise as it was approved, personal data masked."""
    from node.commands.admissions import run
    from node.commands.enterprises import showing

    run(os.environ, showing(number))


@enterprise.command("export")
def enterprise_export(
    number: _Number,
    directory: Annotated[Path, typer.Argument(help="A new or empty one.", file_okay=False)],
    whole: Annotated[
        bool, typer.Option("--whole", help="Personal data as it is; else it is masked.")
    ] = False,
) -> None:
    """Write everything that an enterprise owns here into a directory; prints what was written.

    Particulars, prefixes, templates, code rules, webhooks, lists of keys and accounts, quotas,
    documents (what is in them: only with --whole), identifiers (they can be imported again),
    replaced versions, and what the audit log has of it. Secrets are left out. manifest.json is
    written last.
    """
    from node.commands.exporting import run

    run(os.environ, number, directory, whole=whole)


@enterprise.command("history")
def enterprise_history(number: _Number) -> None:
    """Tell who did what to an enterprise and when, old and new."""
    from node.commands.admissions import run
    from node.commands.enterprises import telling_history

    run(os.environ, telling_history(number))


@enterprise.command("suspend")
def suspend(number: _Number, reason: _Reason) -> None:
    """Switch all prefixes of an enterprise off: its names are told as living nowhere."""
    from node.commands.admissions import run, suspending

    run(os.environ, suspending(number, reason))


@enterprise.command("resume")
def resume(number: _Number) -> None:
    """Switch them on again, each as it was by itself."""
    from node.commands.admissions import resuming, run

    run(os.environ, resuming(number))


@enterprise.command("close")
def close(number: _Number, reason: _Reason) -> None:
    """Let an enterprise go, for good; its names stay taken."""
    from node.commands.admissions import closing, run

    run(os.environ, closing(number, reason))


@document.command("add")
def document_add(
    file: Annotated[Path, typer.Argument(help="JPEG, PNG or PDF.", exists=True, dir_okay=False)],
) -> None:
    """Keep a document (附件); name its id in an application within a day."""
    from node.commands.admissions import run, uploading

    run(os.environ, uploading(file.read_bytes()))


_Lines = Annotated[Path, typer.Argument(help="Lines CODE,NAME.", exists=True, dir_okay=False)]


@register.command("divisions")
def divisions(file: _Lines) -> None:
    """Load the division codes (行政区划代码, GB/T 2260), all of them; prints how many."""
    from node.commands.registers import loading

    loading(os.environ, "divisions", file.read_bytes())


@register.command("industries")
def industries(file: _Lines) -> None:
    """Load the classification of trades (GB/T 4754), in its order; prints how many."""
    from node.commands.registers import loading

    loading(os.environ, "industries", file.read_bytes())
