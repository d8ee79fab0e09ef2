"""The commands of an operator: enterprises, prefixes, keys."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002, PLR0917 -- typer makes options of parameters, and they are given by name

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from identifiers.principals import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.administration import Administration, Ordered
    from registry.seals import Seals

enterprise = typer.Typer(help="Enterprises (企业) of this node.", no_args_is_help=True)
prefix = typer.Typer(help="Prefixes (前缀) that this node serves.", no_args_is_help=True)
key = typer.Typer(help="API keys of enterprises.", no_args_is_help=True)
identity = typer.Typer(help="Who is known over the Handle protocol.", no_args_is_help=True)
PublicKey = Annotated[
    Path | None,
    typer.Option(
        help="The administrator's public key: binary Handle form or PEM.",
        exists=True,
        dir_okay=False,
    ),
]
Secret = Annotated[bool, typer.Option("--secret", help="Make a secret key; prints it, this once.")]
Index = Annotated[int, typer.Option(help="Where the key stands.", min=1)]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(enterprise, name="enterprise")
    app.add_typer(prefix, name="prefix")
    app.add_typer(key, name="key")
    app.add_typer(identity, name="identity")
    app.command("site-key")(site_key)


@enterprise.command("add")
def enterprise_add(
    name: Annotated[str, typer.Argument(help="Its name.")],
    credit_code: Annotated[str, typer.Option(help="Unified social credit code.")] = "",
    industry: Annotated[str, typer.Option(help="Class in GB/T 4754.")] = "",
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Also when there is one of this name already.")
    ] = False,
) -> None:
    """Add an enterprise; prints its number."""
    from node.commands.administer import adding_enterprise, run

    work = adding_enterprise(name, credit_code=credit_code, industry=industry, again=again)
    run(os.environ, work)


@enterprise.command("load")
def enterprise_load(
    file: Annotated[
        Path,
        typer.Argument(
            help='JSON lines: {"name": …, "credit_code": …, "industry": …, "prefixes": […]}.',
            dir_okay=False,
            exists=True,
        ),
    ],
) -> None:
    """Add many enterprises with their prefixes; prints a JSON line with a key for each.

    Safe to repeat: who is there already, by credit code, gets only what is missing, and a new key.
    """
    from node.commands.administer import run
    from node.commands.enrol import loading_enterprises

    run(os.environ, loading_enterprises(file.read_bytes()))


_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@enterprise.command("list")
def enterprise_list(as_json: _Json = False) -> None:
    """List the enterprises with their numbers."""
    from node.commands.administer import run
    from node.commands.listing import listing_enterprises

    run(os.environ, listing_enterprises(as_json=as_json))


@prefix.command("list")
def prefix_list(as_json: _Json = False) -> None:
    """List the prefixes: whose they are, and whether homed (or given up), delegated, signed."""
    from node.commands.administer import run
    from node.commands.listing import listing_prefixes

    run(os.environ, listing_prefixes(as_json=as_json))


@key.command("list")
def key_list(
    enterprise: Annotated[int | None, typer.Option(help="Only this one's.")] = None,
    as_json: _Json = False,
) -> None:
    """List API keys by their ids, revoked and expired ones too; secrets are nowhere kept."""
    from node.commands.administer import run
    from node.commands.listing import listing_keys

    run(os.environ, listing_keys(enterprise=enterprise, as_json=as_json))


@prefix.command("home")
def prefix_home(
    prefix: Annotated[str, typer.Argument(help="Such as 88.300, or 88.300.1 below it.")],
    enterprise: Annotated[
        int | None,
        typer.Option(help="Whose it is; without: a secondary prefix of the node itself."),
    ] = None,
    fold_suffix: Annotated[
        bool, typer.Option(help="Compare names under it without regard to ASCII case.")
    ] = False,
    own: Annotated[
        bool,
        typer.Option("--own", help="The node's own, although it is below one that is homed."),
    ] = False,
) -> None:
    """Home a prefix; prints it.

    One of the node's own, homed without --enterprise by mistake, becomes an enterprise's when it is
    homed again with --enterprise, as long as nothing is registered there.
    """
    from node.commands.administer import homing_prefix, run

    if own and enterprise is not None:
        raise typer.BadParameter("say --enterprise NUMBER, or --own")
    work = homing_prefix(prefix, enterprise=enterprise, fold_suffix=fold_suffix, own=own)
    run(os.environ, work)


@prefix.command("unhome")
def prefix_unhome(
    prefix: Annotated[str, typer.Argument(help="Homed before, such as 88.300.1.")],
) -> None:
    """Answer for a prefix no more; prints it.

    Whose it is, its names and its keys stay as they are: `idnode prefix home` restores it.
    """
    from node.commands.administer import giving_up_prefix, run

    run(os.environ, giving_up_prefix(prefix))


@prefix.command("keep-names")
def prefix_keep_names(
    prefix: Annotated[str, typer.Argument(help="Allotted before, such as 88.300.1.")],
    off: Annotated[bool, typer.Option("--off", help="Let them be deleted again.")] = False,
) -> None:
    """Forbid that identifiers under a prefix are deleted once they are active; prints the prefix.

    They may be suspended, and revoked for good. What is only reserved may still be deleted.
    """
    from node.commands.administer import keeping_names, run

    run(os.environ, keeping_names(prefix, keeps=not off))


@prefix.command("delegate")
def prefix_delegate(
    prefix: Annotated[str, typer.Argument(help="An enterprise's, such as 88.300.1.")],
    site: Annotated[
        list[str] | None,
        typer.Option(
            help="HOST:PORT of the enterprise's Handle server, numeric; several servers of one site"
            " separated by commas. Repeatable: further sites mirror the first."
        ),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            help="The servers' public key: binary Handle form or PEM.", exists=True, dir_okay=False
        ),
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Answer for its names here again.")] = False,
) -> None:
    """Let the enterprise's own node answer for names under a prefix; prints the prefix.

    Both the prefix's mark and the routes in its record 0.NA/PREFIX are written.
    """
    import secrets

    from node.commands.administer import delegating_prefix, read_public_key, run

    if bool(site) == back:
        raise typer.BadParameter("say --site HOST:PORT, or --back")
    data = b"" if public_key is None else read_public_key(public_key.read_bytes())
    sites = site or []
    work = delegating_prefix(prefix, sites=sites, public_key=data, chance=secrets.token_bytes)
    run(os.environ, work)


@prefix.command("admin")
def prefix_admin(
    prefix: Annotated[str, typer.Argument(help="Such as 88.300.1.")],
    public_key: PublicKey = None,
    secret: Secret = False,
    index: Index = 300,
) -> None:
    """Let a key administer a prefix over the Handle protocol; prints the identity to log in with.

    HS_ADMIN and the key are written into the prefix's record 0.NA/PREFIX. Other administrators
    stay; what the index holds is replaced.
    """
    from node.commands.administer import run
    from node.commands.appoint import appointing

    data, made, seals = _key(public_key, secret=secret)
    work = appointing(prefix, index=index, public_key=data, secret=made, seals=seals)
    run(os.environ, work)


@identity.command("add")
def identity_add(
    handle: Annotated[str, typer.Argument(help="A name that lives here, such as 88.300.7/ADMIN.")],
    public_key: PublicKey = None,
    secret: Secret = False,
    index: Index = 300,
) -> None:
    """Let a key stand under a name; prints the identity to log in with.

    It has no rights by that: those are given by HS_ADMIN values, here or on another node. What else
    the name has stays; a key at the index is replaced.
    """
    from node.commands.administer import run
    from node.commands.appoint import identifying

    data, made, seals = _key(public_key, secret=secret)
    work = identifying(handle, index=index, public_key=data, secret=made, seals=seals)
    run(os.environ, work)


def _key(public_key: Path | None, *, secret: bool) -> tuple[bytes, bytes, "Callable[[], Seals]"]:
    """Return HS_PUBKEY data or a new secret, the other one empty, and what gives the seals."""
    from node.commands.administer import read_public_key
    from node.commands.appoint import new_secret, sealing

    if (public_key is None) != secret:
        raise typer.BadParameter("say --public-key FILE, or --secret")
    data = b"" if public_key is None else read_public_key(public_key.read_bytes())
    return data, new_secret() if secret else b"", lambda: sealing(os.environ)


def site_key() -> None:
    """Print the public key that this node signs its answers with (PEM), for other nodes.

    `idnode prefix delegate --public-key` takes it there. The key is made when there is none yet.
    """
    from node.commands.site_key import run

    run(os.environ)


@prefix.command("sign")
def prefix_sign(
    prefix: Annotated[str, typer.Argument(help="An allotted one, such as 88.300.1.")],
    off: Annotated[bool, typer.Option("--off", help="Sign nothing more.")] = False,
    new_only: Annotated[
        bool, typer.Option("--new-only", help="Leave what is registered already as it is.")
    ] = False,
) -> None:
    """Sign what is written under a prefix with the node's key (HS_SIGNATURE); prints that key.

    What is printed is a file for `idnode resolve --verify --roots FILE`. The key and a certificate
    go into the record of the secondary prefix. Then what is registered already is signed, page by
    page; where that was cut, the same command goes on.
    """
    from node import config
    from node.commands.administer import run
    from node.commands.signing import leaving_unsigned, signing_prefix
    from node.database import must_exist
    from node.keys import site_signer

    if off:
        run(os.environ, leaving_unsigned(prefix))
    else:
        settings = config.load(os.environ)
        must_exist(settings)

        async def work(administration: "Administration", ordered: "Ordered") -> str:
            # Only now is it known that the keys are this database's: in others none is made.
            signer = site_signer(settings.keys_dir)
            return await signing_prefix(prefix, signer, existing=not new_only)(
                administration, ordered
            )

        run(os.environ, work)


@key.command("create")
def key_create(
    enterprise: Annotated[int, typer.Option(help="Whose key it is.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; repeatable. Without: everything.")
    ] = None,
    prefix: Annotated[
        list[str] | None, typer.Option(help="Only below this prefix; repeatable.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Only from this network; repeatable.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long it is in force.", min=1, max=366)] = 365,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make an API key; prints it, this once."""
    from node.commands.administer import creating_key, run

    work = creating_key(
        enterprise=enterprise,
        scopes=scope or [],
        prefixes=prefix or [],
        networks=network or [],
        days=days,
        label=label,
    )
    run(os.environ, work)


@key.command("revoke")
def key_revoke(
    key_id: Annotated[str, typer.Argument(help="The part before the dot: idnode key list.")],
) -> None:
    """End an API key; prints its id. A running node refuses the key within two seconds.

    An old id that begins with "-" is written after "--": idnode key revoke -- -Ab3.
    """
    from node.commands.administer import revoking_key, run

    run(os.environ, revoking_key(key_id))
