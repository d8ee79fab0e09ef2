"""Administrators in the REST form whose keys another node has."""

import base64

import pytest

from identifiers.elsewhere import Trouble
from identifiers.keys.responses import answer_with_key
from identifiers.keys.signers import RsaSigner
from identifiers.principals import HandleIdentity
from identifiers.wire.cursor import Cursor
from registry.proofs import Reason
from tests.unit.registry.handle.wire import KEY
from tests.unit.registry.handles import admin, stored, url
from tests.unit.registry.remote import SITES, delegate
from tests.unit.registry.rest.conftest import SECRET, basic

FAR = "88.300.10/ME"
PATH = "/api/handles/88.300.1/SHARED"
VALUE = [{"index": 2, "type": "URL", "data": "https://b.example"}]
CNONCE = b"c" * 16


@pytest.fixture
async def shared(records, far):
    await delegate(records, "88.300.10", *SITES)
    far.put(f"300:{FAR}", "HS_SECKEY", SECRET)
    far.put(f"301:{FAR}", "HS_PUBKEY", KEY.public)
    owners = (admin(HandleIdentity(FAR, n), index=n - 200) for n in (300, 301))
    await stored(records, "88.300.1/SHARED", url(), *owners)


def put(rest, **more):
    return rest.put(f"{PATH}?index=2", VALUE, **more)


async def test_by_password(rest, shared):
    assert shared is None
    assert (await put(rest, who=basic(f"300:{FAR}"))).status == 200
    assert (await put(rest, who=basic(f"300:{FAR}", b"wrong"))).status == 401


async def test_by_a_signature_in_a_session(rest, shared):
    assert shared is None
    begun = (await rest.post("/api/sessions")).json
    assert isinstance(KEY, RsaSigner)
    signed = Cursor(answer_with_key(KEY, base64.b64decode(begun["nonce"]), CNONCE, FAR))
    algorithm, signature = signed.text(), base64.b64encode(signed.octets()).decode()
    session = f'Handle version="0", sessionId="{begun["sessionId"]}"'
    proof = (
        f'{session}, id="301:{FAR}", type="HS_PUBKEY", alg="{algorithm}",'
        f' cnonce="{base64.b64encode(CNONCE).decode()}", signature="{signature}"'
    )
    assert (await put(rest, who=proof)).status == 200
    assert (await put(rest, who=session)).status == 200


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (Trouble.SILENT, 503, 406),
        (Trouble.BUSY, 503, 3),
        (Trouble.UNPROVED, 403, 406),
        (Trouble.KEYLESS, 403, 406),
        (Trouble.OUT_OF_BOUNDS, 403, 406),
    ],
)
async def test_what_is_to_be_done_is_told(rest, shared, far, trouble, status, code):  # noqa: PLR0917
    assert shared is None
    far.trouble = trouble
    for _ in range(12):  # which is not guessing
        told = await put(rest, who=basic(f"300:{FAR}"))
        assert (told.status, told.json["responseCode"]) == (status, code)
    assert told.json["message"] == Reason[trouble.name]
    assert ("Retry-After" in told.headers) == (status == 503)
