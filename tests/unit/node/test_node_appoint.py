"""``prefix admin``: a key becomes an administrator, or a sentence says why not."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Operator
from identifiers.values import Value
from identifiers.wire.handle.data import decode_public_key
from identifiers.wire.handle.values import decode_values
from node.commands.administer import read_public_key
from node.commands.appoint import appointing, new_secret, sealing
from node.keys import Secret, load_or_make
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from registry.seals import Seals
from storage.memory import MemoryStore

ORDERED = Ordered(operator=Operator("tester"), at=1_800_000_000_000, request_id="r1")
SEALS = Seals(bytes(32))
NAME = "0.NA/88.300"


@pytest.fixture
async def store():
    memory = MemoryStore()
    root = PrefixEntry(prefix=Prefix.parse("88.300"), kind=PrefixKind.SECONDARY, enterprise=0)
    await Administration(memory, b"pepper").home_prefix(root, ORDERED)
    return memory


async def appoint(store, prefix="88.300", *, index=300, **key):
    work = appointing(prefix, index=index, seals=SEALS, **key)
    return await work(Administration(store, b"pepper"), ORDERED)


def pem(bits=2048):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


async def test_the_identity_and_the_secret_are_told(store):
    secret = new_secret(lambda size: bytes(range(size)))
    assert await appoint(store, secret=secret) == f"300:{NAME}\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
    assert SEALS.opened(NAME, decode_values(store.records[NAME].values)[1]) == secret


async def test_a_public_key_is_stored_in_the_handle_form(store):
    assert await appoint(store, index=301, public_key=read_public_key(pem())) == f"301:{NAME}"
    assert decode_public_key(decode_values(store.records[NAME].values)[1].data).e == 65537


async def test_what_cannot_be(store):
    with pytest.raises(NotDone, match="does not live here"):
        await appoint(store, "99", secret=b"x")
    with pytest.raises(NotDone, match="no prefix"):
        await appoint(store, "88..300", secret=b"x")
    with pytest.raises(NotDone, match="nobody could log in with this public key"):
        await appoint(store, public_key=read_public_key(pem(1024)))
    await appoint(store, secret=b"x")
    with pytest.raises(NotDone, match="HS_ADMIN already: choose another"):
        await appoint(store, index=100, secret=b"x")


def test_secrets_differ_and_can_be_typed():
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.isascii()
    assert len(first) == 32


def test_the_command_seals_as_the_node_does(tmp_path):
    (tmp_path / "node.lock").touch()  # a node worked here
    seals = sealing({"IDNODE_DATA_DIR": str(tmp_path)})
    node = Seals(load_or_make(tmp_path / "keys", Secret.SEAL))
    (sealed,) = seals.sealed(NAME, (Value(index=300, type="HS_SECKEY", data=b"s"),))
    assert node.opened(NAME, sealed) == b"s"
