"""``site-key``: the public key of this node's site, for whoever delegates a prefix to it."""

import base64
import sys
import textwrap
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.keys import sm2
from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.keys.sm2 import Sm2Key
from identifiers.wire.handle.data import RsaKey
from node import config
from node.database import must_exist
from node.keys import site_signer
from node.refusals import NotDone

_COLUMNS: Final = 64
"""RFC 7468 section 2."""


def run(environ: Mapping[str, str]) -> None:
    """Write the key of the node with these settings. Raises `BadSettings`, `NotDone`, `UnfitKey`.

    It is made when there is none yet, but not where no node ever worked: nobody would sign with it.
    """
    settings = config.load(environ)
    must_exist(settings)
    sys.stdout.write(pem(site_signer(settings.keys_dir)))


def pem(signer: RsaSigner | Sm2Signer) -> str:
    """Return the public key of `signer` as SubjectPublicKeyInfo in PEM (RFC 7468 section 13)."""
    key = parse_public_key(signer.public)
    match key:
        case Sm2Key():
            der = sm2.encode_spki(key)
        case RsaKey(e, n):
            public = rsa.RSAPublicNumbers(e, n).public_key()
            der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        case _:
            raise NotDone("the key of this site signs with neither RSA nor SM2")
    lines = textwrap.wrap(base64.b64encode(der).decode(), _COLUMNS)
    return "\n".join(("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""))
