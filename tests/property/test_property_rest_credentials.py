"""Credentials of the REST form: anything is read or refused, and what is written reads back."""

import base64
import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from identifiers.principals import HandleIdentity
from registry.rest.credentials import Basic, InSession, Unusable, read_credentials

ANYTHING = st.text(st.characters(codec=None), max_size=200)


@given(st.sampled_from(["Basic ", "Handle ", "handle\t", ""]), ANYTHING)
@example("Handle ", 'a="\\')
@example("Handle ", "a=" * 2000)
@example("Handle ", 'a="' + "\\" * 4001)
def test_anything_is_read_or_refused(scheme: str, rest: str) -> None:
    with contextlib.suppress(Unusable):
        assert read_credentials(scheme + rest) is not None


@given(
    st.integers(0, 0xFFFF_FFFF),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40),
    st.binary(max_size=60),
)
def test_basic_credentials_read_back(index: int, suffix: str, secret: bytes) -> None:
    name = f"{index}:88.300.1/{suffix}"
    user = "".join(f"%{octet:02X}" for octet in name.encode())
    token = base64.b64encode(user.encode() + b":" + secret).decode()
    expected = Basic(HandleIdentity(f"88.300.1/{suffix}", index), secret)
    assert read_credentials(f"Basic {token}") == expected


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1))
def test_session_ids_read_back(session_id: str) -> None:
    quoted = session_id.replace("\\", "\\\\").replace('"', '\\"')
    field = f'Handle version="0", sessionId="{quoted}"'
    assert read_credentials(field) == InSession(session_id)


def test_a_field_is_bounded() -> None:
    with pytest.raises(Unusable, match="8190"):
        read_credentials("Handle " + "a" * 8190)
