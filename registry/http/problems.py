"""The problems of the registry's API, and which answer is which of them."""

from typing import Final, assert_never

from edge.problems import SHARED_KINDS, Kind, Problem, of_denial, of_faults
from registry.answers import (
    Denied,
    Exists,
    Faulty,
    Impossible,
    KeyReused,
    Locked,
    Missing,
    Protected,
    Published,
    Refused,
    Stale,
    StateForbidden,
    ValuesExist,
    ValuesMissing,
)
from registry.http.business_kinds import BUSINESS_KINDS
from registry.http.prefix_kinds import PREFIX_KINDS

EXISTS: Final = Kind(Exists.code, 409, "The identifier is there already.", "该标识已存在。")
NOT_FOUND: Final = Kind(Missing.code, 404, "There is no such identifier.", "该标识不存在。")
VALUES_EXIST: Final = Kind(
    ValuesExist.code,
    409,
    "Values are there already at these indexes.",
    "这些索引处已有标识值。",
)
VALUES_MISSING: Final = Kind(
    ValuesMissing.code, 404, "There are no values at these indexes.", "这些索引处没有标识值。"
)
STALE: Final = Kind(
    Stale.code,
    412,
    "The identifier has another version than was asked for.",
    "标识的版本与请求条件不符。",
)
PROTECTED: Final = Kind(
    Protected.code,
    403,
    "Values without the administrators' write permission cannot be changed.",
    "未设管理员写权限的标识值不可更改。",
)
LOCKED: Final = Kind(
    Locked.code,
    409,
    "The identifier is suspended and has to be made active first, or it is revoked for good.",
    "该标识已暂停或吊销，不可更改：已暂停的须先恢复为有效状态，已吊销的不可恢复。",
)
IMPOSSIBLE: Final = Kind(
    Impossible.code,
    409,
    "This state cannot follow the one that the identifier is in.",
    "标识不能由当前状态变更为该状态。",
)
PUBLISHED: Final = Kind(
    Published.code,
    409,
    "Names under this prefix that were active stay taken: suspend or revoke it instead.",
    "该前缀保留曾经有效的标识，不可删除或退回预留：请改用暂停或吊销。",
)
NO_JOB: Final = Kind("no-job", 404, "There is no such job.", "该任务不存在。")
JOB_ENDED: Final = Kind("job-ended", 409, "The job has ended already.", "该任务已结束。")
TOO_MANY_OPEN: Final = Kind(
    "too-many-open-jobs",
    429,
    "This enterprise has as many jobs waiting as it may. Try again when one has ended.",
    "该企业等待中的任务已达上限，请待其一结束后重试。",
)
NO_WEBHOOK: Final = Kind("no-webhook", 404, "There is no such webhook.", "该回调不存在。")
WEBHOOK_TAKEN: Final = Kind(
    "webhook-taken", 409, "There is a webhook of this name.", "已有同名的回调。"
)
TOO_MANY_WEBHOOKS: Final = Kind(
    "too-many-webhooks",
    409,
    "This enterprise has as many webhooks as it may.",
    "该企业的回调数量已达上限。",
)
TOO_MANY_SECRETS: Final = Kind(
    "too-many-secrets",
    409,
    "As many secrets of this webhook sign as may: let one end, or end all with overlap_hours 0.",
    "该回调同时有效的签名密钥已达上限：请待其失效，或以 overlap_hours 0 令旧密钥全部失效。",
)
VERSION_NOT_KEPT: Final = Kind(
    "version-not-kept",
    404,
    "There is no such version, or it is not kept any more.",
    "没有该版本，或已不再保存。",
)
STATE_SCOPE: Final = Kind(
    StateForbidden.code,
    403,
    "This key lacks the scope identifiers:state, and the state would change.",
    "该密钥缺少 identifiers:state 权限，不能更改状态。",
)
KEY_REUSED: Final = Kind(
    KeyReused.code,
    422,
    "This Idempotency-Key belongs to another request.",
    "该 Idempotency-Key 已用于其他请求。",
)
KEY_SYNTAX: Final = Kind(
    "idempotency-key",
    400,
    "An Idempotency-Key is 1 to 255 visible ASCII characters.",
    "Idempotency-Key 应为 1 至 255 个可见 ASCII 字符。",
)
PARAMETER: Final = Kind(
    "invalid-parameter",
    400,
    "A part of the address has faults.",
    "请求地址中的参数有误。",
)
INSECURE: Final = Kind(
    "insecure",
    403,
    "Keys are taken over https only, except from the node itself.",
    "除本机外，API 密钥仅可通过 https 使用。",
)
NO_IMPORT: Final = Kind("no-import", 404, "There is no such import.", "该导入任务不存在。")
IMPORT_OVERTAKEN: Final = Kind(
    "import-overtaken",
    409,
    "The same import was sent again meanwhile; that request goes on with it.",
    "同一导入已被再次提交，由后一请求继续。",
)
BODY_DIFFERS: Final = Kind(
    "import-differs",
    422,
    "This Idempotency-Key belongs to an import of another body, mode or form.",
    "该 Idempotency-Key 已用于内容、模式或格式不同的导入。",
)
DRY_RUNS_BUSY: Final = Kind(
    "dry-runs-busy",
    503,
    "As many dry runs as this node has room for go on; nothing was done. Try again later.",
    "本节点同时进行的试运行已达上限，未作任何处理。请稍后重试。",
)
DRY_RUN_TOO_LONG: Final = Kind(
    "dry-run-too-long",
    413,
    "This dry run has more rows than can be judged on one another. Try the file in parts.",
    "试运行的行数超出可相互校验的上限，请分段试运行。",
)
NOT_ACCEPTABLE: Final = Kind(
    "not-acceptable",
    406,
    "There is no form that the Accept field takes.",
    "没有 Accept 字段可接受的格式。",
)
JOBS_BUSY: Final = Kind(
    "too-many-jobs",
    429,
    "Two imports or exports of this enterprise run already. Try again when one has ended.",
    "该企业已有两个导入或导出任务在运行，请待其一结束后重试。",
)
NO_SUCH: Final = Kind(
    "no-such-thing",
    404,
    "There is no such thing, or it is another's.",
    "该对象不存在，或属于他人。",
)
MISSING_ROLE: Final = Kind(
    "missing-role",
    403,
    "The role of this account, or this kind of key, does not allow this.",
    "该账户的角色或该类密钥无权执行此操作。",
)
LOGIN_REFUSED: Final = Kind(
    "login-refused", 401, "Name or password is wrong.", "用户名或密码错误。"
)
LOGIN_LATER: Final = Kind(
    "login-later",
    429,
    "Too many wrong attempts, or too many at once. Try again later.",
    "尝试过多，请稍后重试。",
)
NAME_TAKEN: Final = Kind(
    "name-taken", 409, "There is an account of this name already.", "该账户名已被使用。"
)
ACCOUNT_CHANGED: Final = Kind(
    "account-changed",
    409,
    "Somebody else changed the account at the same time: read it again.",
    "账户同时被他人修改，请重新读取。",
)
BOUNDS_CHANGED: Final = Kind(
    "bounds-changed",
    409,
    "Somebody else said at the same time how far the key counts: read it again.",
    "密钥的使用范围同时被他人修改，请重新读取。",
)
YOURSELF: Final = Kind(
    "yourself", 409, "Nobody changes his own role or state.", "不得修改自己的角色或状态。"
)
TEMPLATE_TAKEN: Final = Kind(
    "template-taken",
    409,
    "There is another template of this version: versions are never written over.",
    "该版本已有其他模板，版本不可覆盖。",
)
TEMPLATE_STAGE: Final = Kind(
    "template-stage",
    409,
    "This cannot be done to a template at this stage.",
    "模板处于当前阶段，不能执行此操作。",
)
CODES_EXHAUSTED: Final = Kind(
    "codes-exhausted",
    409,
    "Nearly all names that this rule makes are taken: write another one.",
    "该规则的编码几乎已用尽，请另行制定规则。",
)
TOO_OFTEN: Final = Kind(
    "too-many-requests",
    429,
    "The enterprise has made as many requests as it may for now.",
    "该企业的请求次数已达上限。",
)
REGISTRY_KINDS: Final = (
    EXISTS,
    NOT_FOUND,
    VALUES_EXIST,
    VALUES_MISSING,
    STALE,
    PROTECTED,
    LOCKED,
    IMPOSSIBLE,
    PUBLISHED,
    NO_WEBHOOK,
    WEBHOOK_TAKEN,
    TOO_MANY_WEBHOOKS,
    TOO_MANY_SECRETS,
    VERSION_NOT_KEPT,
    NO_JOB,
    JOB_ENDED,
    TOO_MANY_OPEN,
    STATE_SCOPE,
    KEY_REUSED,
    KEY_SYNTAX,
    PARAMETER,
    INSECURE,
    NO_IMPORT,
    IMPORT_OVERTAKEN,
    BODY_DIFFERS,
    DRY_RUNS_BUSY,
    DRY_RUN_TOO_LONG,
    NOT_ACCEPTABLE,
    JOBS_BUSY,
    NO_SUCH,
    TEMPLATE_TAKEN,
    TEMPLATE_STAGE,
    CODES_EXHAUSTED,
    MISSING_ROLE,
    LOGIN_REFUSED,
    LOGIN_LATER,
    NAME_TAKEN,
    ACCOUNT_CHANGED,
    BOUNDS_CHANGED,
    YOURSELF,
    TOO_OFTEN,
)
ALL_KINDS: Final = (*SHARED_KINDS, *REGISTRY_KINDS, *BUSINESS_KINDS, *PREFIX_KINDS)
_BY_CODE: Final = {kind.code: kind for kind in ALL_KINDS}


def kind_of_code(code: str) -> Kind:
    """Return the kind with a code that was kept. Raises KeyError."""
    return _BY_CODE[code]


def problem_of_answer(answer: Refused | Denied | KeyReused) -> Problem:
    """Return the problem that an answer is."""
    match answer:
        case Exists():
            problem = Problem(kind=EXISTS, members={"version": answer.version})
        case Missing() | StateForbidden() | KeyReused() | Published():
            problem = Problem(kind=kind_of_code(answer.code))
        case Protected() | ValuesExist() | ValuesMissing():
            members = {"indexes": list(answer.indexes)}
            problem = Problem(kind=kind_of_code(answer.code), members=members)
        case Stale():
            problem = Problem(kind=STALE, members={"version": answer.version or None})
        case Impossible():
            states = {"state": answer.now.name.lower(), "wanted": answer.then.name.lower()}
            problem = Problem(kind=IMPOSSIBLE, members=states)
        case Locked():
            told = {"state": answer.state.name.lower(), "reason": answer.reason}
            problem = Problem(kind=LOCKED, members=told)
        case Faulty():
            problem = of_faults(answer.faults)
        case Denied():
            problem = of_denial(answer.verdict)
        case _:
            assert_never(answer)
    return problem
