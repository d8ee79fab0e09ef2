"""What each operation of the registration API needs, is asked with and answers: the native table.

A row whose permission hangs on what is sent stands here once for each way: ``operation (way)``.
"""

from typing import Any, Final

from tests.matrix.rights import Row, Target, each, lists

STALE: Final = "v999"
_URL: Final = {"index": 1, "type": "URL", "data": "https://a.example"}
_THERE: Final = {"handle": "{prefix}/THERE"}
_NEW: Final = {"handle": "{prefix}/NEW", "values": [_URL]}
_MINE: Final = {"handle": "88.300.MINE/FIRST", "values": [_URL]}
TEMPLATE: Final = {
    "prefix": "{prefix}",
    "version": "coal-1",
    "title": "煤 {mark}",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "carrier": 2,
    "description": "",
    "items": [
        {
            "index": 2000,
            "name": "BATCH_NO",
            "title": "批次号",
            "type": "string",
            "required": True,
            "min_length": 1,
            "max_length": 64,
        }
    ],
}
WEBHOOK: Final = {"name": "{name}", "url": "https://erp.example/idnode"}


_KEY_PAIR: Final[dict[str, Any]] = {"target": Target.THING, "thing": "key pair", "cut": True}
_ACCESS: Final = {
    "logIn": Row(
        target=Target.OPEN,
        fit="login-refused login-later",
        body={"name": "nobody", "password": "correct horse battery"},
    ),
    **each("whoAmI listImports", Target.CALLER),
    "logOut": Row(target=Target.CALLER, keys="missing-role"),
    **lists("keys:read", "listKeys"),
    **lists("accounts:read", "listAccounts"),
    "createAccount": Row(
        target=Target.ENTERPRISE,
        action="accounts:write",
        fit="name-taken",
        body={"enterprise": "{enterprise}", "name": "first", "role": "reader"},
    ),
    "createKey": Row(
        target=Target.ENTERPRISE,
        action="keys:write",
        # Administrators have no such scope to give; nor has who is cut down all prefixes.
        fit="done invalid",
        body={"enterprise": "{enterprise}", "scopes": ["keys:write"], "label": "{mark}"},
    ),
    **each("getAccount", Target.THING, "accounts:read", thing="account"),
    "changeAccount": Row(
        target=Target.THING,
        action="accounts:write",
        thing="account",
        fit="invalid",
        body={"role": 7},
    ),
    "renewPassword": Row(
        target=Target.THING, action="accounts:write", thing="account", body={}, alone=True
    ),
    "renewPassword (his own)": Row(
        target=Target.CALLER, fit="invalid", keys="missing-role", body={}
    ),
    **each("getKey", Target.THING, "keys:read", thing="key"),
    **each("revokeKey", Target.THING, "keys:write", thing="key"),
    "rotateKey": Row(
        target=Target.THING,
        action="keys:write",
        thing="key",
        fit="invalid",
        body={"overlap_hours": -1},
    ),
    **lists("keys:read", "listKeyPairs"),
    "getKeyPair": Row(action="keys:read", **_KEY_PAIR),
    "boundKeyPair": Row(action="keys:write", fit="invalid", body=[], **_KEY_PAIR),
    "addPublicKey": Row(action="key-pairs:add", fit="invalid", body=[], **_KEY_PAIR),
    "liftKeyPairBounds": Row(action="keys:write", **_KEY_PAIR),
    **each("getLimits", Target.ENTERPRISE, "limits:read"),
    **each("putLimits", Target.ENTERPRISE, "limits:write", fit="invalid", body={"requests": 7}),
}
_APPLICATION: Final[dict[str, Any]] = {"target": Target.THING, "thing": "application"}
_ASKED_FOR: Final[dict[str, Any]] = {"target": Target.THING, "thing": "prefix application"}
_BUSINESS: Final = {
    "submitApplication": Row(
        target=Target.MINE, action="applications:write", fit="invalid", body={}
    ),
    **lists("applications:read", "listApplications"),
    "requestChange": Row(
        target=Target.ENTERPRISE,
        action="enterprises:write",
        fit="invalid",
        body={"enterprise": "{enterprise}", "particulars": {}},
    ),
    "getApplication": Row(action="applications:read", **_APPLICATION),
    "getApplicationHistory": Row(action="applications:read", **_APPLICATION),
    "resubmitApplication": Row(action="applications:write", fit="invalid", body={}, **_APPLICATION),
    "approveApplication": Row(
        action="applications:review", fit="precondition-failed", match=STALE, **_APPLICATION
    ),
    "rejectApplication": Row(action="applications:review", fit="invalid", body={}, **_APPLICATION),
    "withdrawApplication": Row(
        action="applications:write", fit="precondition-failed", match=STALE, **_APPLICATION
    ),
    "recordNationalVerdict": Row(
        action="enterprises:manage", fit="invalid", body={}, **_APPLICATION
    ),
    "purgeApplication": Row(action="enterprises:manage", fit="application-stage", **_APPLICATION),
    "verifyApplicant": Row(action="applications:review", fit="invalid", body={}, **_APPLICATION),
    "uploadDocument": Row(
        target=Target.MINE,
        action="documents:write",
        fit="document-form",
        body="x",
        media="image/png",
    ),
    "readDocument": Row(target=Target.THING, action="documents:read", thing="document"),
    **each("listEnterprises", Target.MINE, "enterprises:read"),
    **lists("enterprises:read", "listCertificates"),
    **each(
        "getEnterprise getEnterpriseHistory getFilingRecord",
        Target.ENTERPRISE,
        "enterprises:read",
    ),
    **each(
        "suspendEnterprise closeEnterprise",
        Target.ENTERPRISE,
        "enterprises:manage",
        fit="invalid",
        body={},
    ),
    **each("resumeEnterprise", Target.ENTERPRISE, "enterprises:manage"),
    **each("verifyEnterprise", Target.ENTERPRISE, "applications:review", fit="invalid", body={}),
    "checkCertificate": Row(target=Target.OPEN, thing="certificate"),
    "showCertificate": Row(target=Target.OPEN, thing="certificate", none="HTTP-404"),
    "issueCertificate": Row(
        target=Target.ENTERPRISE,
        action="certificates:manage",
        fit="certificate-in-force",
        body={"enterprise": "{enterprise}"},
    ),
    "revokeCertificate": Row(
        target=Target.THING,
        action="certificates:manage",
        thing="certificate",
        fit="invalid",
        body={},
    ),
}
_PREFIXES: Final = {
    **lists("prefixes:read", "listPrefixes listPrefixApplications"),
    "allotPrefix": Row(target=Target.NODE, action="prefixes:manage", fit="invalid", body={}),
    **each("readPrefix prefixHistory readRoute", Target.PREFIX, "prefixes:read"),
    **each(
        "removePrefix unroutePrefix",
        Target.PREFIX,
        "prefixes:manage",
        fit="precondition-failed",
        match=STALE,
    ),
    **each(
        "switchPrefix limitPrefix transferPrefix",
        Target.PREFIX,
        "prefixes:manage",
        fit="invalid",
        body={},
    ),
    "routePrefix": Row(target=Target.PREFIX, action="prefixes:write", fit="invalid", body={}),
    "hostPrefix": Row(
        target=Target.PREFIX,
        action="prefixes:write",
        fit="invalid",
        body={"hosting": "applied", "reason": 7},
    ),
    "hostPrefix (withdrawn)": Row(
        target=Target.PREFIX,
        action="prefixes:write",
        fit="invalid",
        body={"hosting": "not_hosted", "reason": 7},
    ),
    **{
        f"hostPrefix ({hosting})": Row(
            target=Target.PREFIX,
            action="prefixes:manage",
            fit="invalid",
            body={"hosting": hosting, "reason": 7},
        )
        for hosting in ("hosted", "rejected")
    },
    **each("readPrefixRule", Target.RULE, "prefixes:read"),
    **each("setPrefixRule", Target.RULE, "prefixes:manage", fit="invalid", body={"first": -1}),
    "applyForPrefix": Row(
        target=Target.ENTERPRISE,
        action="prefixes:write",
        fit="invalid",
        body={"enterprise": "{enterprise}", "purpose": 7},
    ),
    "readPrefixApplication": Row(action="prefixes:read", **_ASKED_FOR),
    "resubmitPrefixApplication": Row(
        action="prefixes:write", fit="invalid", body={"purpose": 7}, **_ASKED_FOR
    ),
    "approvePrefixApplication": Row(
        action="applications:review", fit="done application-stage", **_ASKED_FOR
    ),
    "rejectPrefixApplication": Row(
        action="applications:review", fit="invalid", body={}, **_ASKED_FOR
    ),
    "withdrawPrefixApplication": Row(
        action="prefixes:write", fit="done application-stage", **_ASKED_FOR
    ),
    "recordPrefixVerdict": Row(action="prefixes:manage", fit="invalid", body={}, **_ASKED_FOR),
}
_TEMPLATES: Final = {
    **each("listTemplates listCodeRules", Target.MINE, "templates:read"),
    **{
        f"{name} (of one)": Row(
            target=Target.FILTER, action="templates:read", query={"prefix": "{prefix}"}
        )
        for name in ("listTemplates", "listCodeRules")
    },
    **each("getTemplate", Target.PREFIX, "templates:read"),
    "createTemplate": Row(
        target=Target.PREFIX,
        action="templates:write",
        cut=True,
        body=TEMPLATE | {"version": "new-1"},
    ),
    **each(
        "replaceTemplate reviseTemplate putCodeRule",
        Target.PREFIX,
        "templates:write",
        fit="invalid",
        body={},
        cut=True,
    ),
    **each("publishTemplate withdrawTemplate", Target.PREFIX, "templates:publish", cut=True),
    **each("requireTemplate", Target.PREFIX, "templates:publish", fit="invalid", body={}, cut=True),
}
_UNDER: Final = {"prefix": "{prefix}", "filter": {"begins": "NONE"}}
_NAMES: Final = {
    **each("getIdentifier getHistory getRelations", Target.NAME, "names:read"),
    **each("listIdentifiers", Target.NAME, "names:read", query={"prefix": "{prefix}"}),
    **each("export", Target.NAME, "names:read", query={"prefix": "{prefix}"}, alone=True),
    "createIdentifier": Row(target=Target.NAME, action="names:write", fit="done exists", body=_NEW),
    **each("putIdentifier", Target.NAME, "names:write", body=_THERE | {"values": [_URL]}),
    **each("patchIdentifier", Target.NAME, "names:write", body={"values": [_URL]}),
    "restoreVersion": Row(
        target=Target.NAME,
        action="names:write",
        also="names:read",
        gone="version-not-kept",
        body={"version": 1},
    ),
    "deleteIdentifier": Row(
        target=Target.NAME, action="names:delete", fit="precondition-failed", match=STALE
    ),
    "batch": Row(
        target=Target.NAME,
        action="names:write",
        fit="done exists",
        body={"items": [_MINE, _NEW]},
        noted=True,
    ),
    "import": Row(
        target=Target.NAME,
        action="names:write",
        fit="done exists",
        body=_NEW,
        query={"dry_run": "1"},
        media="application/x-ndjson",
        first=True,
        noted=True,
        alone=True,
    ),
    "giveCodes": Row(
        target=Target.NAME,
        action="names:write",
        absent="no-such-thing",
        body={"prefix": "{prefix}", "rule": "coal"},
    ),
    "openJob": Row(
        target=Target.NAME,
        action="names:state",
        fit="done too-many-open-jobs",
        body={"action": "suspend", "reason": "x", **_UNDER},
        also="jobs:read",
        first=True,
    ),
    "openJob (to delete)": Row(
        target=Target.NAME,
        action="names:delete",
        fit="done too-many-open-jobs",
        body={"action": "delete", **_UNDER},
        also="jobs:read",
        first=True,
    ),
    **each("searchIdentifiers", Target.MINE, "identifiers:search"),
    **{
        f"searchIdentifiers (by {what})": Row(
            target=Target.FILTER, action="identifiers:search", query={what: sought}
        )
        for what, sought in (
            ("prefix", "{prefix}"),
            ("name", "{prefix}/THERE"),
            ("begins", "{prefix}/T"),
        )
    },
    **each("listJobs", Target.MINE, "jobs:read"),
    **each("getJob getJobResults", Target.THING, "jobs:read", thing="job", none="no-job", cut=True),
    "cancelJob": Row(
        target=Target.THING,
        action="jobs:write",
        thing="job",
        none="no-job",
        fit="done job-ended",
        cut=True,
    ),
    **each("getImport getImportResults", Target.IMPORT, none="no-import"),
}
_HOOK: Final[dict[str, Any]] = {
    "target": Target.THING,
    "thing": "webhook",
    "none": "no-webhook",
    "enterprises": True,
}
_TELLING: Final = {
    **each("readFeed", Target.MINE, "feed:read"),
    **each("acknowledgeFeed", Target.MINE, "feed:read", fit="invalid", body={}),
    **each("listWebhooks", Target.MINE, "webhooks:read"),
    **each("addWebhook", Target.MINE, "webhooks:write", fit="invalid", body={}),
    **{name: Row(action="webhooks:read", **_HOOK) for name in ("getWebhook", "listDeliveries")},
    "resumeWebhook": Row(action="webhooks:write", **_HOOK),
    "renewWebhookSecret": Row(
        action="webhooks:write", fit="invalid", body={"overlap_hours": -1}, **_HOOK
    ),
    "removeWebhook": Row(action="webhooks:write", again=True, alone=True, **_HOOK),
}
ROWS: Final = _ACCESS | _BUSINESS | _PREFIXES | _TEMPLATES | _NAMES | _TELLING
"""By the id of the operation, and the way where there are several."""
