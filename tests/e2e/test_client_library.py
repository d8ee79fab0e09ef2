"""The client library against a real node: keys of every kind, proved answers, long lists."""

from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.keys.keyfiles import read_private_key
from identifiers.keys.signers import Sm2Signer
from identifiers.values import Value
from identifiers.wire.handle.site import decode_site
from idnode import HandleClient, NotAllowed, PrivateKey, Transport

NAME = "88.300.1/BY-KEY"
WIRES = (Transport.UDP, Transport.TCP, Transport.HTTP)


def url(text):
    return [Value(index=1, type="URL", data=text.encode())]


@pytest.fixture
async def client(node):
    async with HandleClient(*node.address("handle")) as stranger:
        site = decode_site(await stranger.site())
    http = node.url("http") + "/"
    key = site.servers[0].public_key
    async with HandleClient(*node.address("handle"), http=http, key=key) as found:
        yield found


def rsa_signer():
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )
    return read_private_key(pem, b"passphrase", token_bytes)


def sm2_signer():
    return Sm2Signer(int.from_bytes(token_bytes(31)), token_bytes)


@pytest.mark.parametrize("make", [rsa_signer, sm2_signer], ids=["RSA", "SM2"])
async def test_a_key_pair_administers(node, client, make, tmp_path):
    signer = make()
    (tmp_path / "key.bin").write_bytes(signer.public)
    arguments = ("--public-key", str(tmp_path / "key.bin"), "--index", "301")
    await node.command("prefix", "admin", node.prefix, *arguments)
    mine = PrivateKey("0.NA/88.300.1", 301, signer)
    for number, wire in enumerate(WIRES):
        admin = client.administrator(mine, transport=wire)
        await admin.create(f"{NAME}-{number}", url("https://1.example"))
        found = await client.resolve(f"{NAME}-{number}", certified=True, transport=wire)
        assert (found.certified, found.values[0].data) == (True, b"https://1.example")
    admin = client.administrator(mine)
    await admin.open_session(encrypted=True)
    await admin.modify(f"{NAME}-0", url("https://2.example"))
    assert (await admin.resolve(f"{NAME}-0")).values[0].data == b"https://2.example"
    await admin.rekey()
    names = [name async for name in admin.handles(node.prefix)]
    assert names == [f"{NAME}-{number}" for number in range(len(WIRES))]
    await admin.close_session()
    # Who has another key is nobody here.
    other = client.administrator(PrivateKey("0.NA/88.300.1", 301, make()))
    with pytest.raises(NotAllowed):
        await other.delete(f"{NAME}-0")


async def test_a_long_list_comes_in_messages_of_fifty(node, client):
    signer = rsa_signer()
    path = node.directory / "key.bin"
    path.write_bytes(signer.public)
    await node.command("prefix", "admin", node.prefix, "--public-key", str(path))
    async with node.registry() as registry:
        values = [{"index": 1, "type": "URL", "data": "https://n.example"}]
        await registry.batch(
            [{"handle": f"88.300.1/N{n:03}", "values": values} for n in range(173)]
        )
    admin = client.administrator(PrivateKey("0.NA/88.300.1", 300, signer))
    names = [name async for name in admin.handles("88.300.1")]
    assert names == [f"88.300.1/N{n:03}" for n in range(173)]
