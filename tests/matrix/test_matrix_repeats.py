"""Every POST can be repeated under one Idempotency-Key, or it is said here why it needs none."""

import aiohttp
import pytest

from tests.matrix.in_memory import Memory, served

STEP = "moves one thing to a state: there already, it stays so or is told 409"
SAME = "the same once more changes nothing"
SEEN = "only reads"
NEWEST = "a note of what was found: the same once more says the same, and the newest counts"
OLDER = "an interface that others wrote, which has no such field; what is there already is told"
TOKEN = "a token of its own for whoever logs in; others end by themselves"

UNKEYED = {
    "acknowledgeFeed": SAME,
    "approveApplication": STEP,
    "rejectApplication": STEP,
    "withdrawApplication": STEP,
    "recordNationalVerdict": SAME,
    "purgeApplication": SAME,
    "verifyApplicant": NEWEST,
    "verifyEnterprise": NEWEST,
    "suspendEnterprise": STEP,
    "resumeEnterprise": STEP,
    "closeEnterprise": STEP,
    "revokeCertificate": SAME,
    "createTemplate": "writes a draft in place of the one of the same version",
    "publishTemplate": STEP,
    "withdrawTemplate": STEP,
    "approvePrefixApplication": STEP,
    "rejectPrefixApplication": STEP,
    "withdrawPrefixApplication": STEP,
    "recordPrefixVerdict": SAME,
    "transferPrefix": SAME,
    "addPublicKey": SAME,
    "logIn": TOKEN,
    "snmsToken": TOKEN,
    "snmsTokenDated": TOKEN,
    "snmsCreate": OLDER,
    "snmsCreateMany": OLDER,
    "snmsConfigure": OLDER,
    "snmsUpload": OLDER,
    "snmsApplyApply": OLDER,
    "snmsApplyUpgrade": OLDER,
    "snmsCreateTemplatev3": OLDER,
    "snmsCreateTemplatev5": OLDER,
}


@pytest.fixture
async def posts():
    async with (
        served(Memory()) as base,
        aiohttp.ClientSession(base) as session,
        session.get("/openapi.json") as answer,
    ):
        document = await answer.json()
    return [methods["post"] for methods in document["paths"].values() if "post" in methods]


def keyed(operation):
    return "Idempotency-Key" in {
        one["name"] for one in operation["parameters"] if one["in"] == "header"
    }


async def test_every_post_has_an_idempotency_key_or_needs_none(posts):
    unkeyed = {one["operationId"] for one in posts if not keyed(one)}
    assert unkeyed - set(UNKEYED) == set()
    assert set(UNKEYED) & {one["operationId"] for one in posts if keyed(one)} == set()


async def test_every_post_with_a_key_tells_what_is_wrong_with_one(posts):
    for one in filter(keyed, posts):
        examples = [
            set(one["responses"][status]["content"]["application/problem+json"]["examples"])
            for status in ("400", "422")
        ]
        assert "idempotency-key" in examples[0], one["operationId"]
        assert {"idempotency-key-reused", "import-differs"} & examples[1], one["operationId"]
