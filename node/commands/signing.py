"""``prefix sign``: the node vouches for what is written under a prefix."""

import os
from collections.abc import Callable
from typing import assert_never

import msgspec

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Signer
from identifiers.trust.claims import encode_jwk
from node.commands.administer import Work, parse_prefix
from node.refusals import NotDone
from registry.administration import Administration, Ordered, Unallotted
from registry.appointment import IndexTaken
from registry.certification import Certified
from registry.commands import change_ids


def signing_prefix(text: str, signer: Signer, chance: Callable[[int], bytes] = os.urandom) -> Work:
    """Sign what is written under a prefix; the result is a list of roots for clients (JSON)."""
    prefix = parse_prefix(text)

    async def work(administration: Administration, ordered: Ordered) -> str:
        (change,) = change_ids(ordered.at, chance, 1)
        answer = await administration.vouch(prefix, signer, change, ordered)
        match answer:
            case Certified(identity=identity, key=key):
                roots = {str(identity): encode_jwk(parse_public_key(key))}
                return msgspec.json.encode(roots).decode()
            case IndexTaken(type=kind):
                raise NotDone(
                    f"the node's key would stand where a value of type {kind} is: remove that first"
                )
            case Unallotted():
                raise _unallotted(text)
            case _:
                assert_never(answer)

    return work


def leaving_unsigned(text: str) -> Work:
    """Sign nothing more under a prefix; the result is the prefix."""
    prefix = parse_prefix(text)

    async def work(administration: Administration, ordered: Ordered) -> str:
        if not await administration.vouch_no_more(prefix, ordered):
            raise _unallotted(text)
        return str(prefix)

    return work


def _unallotted(text: str) -> NotDone:
    return NotDone(f"{text} was never allotted: idnode prefix home {text}")
