"""The RS256 example of RFC 7515 appendix A.2."""

import pytest

from identifiers.trust import jws
from identifiers.trust.claims import decode_jwk
from identifiers.trust.errors import TokenUnfit

KEY = decode_jwk(
    {
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPME"
        "zP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5"
        "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7a"
        "GhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB",
    }
)
TOKEN = (
    b"eyJhbGciOiJSUzI1NiJ9"
    b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    b".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5juj"
    b"Gbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7"
    b"K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6"
    b"LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)


def test_the_example_verifies():
    token = jws.parse(TOKEN)
    assert token.algorithm == "RS256"
    assert token.payload.startswith(b'{"iss":"joe",\r\n')
    assert jws.verify_token(token, KEY)
    assert (
        b".".join(map(jws.encode_part, (b'{"alg":"RS256"}', token.payload, token.signature)))
        == TOKEN
    )


@pytest.mark.parametrize("at", [1, 30, 200, 400])
def test_any_change_is_noticed(at):
    changed = TOKEN[:at] + (b"A" if TOKEN[at : at + 1] != b"A" else b"B") + TOKEN[at + 1 :]
    try:
        assert not jws.verify_token(jws.parse(changed), KEY)
    except TokenUnfit:
        assert at < 20  # the header is JSON no more, or names another algorithm
