"""``prefix admin`` and ``identity add``: who is known over the Handle protocol, and as what."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Final, assert_never

from identifiers.faults import Invalid
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import check_key, parse_public_key
from identifiers.names import Handle
from identifiers.principals import HandleIdentity
from node import config
from node.commands.administer import Work, parse_prefix
from node.database import must_exist
from node.keys import Secret, load
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from registry.allotment import Unallotted
from registry.appointment import Appointment, IndexTaken
from registry.commands import change_ids
from registry.identification import Identification, IsSigned, OfPrefix, identify
from registry.seals import Seals

_SECRET_OCTETS: Final = 24


def new_secret(chance: Callable[[int], bytes] = os.urandom) -> bytes:
    """Return a new secret key of 192 random bits, as text that one can type."""
    return urlsafe_b64encode(chance(_SECRET_OCTETS))


def sealing(environ: Mapping[str, str]) -> Seals:
    """Return the seals of this node, once its secrets were made.

    Raises `BadSettings`, `NotDone` and `UnfitKey`.
    """
    settings = config.load(environ)
    must_exist(settings)
    return Seals(load(settings.keys_dir, Secret.SEAL))


def appointing(
    text: str,
    *,
    index: int,
    seals: Callable[[], Seals],
    public_key: bytes = b"",
    secret: bytes = b"",
    chance: Callable[[int], bytes] = os.urandom,
) -> Work:
    """Let a key administer a prefix: `public_key` is HS_PUBKEY data, `secret` a new secret key.

    The result is the identity to log in with, and below it the secret key, if that is what it has.
    """
    if public_key:
        _check(public_key)
    wanted = Appointment(
        prefix=parse_prefix(text), index=index, public_key=public_key, secret=secret
    )

    async def work(administration: Administration, ordered: Ordered) -> str:
        (change,) = change_ids(ordered.at, chance, 1)
        answer = await administration.appoint(wanted, seals(), change, ordered)
        match answer:
            case HandleIdentity():
                return "\n".join(filter(None, (str(answer), secret.decode())))
            case IndexTaken(type=kind):
                raise NotDone(
                    f"{wanted.identity} is a value of type {kind} already: choose another --index"
                )
            case Unallotted():
                raise NotDone(
                    f"{text} does not live here: idnode prefix home {text} --enterprise NUMBER"
                )
            case _:
                assert_never(answer)

    return work


def identifying(
    text: str,
    *,
    index: int,
    seals: Callable[[], Seals],
    public_key: bytes = b"",
    secret: bytes = b"",
    chance: Callable[[int], bytes] = os.urandom,
) -> Work:
    """Let a key stand under a name, with no rights of its own. Keys and result as `appointing`."""
    if public_key:
        _check(public_key)
    try:
        handle = Handle.parse(text)
    except Invalid as why:
        raise NotDone("; ".join(fault.detail() for fault in why.faults)) from None
    wanted = Identification(handle=handle, index=index, public_key=public_key, secret=secret)

    async def work(administration: Administration, ordered: Ordered) -> str:
        (change,) = change_ids(ordered.at, chance, 1)
        answer = await identify(administration.store, wanted, seals(), change, ordered)
        match answer:
            case HandleIdentity():
                return "\n".join(filter(None, (str(answer), secret.decode())))
            case IndexTaken(type=kind):
                raise NotDone(
                    f"{index}:{text} is a value of type {kind} already: choose another --index"
                )
            case Unallotted():
                raise NotDone(
                    f"{text} does not live here: say this at the node that has its prefix, or first"
                    f" idnode prefix home {handle.prefix} --enterprise NUMBER"
                )
            case OfPrefix():
                raise NotDone(f"{text} is the record of a prefix: idnode prefix admin")
            case IsSigned():
                raise NotDone(
                    f"what is written under {handle.prefix} is signed: register the key over the"
                    " registration API"
                )
            case _:
                assert_never(answer)

    return work


def _check(public_key: bytes) -> None:
    try:
        check_key(parse_public_key(public_key))
    except KeyUnfit as why:
        raise NotDone(f"nobody could log in with this public key: {why}") from None
