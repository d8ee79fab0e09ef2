"""The recorded exchanges with the reference implementation, as data."""

import json
from pathlib import Path

from identifiers.wire.handle.framing import NEED_DATA, TcpFramer, UdpJoiner

_DATA = json.loads((Path(__file__).parent / "handle.json").read_text())

SERVER_KEY = bytes.fromhex(_DATA["server_public_key_hex"])
ADMIN_KEY = bytes.fromhex(_DATA["admin_public_key_hex"])
# Recorded to see how nonsense is answered: none of these requests is a message.
NONSENSE = ("raw_bad_opcode", "raw_short_message", "raw_truncated_header_udp")
EXCHANGES = {e["name"]: e["messages"] for e in _DATA["vectors"] + _DATA["cn_vectors"]}


def frames(name: str, direction: str) -> list[tuple[str, bytes]]:
    """Return what travelled in one direction, datagram by datagram or stream by stream."""
    return [(m["proto"], bytes.fromhex(m["hex"])) for m in EXCHANGES[name] if m["dir"] == direction]


def whole(name: str, direction: str) -> list[bytes]:
    """Return whole messages: datagrams joined, streams cut."""
    joiner, messages = UdpJoiner(), []
    for proto, data in frames(name, direction):
        if proto == "udp":
            joined = joiner.add(data, "peer", 0.0)
            messages += [joined] if joined is not None else []
        else:
            framer = TcpFramer()
            framer.feed(data)
            while (message := framer.next_message()) is not NEED_DATA:
                messages.append(message)
            assert not framer.buffered
    return messages


def pairs(name: str) -> list[tuple[bytes, bytes]]:
    """Return requests with their replies, for exchanges of one reply to each request."""
    return list(zip(whole(name, "req"), whole(name, "resp"), strict=True))


SENSIBLE = [name for name in EXCHANGES if name not in NONSENSE]
