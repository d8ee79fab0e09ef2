"""The commands of an operator that keep prefixes: states, hosting, applications, rules."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002 -- typer makes options of parameters, and they are given by name

import os
from typing import Annotated

import typer

_Prefix = Annotated[str, typer.Argument(help="Such as 88.300.1.", metavar="PREFIX")]
_Id = Annotated[str, typer.Argument(help="The application's id.", metavar="ID")]
_Reason = Annotated[str, typer.Option(help="Why; the enterprise reads it.")]
_Enterprise = Annotated[int, typer.Option(help="The enterprise's number.", min=1)]
_Quota = Annotated[int | None, typer.Option(help="How many identifiers at most.", min=0)]


def add_to(prefix: typer.Typer) -> None:
    """Add these commands to those of prefixes."""
    for name, command in (
        ("show", show),
        ("history", history),
        ("suspend", suspend),
        ("resume", resume),
        ("retire", retire),
        ("remove", remove),
        ("transfer", transfer),
        ("quota", quota),
        ("host", host),
        ("refuse-hosting", refuse_hosting),
        ("allot", allot),
        ("rule", rule),
        ("apply", apply),
        ("applications", applications),
        ("approve", approve),
        ("reject", reject),
        ("withdraw", withdraw),
        ("record-national", record_national),
    ):
        prefix.command(name)(command)


def show(prefix: _Prefix) -> None:
    """Show a prefix: whose, its state, hosting, routes, quota, how soon its approval was seen."""
    from node.commands.prefixes import run, showing

    run(os.environ, showing(prefix))


def history(prefix: _Prefix) -> None:
    """Show what was done to a prefix, newest first: who, when, old and new."""
    from node.commands.prefixes import run, telling_history

    run(os.environ, telling_history(prefix))


def suspend(prefix: _Prefix, reason: _Reason) -> None:
    """Switch a prefix off (停用): its names are told as living nowhere; nothing is lost."""
    from identifiers.standings import PrefixState
    from node.commands.prefixes import run, switching

    run(os.environ, switching(prefix, PrefixState.DISABLED, reason))


def resume(prefix: _Prefix) -> None:
    """Switch a prefix on again (启用)."""
    from identifiers.standings import PrefixState
    from node.commands.prefixes import run, switching

    run(os.environ, switching(prefix, PrefixState.ENABLED))


def retire(prefix: _Prefix, reason: _Reason) -> None:
    """Switch a prefix off for good (待删除)."""
    from identifiers.standings import PrefixState
    from node.commands.prefixes import run, switching

    run(os.environ, switching(prefix, PrefixState.TO_BE_DELETED, reason))


def remove(prefix: _Prefix) -> None:
    """Forget a retired prefix with nothing under it; it may be given again."""
    from node.commands.prefixes import removing, run

    run(os.environ, removing(prefix))


def transfer(prefix: _Prefix, enterprise: _Enterprise) -> None:
    """Hand a prefix, and all below it of the same enterprise, to another enterprise.

    Administrators, keys and certificates of the former holder go from the prefixes' records.
    """
    from node.commands.prefixes import run, transferring

    run(os.environ, transferring(prefix, enterprise))


def quota(
    prefix: _Prefix,
    limit: Annotated[str, typer.Argument(help="A number, or none.", metavar="NUMBER")],
) -> None:
    """Say how many identifiers may stand under a prefix."""
    from node.commands.prefixes import limiting, run

    if limit != "none" and not (limit.isascii() and limit.isdigit()):
        raise typer.BadParameter("say a number, or none")
    run(os.environ, limiting(prefix, None if limit == "none" else int(limit)))


def host(prefix: _Prefix) -> None:
    """Let names of a prefix live here (托管): routes go from its record."""
    from identifiers.standings import Hosting
    from node.commands.prefixes import hosting, run

    run(os.environ, hosting(prefix, Hosting.HOSTED))


def refuse_hosting(prefix: _Prefix, reason: _Reason) -> None:
    """Refuse the hosting that an enterprise asked for."""
    from identifiers.standings import Hosting
    from node.commands.prefixes import hosting, run

    run(os.environ, hosting(prefix, Hosting.REJECTED, reason))


def allot(
    enterprise: _Enterprise,
    root: Annotated[str, typer.Option(help="Below it; without: the node's first.")] = "",
    quota: _Quota = None,
) -> None:
    """Give an enterprise whichever prefix is next by the rule; `home` gives a certain one."""
    from node.commands.prefixes import allotting, run

    run(os.environ, allotting(enterprise, root, quota))


def rule(
    root: Annotated[str, typer.Option(help="Below it; without: the node's first.")] = "",
    first: Annotated[int | None, typer.Option(help="The lowest number.", min=0)] = None,
    digits: Annotated[int | None, typer.Option(help="At least so many.", min=1, max=11)] = None,
    reserved: Annotated[
        list[str] | None,
        typer.Option(help="Numbers such as 1-99 that only the node gives; repeatable. '': none."),
    ] = None,
    keep_vanity: Annotated[
        bool | None,
        typer.Option("--keep-vanity/--give-vanity", help="Nice numbers (靓号) on request only."),
    ] = None,
) -> None:
    """Show how labels are given below a secondary prefix, or say how from now on."""
    from node.commands.prefixes import amended, ruling, run

    said = (first, digits, reserved, keep_vanity)
    if all(value is None for value in said):
        run(os.environ, ruling(root, None))
        return
    work = ruling(
        root,
        lambda there: amended(
            there, first=first, digits=digits, reserved=reserved, keep_vanity=keep_vanity
        ),
    )
    run(os.environ, work)


def apply(
    enterprise: _Enterprise,
    label: Annotated[str, typer.Option(help="The label wanted; without: the next.")] = "",
    purpose: Annotated[str, typer.Option(help="What it is for.")] = "",
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help="Names are to live at the enterprise's node.")
    ] = False,
) -> None:
    """Apply for a prefix more, for an enterprise."""
    from node.commands.prefixes import applying, run

    run(os.environ, applying(enterprise, label, purpose, hosted=not elsewhere))


def applications(
    every: Annotated[bool, typer.Option("--all", help="Those that were decided too.")] = False,
) -> None:
    """List applications for prefixes that somebody has still to decide or to mend."""
    from node.commands.prefixes import listing_applications, run

    run(os.environ, listing_applications(every=every))


def approve(number: _Id) -> None:
    """Approve for the node; in local mode the prefix resolves within a second."""
    from node.commands.prefixes import deciding, run, verdict

    run(os.environ, deciding(number, verdict(())))


def reject(
    number: _Id,
    reason: Annotated[list[str], typer.Option(help="What the applicant is to mend; repeatable.")],
) -> None:
    """Reject for the node; the applicant may mend it."""
    from node.commands.prefixes import deciding, run, verdict

    run(os.environ, deciding(number, verdict(tuple(reason))))


def withdraw(number: _Id) -> None:
    """Withdraw for the applicant: the label is free again."""
    from identifiers.enterprises.review import Withdrawal
    from node.commands.prefixes import deciding, run

    run(os.environ, deciding(number, Withdrawal()))


def record_national(
    number: _Id,
    reason: Annotated[
        list[str] | None, typer.Option(help="Rejected, and why; repeatable. Without: approved.")
    ] = None,
) -> None:
    """Record the national node's verdict on what this node approved."""
    from node.commands.prefixes import deciding, run, verdict

    run(os.environ, deciding(number, verdict(tuple(reason or ()), national=True)))
