import asyncio
import contextlib
import datetime as dt
import gc
import socket
import ssl

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from edge.server import serve
from edge.short_cut import head_of
from edge.tls import Handshakes, Material, TlsSites, UnfitTls, client_certificate, server_context


class Pair:
    """A key and its certificate, signed by itself or by another."""

    def __init__(self, name, by=None, *, authority=False):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        signer = by or self
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .sign(signer.key, hashes.SHA256())
        )

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self):
        return self.certificate.public_bytes(Encoding.DER)

    def private(self, password=None):
        how = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)

    def write(self, path):
        path.write_bytes(self.private() + self.pem)
        return path


SERVER, OTHER = Pair("server"), Pair("other")
AUTHORITY = Pair("authority", authority=True)
KNOWN, SIGNED, UNKNOWN = Pair("known"), Pair("signed", AUTHORITY), Pair("unknown")


class Root:
    """Answers `/again` at once."""

    mount = "/"
    batch = "/many"

    def __init__(self):
        self.head, self.data = head_of([], 5), b"short"
        self.took = []

    def client(self, host):
        return host

    def form(self, _):
        return self

    def answer(self, rest, _, client, __):
        return self if (rest, client) == (b"again", "127.0.0.1") else None

    def answer_all(self, *_):
        return None

    def count(self, now):
        pass


class Served:
    """A listener, and clients of it."""

    def __init__(self, directory):
        self.directory = directory
        self.clients = directory / "clients"
        self.material = Material(
            certificate=SERVER.write(directory / "server.pem"), clients=self.clients
        )
        self.handshakes = Handshakes(lambda: 0.0)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.url = f"https://localhost:{self.port}/"

    async def start(self):
        app = web.Application()
        app.router.add_get("/", self.answer)
        self.runner = await serve(app, [], at_once=Root())
        sockets = [self.listening]
        self.sites = TlsSites(self.runner, sockets, self.material, self.handshakes, 0.01)
        await self.sites.start()
        return self

    async def stop(self):
        await self.runner.cleanup()
        self.listening.close()

    async def answer(self, request):
        return web.json_response(
            {"secure": request.secure, "client": client_certificate(request).hex()}
        )

    def trust(self, pair, name):
        self.clients.mkdir(exist_ok=True)
        (self.clients / f"{name}.pem").write_bytes(pair.pem)

    def context(self, pair=None, server=SERVER, **options):
        context = ssl.create_default_context(cadata=server.pem.decode())
        if pair:
            context.load_cert_chain(pair.write(self.directory / "client.pem"))
        for name, value in options.items():
            setattr(context, name, value)
        return context

    async def ask(self, *arguments, **options):
        """Return the certificate in DER that the server knows its client by."""
        connector = aiohttp.TCPConnector(ssl=self.context(*arguments, **options))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(self.url) as answer,
        ):
            told = await answer.json()
            assert told["secure"]
            return bytes.fromhex(told["client"])


@pytest.fixture
async def served(tmp_path):
    made = await Served(tmp_path).start()
    yield made
    await made.stop()


async def test_what_is_offered(served):
    reader, writer = await asyncio.open_connection(
        "localhost", served.port, ssl=served.context(), family=socket.AF_INET
    )
    tls = writer.get_extra_info("ssl_object")
    assert tls.version() == "TLSv1.3"
    writer.close()
    del reader
    older = served.context(maximum_version=ssl.TLSVersion.TLSv1_2)
    older.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection(
        "localhost", served.port, ssl=older, family=socket.AF_INET
    )
    tls = writer.get_extra_info("ssl_object")
    assert (tls.version(), tls.selected_alpn_protocol()) == ("TLSv1.2", "http/1.1")
    assert tls.cipher()[0].startswith("ECDHE")
    writer.close()


async def test_plain_requests_are_answered_the_short_way_too(served):
    reader, writer = await asyncio.open_connection(
        "localhost", served.port, ssl=served.context(), family=socket.AF_INET
    )
    for _ in range(3):
        writer.write(b"GET /again HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(5) == b"short"
    writer.close()


async def test_who_half_closes_is_cut_off_quietly(served, caplog):
    def ask():
        with (
            socket.create_connection(("127.0.0.1", served.port)) as plain,
            served.context().wrap_socket(plain, server_hostname="localhost") as tls,
        ):
            tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with contextlib.suppress(OSError):  # that an answer came may be one to `ssl`
                tls.unwrap()

    await asyncio.to_thread(ask)
    assert caplog.records == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of naming an old version
@pytest.mark.parametrize("old", ["TLSv1.1", "AES128-SHA256", "DHE-RSA-AES256-GCM-SHA384"])
async def test_what_is_not_offered(served, old):
    context = served.context(maximum_version=ssl.TLSVersion.TLSv1_2)
    if old == "TLSv1.1":
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    else:
        context.set_ciphers(f"{old}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("localhost", served.port, ssl=context, family=socket.AF_INET)


async def test_nobody_is_asked_for_a_certificate_where_none_is_trusted(served):
    assert await served.ask() == b""
    assert await served.ask(UNKNOWN) == b""


async def test_a_trusted_client_is_known_without_a_restart(served):
    served.trust(KNOWN, "known")
    assert await served.sites.look()
    assert not await served.sites.look()
    assert await served.ask(KNOWN) == KNOWN.der
    assert await served.ask() == b""
    with pytest.raises((aiohttp.ClientError, OSError)):
        await served.ask(UNKNOWN)


@pytest.mark.parametrize("trusted", [SIGNED, AUTHORITY], ids=["itself", "its authority"])
async def test_a_certificate_that_another_signed_is_trusted_too(served, trusted):
    served.trust(trusted, "trusted")
    await served.sites.look()
    assert await served.ask(SIGNED) == SIGNED.der


async def test_who_is_trusted_no_longer_is_nobody_on_open_connections_too(served):
    served.trust(KNOWN, "known")
    served.trust(OTHER, "other")
    await served.sites.look()
    connector = aiohttp.TCPConnector(ssl=served.context(KNOWN))
    async with aiohttp.ClientSession(connector=connector) as session:

        async def client():
            async with session.get(served.url) as answer:
                return bytes.fromhex((await answer.json())["client"])

        assert await client() == KNOWN.der
        served.trust(UNKNOWN, "more")
        await served.sites.look()
        assert await client() == KNOWN.der  # on the same connection: nothing was interrupted
        (served.clients / "known.pem").unlink()
        await served.sites.look()
        # The connection was made two changes ago.
        assert await client() == b""
    with pytest.raises((aiohttp.ClientError, OSError)):
        await served.ask(KNOWN)


async def test_a_new_certificate_is_served_without_a_restart(served):
    watching = asyncio.create_task(served.sites.watch())
    connector = aiohttp.TCPConnector(ssl=served.context())
    async with aiohttp.ClientSession(connector=connector) as session, session.get(served.url):
        before = served.sites._sites
        OTHER.write(served.material.certificate)
        async with asyncio.timeout(10):
            while served.sites._sites is before:  # noqa: ASYNC110 -- the sites tell nobody
                await asyncio.sleep(0)
        assert await served.ask(server=OTHER) == b""
        async with session.get(served.url) as answer:
            assert answer.status == 200
    watching.cancel()


async def test_what_cannot_be_read_leaves_everything_as_it_is(served):
    served.material.certificate.write_bytes(b"nonsense")
    assert not await served.sites.look()
    assert await served.ask() == b""
    served.trust(KNOWN, "known")
    SERVER.write(served.material.certificate)
    (served.clients / "broken.pem").write_bytes(b"\xff")
    (served.clients / "text.pem").write_text("no certificate")
    assert await served.sites.look()
    assert await served.ask(KNOWN) == KNOWN.der


def test_what_cannot_be_served_is_told(tmp_path):
    handshakes = Handshakes(lambda: 0.0)
    (tmp_path / "alone.pem").write_bytes(SERVER.pem)
    (tmp_path / "sealed.pem").write_bytes(SERVER.private(b"secret") + SERVER.pem)
    (tmp_path / "other.pem").write_bytes(OTHER.private())
    for name, key in (
        ("none.pem", None),
        ("alone.pem", None),
        ("sealed.pem", None),
        ("alone.pem", "other.pem"),
    ):
        material = Material(certificate=tmp_path / name, key=tmp_path / key if key else None)
        with pytest.raises(UnfitTls, match=name):
            server_context(material, handshakes)
    (tmp_path / "key.pem").write_bytes(SERVER.private())
    material = Material(certificate=tmp_path / "alone.pem", key=tmp_path / "key.pem")
    assert server_context(material, handshakes).verify_mode == ssl.CERT_NONE


async def test_handshakes_are_bounded_at_one_time(served):
    served.handshakes._free = 1
    # One that begins and says no more.
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    while served.handshakes._free:
        writer.write(b"\x16\x03\x01\x00\x05")
        await asyncio.sleep(0)
    with pytest.raises((aiohttp.ClientError, OSError)):
        await served.ask()
    assert served.handshakes.refused
    writer.close()
    assert await reader.read() == b""
    async with asyncio.timeout(10):
        while not served.handshakes._free:
            gc.collect()
            await asyncio.sleep(0)
    assert await served.ask() == b""
    assert served.handshakes._free == 1


async def test_whoever_connects_in_silence_takes_no_place(served):
    served.handshakes._free = 1
    writers = [(await asyncio.open_connection("127.0.0.1", served.port))[1] for _ in range(8)]
    assert await served.ask() == b""
    assert not served.handshakes.refused
    for writer in writers:
        writer.close()


def test_handshakes_are_bounded_each_second():
    now = 5.0
    handshakes = Handshakes(lambda: now, at_once=10, per_second=2)
    got = []
    for now in (5.0, 5.5, 5.9, 6.0):  # noqa: B007 -- the clock reads it
        got.append(handshakes.begin())
        if got[-1]:
            handshakes.end()
    assert got == [True, True, False, True]
    assert handshakes.refused == 1
