"""``prefix admin``, ``identity add``, ``site-key``: keys, or a sentence that says why not."""

from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity, Operator
from identifiers.values import Value
from identifiers.wire.handle.data import decode_public_key
from identifiers.wire.handle.values import decode_values, encode_values
from node.commands.administer import read_public_key
from node.commands.appoint import appointing, identifying, new_secret, sealing
from node.commands.site_key import pem as site_key_pem
from node.commands.site_key import run as tell_site_key
from node.keys import Secret, load_or_make, site_signer
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.seals import Seals
from storage.memory import MemoryStore

ORDERED = Ordered(operator=Operator("tester"), at=1_800_000_000_000, request_id="r1")
SEALS = Seals(bytes(32))
NAME = "0.NA/88.300"
KEPT = "88.300/ADMIN"
SIGNER = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture
async def store():
    memory = MemoryStore()
    root = PrefixEntry(prefix=Prefix.parse("88.300"), kind=PrefixKind.SECONDARY, enterprise=0)
    await Administration(memory, b"pepper").home_prefix(root, ORDERED)
    return memory


async def appoint(store, prefix="88.300", *, index=300, **key):
    work = appointing(prefix, index=index, seals=lambda: SEALS, **key)
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


async def identify(store, name=KEPT, *, index=300, **key):
    work = identifying(name, index=index, seals=lambda: SEALS, **key)
    return await work(Administration(store, b"pepper"), ORDERED)


async def test_a_key_stands_under_a_name_and_has_no_rights(store):
    secret = b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
    assert await identify(store, secret=secret) == f"300:{KEPT}\n{secret.decode()}"
    public = read_public_key(pem())
    assert await identify(store, index=301, public_key=public) == f"301:{KEPT}"
    hidden, shown = decode_values(store.records[KEPT].values)
    assert (SEALS.opened(KEPT, hidden), shown.data) == (secret, public)
    assert (hidden.type, shown.type) == ("HS_SECKEY", "HS_PUBKEY")
    known = Identities(store, Prefixes(store), SEALS)
    assert await known.check_secret(HandleIdentity(KEPT, 300), secret) == HandleIdentity(KEPT, 300)
    entry = store.audited[-1]
    assert (entry.action, entry.subject) == ("identity.add", KEPT)
    # Again is no new version; another key at the index is one.
    await identify(store, index=301, public_key=public)
    assert store.records[KEPT].version == 2
    await identify(store, secret=b"other")
    assert store.records[KEPT].version == 3


async def test_where_no_key_can_stand(store):
    office = Administration(store, b"pepper")
    with pytest.raises(NotDone, match=r"99/A does not live here.* idnode prefix home 99 "):
        await identify(store, "99/A", secret=b"x")
    with pytest.raises(NotDone, match="idnode prefix admin"):
        await identify(store, NAME, secret=b"x")
    with pytest.raises(NotDone, match="prefix"):
        await identify(store, "no handle", secret=b"x")
    with pytest.raises(NotDone, match="nobody could log in with this public key"):
        await identify(store, public_key=read_public_key(pem(1024)))
    url = encode_values((Value(index=300, type="URL", data=b"https://1.example/"),))
    await identify(store, secret=b"x")
    store.records[KEPT] = msgspec.structs.replace(store.records[KEPT], values=url)
    with pytest.raises(NotDone, match="type URL already: choose another --index"):
        await identify(store, secret=b"x")
    await office.vouch(Prefix.parse("88.300"), SIGNER, UUID(int=1), ORDERED)
    with pytest.raises(NotDone, match="is signed"):
        await identify(store, secret=b"x")


@pytest.mark.parametrize("signer", [SIGNER, Sm2Signer(11, bytes)], ids=["RSA", "SM2"])
def test_the_key_of_the_site_is_printed_as_others_read_it(signer):
    printed = site_key_pem(signer)
    assert printed.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert read_public_key(printed.encode()) == signer.public


def test_only_where_a_node_worked_is_its_key_told(tmp_path, capsys):
    environ = {"IDNODE_DATA_DIR": str(tmp_path)}
    with pytest.raises(NotDone):
        tell_site_key(environ)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "node.lock").touch()
    tell_site_key(environ)
    printed = capsys.readouterr().out.encode()
    assert read_public_key(printed) == site_signer(tmp_path / "keys").public


def test_secrets_differ_and_can_be_typed():
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.isascii()
    assert len(first) == 32


def test_the_command_seals_as_the_node_does(tmp_path):
    (tmp_path / "node.lock").touch()  # a node worked here
    node = Seals(load_or_make(tmp_path / "keys", Secret.SEAL))
    seals = sealing({"IDNODE_DATA_DIR": str(tmp_path)})
    (sealed,) = seals.sealed(NAME, (Value(index=300, type="HS_SECKEY", data=b"s"),))
    assert node.opened(NAME, sealed) == b"s"
