"""The public page of an enterprise certificate (认证证书). Pure; no personal data."""

from typing import Final

from edge.moments import moment
from identifiers.enterprises.certificates import Validity
from registry.business.certificates import Checked
from registry.http.pages import Row, page, table

_TITLE: Final = ("企业认证证书", "Certificate of an enterprise")
_SAID: Final = {
    Validity.VALID: ("有效", "Valid"),
    Validity.EXPIRED: ("已过期", "Expired"),
    Validity.REVOKED: ("已吊销", "Revoked"),
    Validity.SUSPENDED: ("企业已暂停，证书暂不生效", "Suspended with its enterprise"),
}


def certificate_page(found: Checked, now: int) -> str:
    """Return the page; `now` is the epoch second at which it holds."""
    one = found.certificate
    rows = [
        Row("证书编号", "Serial number", one.serial),
        Row("单位名称", "Organisation", one.name),
        Row("单位证件号", "Number of the organisation", one.identity.number),
        Row("备案号", "Filing number", one.filing),
        Row("企业前缀", "Prefix", one.prefix),
        Row("签发时间", "Issued at", moment(one.issued_at)),
        Row("有效期至", "Valid until", moment(one.expires_at)),
    ]
    if one.revoked_at:
        rows.append(Row("吊销时间", "Revoked at", moment(one.revoked_at)))
        rows.append(Row("吊销原因", "Why", one.reason))
    rows.append(Row("签名（JWS）", "Signed statement", one.token.decode(), exact=True))
    body = (
        _status(found.validity, *_SAID[found.validity])
        + table(("证书内容", "What is certified"), rows)
        + f"<p class='note'>查询时间 {moment(now)}。以本页及其接口的实时结果为准。"
        f"<span lang='en'>As of the time of asking; the same is told by "
        f"/api/v1/certificates/{one.serial}</span></p>"
    )
    return page(_TITLE, body)


def no_certificate_page() -> str:
    """Return the page of a serial number that was never issued."""
    return page(_TITLE, _status("unknown", "无此证书", "There is no such certificate"))


def _status(kind: str, chinese: str, english: str) -> str:
    return f"<p class='status {kind}'><b>{chinese}</b><span lang='en'>{english}</span></p>"
