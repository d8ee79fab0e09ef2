"""The problems of the node's business: applications, documents, enterprises, certificates."""

from typing import Final

from edge.problems import Kind

STAGE: Final = Kind(
    "application-stage",
    409,
    "The application is at a stage where this cannot be done to it.",
    "申请处于当前阶段，不能执行此操作。",
)
ALREADY_MEMBER: Final = Kind(
    "enterprise-exists",
    409,
    "The organisation is an enterprise of this node already: ask for a change.",
    "该单位已是本节点的企业，请提交变更申请。",
)
PENDING: Final = Kind(
    "application-pending",
    409,
    "Another application of the same kind of this organisation is open.",
    "该单位已有同类申请正在办理。",
)
NO_LABEL: Final = Kind(
    "no-label-left",
    409,
    "No label is left for a prefix: name one that is free.",
    "没有可分配的前缀，请指定一个可用的前缀段。",
)
ENTERPRISE_STATE: Final = Kind(
    "enterprise-state",
    409,
    "The enterprise is in a state where this cannot be done.",
    "企业处于当前状态，不能执行此操作。",
)
NOT_FILED: Final = Kind(
    "enterprise-not-filed",
    409,
    "An operator added this enterprise and nothing was filed of it: apply for its admission first.",
    "该企业由运营人员添加，尚未备案：请先提交备案申请。",
)
NOT_VERIFIED: Final = Kind(
    "not-verified",
    409,
    "Nobody verified who the enterprise is, or it did not pass.",
    "该企业尚未通过实名核验。",
)
CERTIFIED: Final = Kind(
    "certificate-in-force",
    409,
    "The enterprise has a certificate in force: name it in `replaces`.",
    "该企业已有有效证书：请在 `replaces` 中指明要替换的证书。",
)
DOCUMENT_FORM: Final = Kind(
    "document-form",
    415,
    "The document is no JPEG, no PNG and no PDF, judged by its first octets.",
    "附件内容不是 JPEG、PNG 或 PDF。",
)
DOCUMENTS_WAIT: Final = Kind(
    "documents-wait",
    409,
    "As many documents as may wait for an application: name them in one, or wait a day.",
    "等待申请引用的附件已达上限：请在申请中引用，或等待一天后自动清除。",
)
BUSINESS_KINDS: Final = (
    STAGE,
    ALREADY_MEMBER,
    PENDING,
    NO_LABEL,
    ENTERPRISE_STATE,
    NOT_FILED,
    NOT_VERIFIED,
    CERTIFIED,
    DOCUMENT_FORM,
    DOCUMENTS_WAIT,
)
