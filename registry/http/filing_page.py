"""The filing record (备案记录) of an enterprise, to be printed. Pure."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from edge.moments import day, moment
from identifiers.codes.industries import SHIPPED
from identifiers.enterprises.fields import Code, Document, Field
from identifiers.enterprises.ledger import Member, Outcome, ReviewStep, Verification
from identifiers.enterprises.masking import masked
from identifiers.enterprises.review import Stage
from identifiers.enterprises.tables import BASIC, FIELDS
from identifiers.standings import EnterpriseState
from registry.business.asking import MILLI
from registry.business.members import METHODS
from registry.http.pages import Row, page, table

_ENGLISH: Final[Mapping[str, str]] = {
    "org_name": "Organisation",
    "org_nature": "Nature",
    "org_cert_type": "Kind of number",
    "org_cert_no": "Number",
    "org_address": "Address",
    "legal_name": "Legal representative",
    "legal_cert_no": "Number of the representative",
    "contact_name": "Contact",
    "contact_mobile": "Telephone of the contact",
    "contact_email": "E-mail of the contact",
    "website": "Website",
    "registration_authority": "Registration authority",
    "established_on": "Established on",
    "valid_until": "Valid until",
}
"""The fields that a filing record shows, in its order."""
_FIELDS: Final[Mapping[str, Field]] = {field.name: field for field in BASIC}
_STATES: Final = {
    EnterpriseState.ACTIVE: "有效 Active",
    EnterpriseState.SUSPENDED: "已暂停 Suspended",
    EnterpriseState.CLOSED: "已注销 Closed",
}
_OUTCOMES: Final = {Outcome.PASSED: "通过 Passed", Outcome.FAILED: "未通过 Failed"}
_ACTORS: Final = {
    "operator": "节点管理员 Operator of the node",
    "sandbox": "模拟国家节点 Stand-in of the national node",
}
_TITLE: Final = ("企业备案记录", "Filing record of an enterprise")


def filing_page(
    member: Member,
    document: Document,
    prefixes: Sequence[str],
    verification: Verification | None,
    steps: Sequence[ReviewStep],
) -> str:
    """Return the page. `document` is whole; persons are shown masked. `steps`: of its admission."""
    basic = masked(document, FIELDS)["basic"]
    rows = [Row(_FIELDS[name].chinese, english, _said(basic, name)) for name, english in _SHOWN]
    rows.insert(2, Row("行业分类（GB/T 4754）", "Class", _industry(member.industry)))
    node = [
        Row("备案号", "Filing number", member.filing),
        Row("备案日期", "Filed on", day(member.approved_at)),
        Row("企业前缀", "Prefixes", "、".join(prefixes)),
        Row("状态", "State", _state(member)),
        Row("备案版本", "Version", str(member.version)),
    ]
    number = (
        f"<p class='number'><span>备案号 <span lang='en'>Filing number</span> "
        f"<b>{escape(member.filing)}</b></span><span>{day(member.approved_at)}</span></p>"
    )
    body = (
        number
        + table(("主体信息", "The organisation"), rows)
        + table(("备案信息", "The filing"), node)
        + table(("审核与核验", "Reviews and verification"), _reviews(steps, verification))
        + "<p class='note'>个人信息已脱敏显示。<span lang='en'>Personal data is shown masked."
        "</span></p><div class='seal'><p>经办人 <span lang='en'>Handled by</span></p>"
        "<p>节点（盖章） <span lang='en'>Seal of the node</span></p></div>"
    )
    return page(_TITLE, body)


_SHOWN: Final = tuple(_ENGLISH.items())


def _said(basic: Document, name: str) -> str:
    value: Any = basic.get(name, "")
    kind = _FIELDS[name].kind
    if isinstance(kind, Code) and value in kind.choices:
        return kind.choices[value]
    return str(value)


def _industry(code: str) -> str:
    name = SHIPPED.name(code[1:]) if code else ""
    return f"{code} {name}".strip()


def _state(member: Member) -> str:
    said = _STATES.get(member.state, member.state.value)
    return f"{said}：{member.reason}" if member.reason else said


def _reviews(steps: Sequence[ReviewStep], verification: Verification | None) -> list[Row]:
    rows = []
    passed = False
    for step in steps:
        when = moment(step.at // MILLI)
        if step.did == Stage.PASSED:
            passed = True
            rows.append(Row("节点审核通过", "Approved by the node", f"{when} {who(step.actor)}"))
        elif step.did == Stage.APPROVED and passed:
            names = ("国家节点审核通过", "Approved by the national node")
            rows.append(Row(*names, f"{when} {who(step.actor)}"))
        elif step.did == Stage.APPROVED:
            names = ("节点审核通过（本地模式）", "Approved by the node (local mode)")
            rows.append(Row(*names, f"{when} {who(step.actor)}"))
    if verification is None:
        rows.append(Row("实名核验", "Verification", "未核验 Not verified"))
    else:
        english, chinese = METHODS[verification.method]
        said = f"{_OUTCOMES[verification.outcome]}，{chinese} ({english})"
        when = moment(verification.at // MILLI)
        rows.append(Row("实名核验", "Verification", f"{said}，{when} {who(verification.actor)}"))
    return rows


def who(actor: str) -> str:
    """Return who acted: an account by its name. A user of the machine's is just the operator."""
    kind, colon, name = actor.partition(":")
    if not colon:
        return _ACTORS.get(actor, actor)
    return name if kind == "account" else _ACTORS.get(kind, actor)
