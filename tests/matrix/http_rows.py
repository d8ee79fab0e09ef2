"""What each operation of the HTTP API needs, and who has it: the table that answers are held to.

Written down apart from `identifiers.access`, so that a change there has to be said here too.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Target(Enum):
    """What an operation is about, and so how the caller may stand to it."""

    OPEN = "nothing that needs a caller"
    CALLER = "the caller himself"
    MINE = "what is the caller's enterprise's, as a whole"
    NODE = "what is the node's own"
    ENTERPRISE = "an enterprise, by its number"
    PREFIX = "a prefix"
    ACCOUNT = "an account"
    KEY = "an API key"
    MISSING = "one thing by its number, which nobody has"
    NAME = "names under a prefix"


ENTERPRISES_ROLES: Final = ("owner", "operator", "reader")
NODE_ROLES: Final = ("administrator", "reviewer", "auditor")
SCOPES: Final = (
    "identifiers:read",
    "identifiers:write",
    "identifiers:delete",
    "identifiers:state",
    "templates:write",
    "prefixes:read",
    "keys:write",
    "feed:read",
)


@dataclass(frozen=True)
class Needs:
    """Which roles have it; which scopes of a key each give it."""

    roles: str
    scopes: str = ""


READ: Final = "owner operator reader administrator auditor"
WORK: Final = "owner operator administrator"
WHO: Final = {
    "applications:read": Needs(f"{READ} reviewer"),
    "applications:write": Needs(WORK),
    "applications:review": Needs("administrator reviewer"),
    "enterprises:read": Needs(f"{READ} reviewer"),
    "enterprises:write": Needs(WORK),
    "enterprises:manage": Needs("administrator"),
    "documents:read": Needs(f"{READ} reviewer"),
    "documents:write": Needs(WORK),
    "prefixes:read": Needs(f"{READ} reviewer", "prefixes:read"),
    "prefixes:write": Needs(WORK),
    "prefixes:manage": Needs("administrator"),
    "templates:read": Needs(
        f"{READ} reviewer", "identifiers:read identifiers:write templates:write"
    ),
    "templates:write": Needs(WORK, "templates:write"),
    "templates:publish": Needs(WORK, "templates:write"),
    "certificates:manage": Needs("administrator"),
    "identifiers:search": Needs(READ, "identifiers:read"),
    "jobs:read": Needs(READ, "identifiers:read identifiers:write identifiers:state"),
    "jobs:write": Needs(WORK, "identifiers:state"),
    "feed:read": Needs(READ, "feed:read"),
    "webhooks:read": Needs(READ, "feed:read"),
    "webhooks:write": Needs(WORK),
    "keys:read": Needs("owner administrator auditor", "keys:write"),
    "keys:write": Needs("owner administrator", "keys:write"),
    "accounts:read": Needs("owner administrator auditor"),
    "accounts:write": Needs("owner administrator"),
    "limits:read": Needs(READ, "prefixes:read"),
    "limits:write": Needs("administrator"),
    # Names: the node's people read them and change none.
    "names:read": Needs(READ, "identifiers:read"),
    "names:write": Needs("owner operator", "identifiers:write"),
    "names:delete": Needs("owner operator", "identifiers:delete"),
    "names:state": Needs("owner operator", "identifiers:state"),
}


@dataclass(frozen=True)
class Row:
    """An operation: what it is about, and what that needs (a line of `WHO`)."""

    target: Target
    action: str = ""


def _rows(target: Target, **by_action: str) -> dict[str, Row]:
    """Return rows of operations, named by their actions with ``__`` for the colon."""
    return {
        operation: Row(target, action.replace("__", ":"))
        for action, operations in by_action.items()
        for operation in operations.split()
    }


ROWS: Final = {
    **_rows(Target.OPEN, open="checkCertificate showCertificate"),
    **_rows(Target.CALLER, login="whoAmI logOut listImports"),
    **_rows(
        Target.MINE,
        applications__write="submitApplication",
        applications__read="listApplications",
        documents__write="uploadDocument",
        enterprises__read="listEnterprises listCertificates",
        prefixes__read="listPrefixes listPrefixApplications",
        templates__read="listTemplates listCodeRules",
        identifiers__search="searchIdentifiers",
        feed__read="readFeed acknowledgeFeed",
        webhooks__read="listWebhooks",
        keys__read="listKeys",
        accounts__read="listAccounts",
        jobs__read="listJobs",
    ),
    **_rows(Target.NODE, prefixes__manage="allotPrefix"),
    **_rows(
        Target.ENTERPRISE,
        enterprises__read="getEnterprise getEnterpriseHistory getFilingRecord",
        enterprises__manage="suspendEnterprise resumeEnterprise closeEnterprise",
        applications__review="verifyEnterprise",
        limits__read="getLimits",
        limits__write="putLimits",
    ),
    **_rows(
        Target.PREFIX,
        prefixes__read="readPrefix prefixHistory readRoute",
        prefixes__write="routePrefix",
        prefixes__manage="removePrefix switchPrefix limitPrefix transferPrefix",
        templates__read="getTemplate",
        templates__write="replaceTemplate reviseTemplate putCodeRule",
        templates__publish="publishTemplate withdrawTemplate requireTemplate",
    ),
    **_rows(Target.ACCOUNT, accounts__read="getAccount", accounts__write="changeAccount"),
    **_rows(Target.KEY, keys__read="getKey", keys__write="revokeKey rotateKey"),
    **_rows(
        Target.NAME,
        names__read="getIdentifier listIdentifiers export getHistory getRelations",
        names__write="createIdentifier putIdentifier patchIdentifier restoreVersion",
        names__delete="deleteIdentifier",
    ),
    **_rows(
        Target.MISSING,
        any="getApplication resubmitApplication approveApplication rejectApplication"
        " withdrawApplication recordNationalVerdict purgeApplication verifyApplicant readDocument"
        " getJob cancelJob getJobResults revokeCertificate getImport getImportResults"
        " readPrefixApplication resubmitPrefixApplication approvePrefixApplication"
        " rejectPrefixApplication withdrawPrefixApplication recordPrefixVerdict"
        " getWebhook removeWebhook listDeliveries resumeWebhook renewWebhookSecret",
    ),
}
"""By the id of the operation; every operation that is described has a row, or is in `ELSEWHERE`."""
ELSEWHERE: Final = frozenset(
    {
        # Whoever logs in is nobody yet: tests/unit/registry/access.
        "logIn",
        # What they are about is named in the body, item by item; each noun's own tests have cells.
        *("batch", "import", "giveCodes", "openJob", "createTemplate", "requestChange"),
        *("issueCertificate", "applyForPrefix", "addWebhook", "createKey", "createAccount"),
        # Who may do it depends on the body (`hosting`), or on whose password it is.
        *("hostPrefix", "renewPassword", "unroutePrefix"),
        # The rule is of a secondary prefix: the node's.
        *("readPrefixRule", "setPrefixRule"),
    }
)
ONE_BY_ONE: Final = frozenset({"export"})
"""Of these an enterprise may have two at a time: whoever is the third is told so."""
SNMS_PATHS: Final = ("/identity", "/identityv2/", "/snms/")
