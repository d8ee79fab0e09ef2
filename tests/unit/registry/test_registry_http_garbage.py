"""Whatever is sent, the answer is a decision: never a 5xx, never something that is not JSON."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.registry.world import IDENTIFIERS, new

MEMBERS = st.sampled_from(
    (
        *("handle", "values", "state", "template", "items", "remove"),
        *("index", "type", "data", "ttl", "permissions", "timestamp", "references"),
        *("format", "value", "servers"),
    )
)
JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(["88.300.1/A", "URL", "string", "base64", "admin", "site", "1110", "active"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(MEMBERS | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSONS.map(lambda document: json.dumps(document).encode()),
    JSONS.map(lambda document: json.dumps(new("88.300.1/A", {"index": 1, "x": document})).encode()),
    JSONS.map(lambda v: json.dumps({"handle": "88.300.1/A", "values": v}).encode()),
    JSONS.map(lambda v: json.dumps({"items": [v, new("88.300.1/B")]}).encode()),
)
PATHS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=20
)
QUERIES = st.sampled_from(
    ["", "?mode=upsert", "?dry_run=1", "?limit=9", "?after=AA", "?prefix=88.300.1"]
)
HEADERS = st.dictionaries(
    st.sampled_from(["If-Match", "If-None-Match", "Idempotency-Key", "Accept", "Accept-Language"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
    max_size=3,
)
ROUTES = st.sampled_from(
    [
        ("POST", IDENTIFIERS, "application/json"),
        ("POST", f"{IDENTIFIERS}/batch", "application/json"),
        ("PUT", f"{IDENTIFIERS}/88.300.1/A", "application/json"),
        ("PATCH", f"{IDENTIFIERS}/88.300.1/A", "application/json"),
        ("DELETE", f"{IDENTIFIERS}/88.300.1/A", None),
        ("POST", "/api/v1/imports", "application/x-ndjson"),
        ("POST", "/api/v1/imports", "text/csv"),
        ("POST", "/api/v1/imports", "application/cbor-seq"),
        ("GET", IDENTIFIERS, None),
        ("GET", "/api/v1/imports", None),
        ("GET", "/api/v1/export", None),
    ]
)


@pytest.fixture
async def call(api):
    await api.post(IDENTIFIERS, new("88.300.1/A"))
    return api.call


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(route=ROUTES, body=BODIES, query=QUERIES, headers=HEADERS)
async def test_no_body_breaks_the_service(call, route, body, query, headers):
    method, path, media = route
    answer = await call(method, path + query, raw=body, media=media, **headers)
    assert answer.status < 500, (method, path, body)
    if answer.status >= 400:
        assert answer.code


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(method=st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]), path=PATHS)
async def test_no_address_breaks_the_service(call, method, path):
    answer = await call(method, f"{IDENTIFIERS}/{path}", raw=b"{}", media="application/json")
    assert answer.status < 500, (method, path)
