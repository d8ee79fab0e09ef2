"""``idnode resolve --verify``: the verdict in words, as JSON, and as an exit status."""

import asyncio
import json

import pytest
from aiohttp import web
from typer.testing import CliRunner

from identifiers.keys import sm2
from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.outcomes import Absent, Found
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.trust.claims import encode_jwk
from identifiers.trust.signing import sign_values, signature_value
from identifiers.trust.verification import Report, Verdict
from identifiers.values import Value
from identifiers.wire.handle import framing, message, translate
from identifiers.wire.handle.translate import Site
from identifiers.wire.handle.values import encode_values, filter_blob
from identifiers.wire.jsonform import value_document
from node.cli import app
from node.commands.ask import Transport, Vouching, resolve
from node.commands.vouch import report_document, report_lines
from node.refusals import NotDone
from node.trust import read_roots

NAME = "88.300.1/A"
NODE = HandleIdentity("0.NA/88.300", 300)
SIGNER = Sm2Signer(11, bytes)
VALUES = (
    Value(index=1, type="URL", data=b"https://a.example", timestamp=5),
    Value(index=2, type="EMAIL", data=b"a@a.example", timestamp=5),
)
SIGNED = signature_value(sign_values(NAME, VALUES, SIGNER, NODE, now=0, until=1 << 40))


@pytest.fixture
def roots(tmp_path):
    file = tmp_path / "roots.json"
    file.write_text(json.dumps({str(NODE): encode_jwk(parse_public_key(SIGNER.public))}))
    return file


class SmallNode(asyncio.DatagramProtocol):
    """Answers for one record over UDP."""

    def __init__(self):
        self.values = (*VALUES, SIGNED)

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        request = message.decode(data)
        query = translate.to_query(request)
        blob = encode_values(self.values)
        record = Record(
            key=NAME, name=NAME, version=1, state=State.ACTIVE, values=blob, changed_at=0
        )
        values = filter_blob(blob, query.indexes, query.types, public_only=True)
        outcome = Found(record, values) if self.values else Absent("gone")
        to = translate.reply_to(request, data)
        reply = translate.outcome_reply(to, query, outcome, Site(serial=1), 0x7FFF_FFFF)
        for packet in framing.split(reply):
            self.transport.sendto(packet, addr)


@pytest.fixture
async def small_node():
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        SmallNode, local_addr=("127.0.0.1", 0)
    )
    protocol.server = "{}:{}".format(*transport.get_extra_info("sockname"))
    yield protocol
    transport.close()
    await asyncio.sleep(0)


async def ask(server, vouching, capsys, *, transport=Transport.UDP, **more):
    options = {"indexes": (), "types": (), "authoritative": False, "as_json": False} | more
    status = await asyncio.to_thread(
        resolve, {}, NAME, transport=transport, server=server, vouching=vouching, **options
    )
    return status, capsys.readouterr().out


async def test_a_verdict_in_words(small_node, roots, capsys):
    status, printed = await ask(small_node.server, Vouching(roots), capsys)
    assert status == 0
    assert printed.splitlines()[-3:] == [
        "trusted: every value is vouched for",
        "  verified:  1, 2",
        "  chain:     300:0.NA/88.300",
    ]


async def test_a_verdict_as_json(small_node, roots, capsys):
    small_node.values = (*VALUES, Value(index=3, type="URL", data=b"x"), SIGNED)
    status, printed = await ask(small_node.server, Vouching(roots), capsys, as_json=True)
    assert status == 3
    told = json.loads(printed)
    assert told["responseCode"] == 1
    assert told["verification"] == {
        "verdict": "unknown",
        "reason": "nobody vouches for some of these values",
        "verified": [1, 2],
        "bad": [],
        "unsigned": [3],
        "missing": [],
        "chain": ["300:0.NA/88.300"],
    }


async def test_a_filter_asks_for_the_signature_too(small_node, roots, capsys):
    status, printed = await ask(small_node.server, Vouching(roots), capsys, types=["URL"])
    assert status == 0
    assert "  missing:   2" in printed.splitlines()
    status, printed = await ask(small_node.server, None, capsys, types=["URL"])
    assert (status, "HS_SIGNATURE" in printed) == (0, False)


async def test_a_changed_value_and_no_roots(small_node, roots, capsys):
    small_node.values = (VALUES[0], Value(index=2, type="EMAIL", data=b"b@b.example"), SIGNED)
    status, printed = await ask(small_node.server, Vouching(roots), capsys)
    assert (status, "untrusted: values differ" in printed) == (4, True)
    small_node.values = (*VALUES, SIGNED)
    status, printed = await ask(small_node.server, Vouching(), capsys)
    assert (status, "unknown: no roots of trust" in printed) == (3, True)


async def test_nothing_found_needs_no_vouching(small_node, roots, capsys):
    small_node.values = ()
    with pytest.raises(NotDone, match="handle not found"):
        await ask(small_node.server, Vouching(roots), capsys, types=["URL"])
    assert capsys.readouterr().out == ""


async def test_over_http(roots, capsys):
    async def answer(_):
        values = [value_document(value) for value in (*VALUES, SIGNED)]
        return web.json_response({"responseCode": 1, "handle": NAME, "values": values})

    application = web.Application()
    application.router.add_get("/api/handles/{handle:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        server = "{}:{}".format(*runner.addresses[0])
        status, printed = await ask(server, Vouching(roots), capsys, transport=Transport.HTTP)
    finally:
        await runner.cleanup()
    assert (status, "trusted: every value" in printed) == (0, True)


async def test_the_exit_status_is_the_verdict(small_node, roots):
    run = CliRunner().invoke
    common = ["resolve", NAME, "--udp", "--server", small_node.server]
    verified = await asyncio.to_thread(run, app, [*common, "--verify", "--roots", str(roots)])
    assert (verified.exit_code, "trusted: every" in verified.output) == (0, True)
    unknown = await asyncio.to_thread(run, app, [*common, "--verify"])
    assert (unknown.exit_code, "unknown: no roots" in unknown.output) == (3, True)
    wrong = await asyncio.to_thread(run, app, [*common, "--roots", str(roots)])
    assert wrong.exit_code == 2


def test_lists_of_roots_that_cannot_be_read(tmp_path, roots):
    assert read_roots(None) == {}
    assert read_roots(roots) == {NODE: sm2.public_of(11)}
    with pytest.raises(NotDone, match="cannot be read"):
        read_roots(tmp_path / "none")
    roots.write_text("{}}")
    with pytest.raises(NotDone, match="no list of trust roots"):
        read_roots(roots)


def test_only_what_is_there_is_told():
    report = Report(verdict=Verdict.UNKNOWN, reason="the answer carries no signature")
    assert report_lines(report) == ["unknown: the answer carries no signature"]
    assert report_document(report)["chain"] == []
