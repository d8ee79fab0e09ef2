"""The same table for the SNMS-style interface: what is sent, and which code the envelope has.

`fit` and `none` are codes of the envelope, or the sentence of a refusal that clients compare.
"""

from typing import Any, Final

from tests.matrix.rights import Row, Target, each

LOG_IN: Final = "-1"
REFUSED: Final = "-2"
FORBIDDEN: Final = "-3"
_MISSING: Final = "没有找到标识"
_EXISTS: Final = "标识已存在"


def _object(handle: str) -> dict[str, Any]:
    value = {"index": 2000, "type": "BATCH_NO", "data": {"format": "string", "value": "1"}}
    return {"handle": handle, "templateVersion": "coal-1", "value": [value]}


_ONE: Final = _object("{prefix}/SNMS")
_TWO: Final = [_object("88.300.MINE/SNMS-1"), _ONE]
_NAMED: Final = {"prefix": "{prefix}", "version": "coal-1"}
_ITEM: Final = {
    "name": "批次号",
    "idType": "BATCH_NO",
    "idIndex": 2000,
    "required": True,
    "metadata": {"type": "string", "minLength": 1, "maxLength": 64},
}
_TEMPLATE: Final = {
    "prefix": "{prefix}",
    "industryCategory": "B",
    "industrySpecific": "06",
    "industryTrade": "061",
    "industrySubclass": "0610",
    "type": 2,
    "items": [_ITEM],
}
_CONFIGURATION: Final = {
    "entPrefixConfig": {
        "entPrefix": "{prefix}",
        "hdlType": "NONE",
        "ipType": "4",
        "ip": "203.0.113.7",
        "tcpPort": 2641,
    }
}


def _row(target: Target, action: str = "", **more: Any) -> Row:
    return Row(
        target=target, action=action, **{"fit": "1", "none": FORBIDDEN, "gone": _MISSING, **more}
    )


def _template(action: str, **more: Any) -> Row:
    return _row(Target.PREFIX, action, **{"nearest": True, "absent": "模板不存在", **more})


_LOGGING_IN: Final = each(
    "snmsToken snmsTokenDated",
    Target.OPEN,
    fit=REFUSED,
    body={"username": "nobody", "password": "x"},
)
_DATA: Final = {
    "snmsDetail": _row(Target.NAME, "names:read", query={"handle": "{prefix}/THERE"}),
    "snmsCreate": _row(Target.NAME, "names:write", fit=f"1 {_EXISTS}", body=_ONE),
    "snmsCreateMany": _row(Target.NAME, "names:write", fit=f"1 {_EXISTS}", body=_TWO, noted=True),
    # It is read first: who may write and not read changes nothing here.
    "snmsUpdate": _row(
        Target.NAME, "names:write", also="names:read", fit=f"1 {_MISSING}", body=_ONE
    ),
    "snmsUpdateMany": _row(
        Target.NAME,
        "names:write",
        also="names:read",
        fit="1 标识不存在",
        gone="标识不存在",
        body=_TWO,
        noted=True,
    ),
    "snmsDelete": _row(
        Target.NAME, "names:delete", fit=f"1 {_MISSING}", body={"handle": "{prefix}/GONE"}
    ),
    "snmsDeleteMany": _row(
        Target.NAME,
        "names:delete",
        fit="1 标识不存在",
        body=["88.300.MINE/GONE-1", "{prefix}/GONE"],
        noted=True,
    ),
}
_TEMPLATES: Final = {
    name: row
    for edition in ("v3", "v5")
    for name, row in {
        f"snmsTemplate{edition}": _template("templates:read", query=_NAMED),
        f"snmsCreateTemplate{edition}": _template(
            "templates:publish",
            fit="1 模板已存在",
            absent="前缀不存在",
            body=_TEMPLATE | {"version": f"snms-{edition}"},
            cut=True,
        ),
        f"snmsDeleteTemplate{edition}": _template(
            "templates:publish",
            body=_NAMED | {"version": "old-1"},
            cut=True,
        ),
    }.items()
} | {
    "snmsUpdateTemplatev5": _template("templates:write", body=_NAMED | {"items": [_ITEM]}, cut=True)
}
_OF_THE_NODE: Final = {
    "snmsPrefix": _row(
        Target.REGISTER, "prefixes:read", query={"prefix": "{prefix}"}, absent="前缀不存在"
    ),
    "snmsPrefixes": _row(Target.NODE, "prefixes:read"),
    "snmsConfigure": _row(
        Target.REGISTER, "prefixes:manage", fit=REFUSED, body=_CONFIGURATION, absent=REFUSED
    ),
    "snmsApplyApply": _row(Target.NODE, "applications:write", fit=REFUSED, body={}),
    "snmsApplyUpgrade": _row(Target.NODE, "applications:write", fit=REFUSED, body={}),
    "snmsEnterprises": _row(Target.NODE, "enterprises:read"),
    "snmsEnterprise": _row(Target.NODE, "enterprises:read", query={"id": "1"}),
    "snmsUpload": _row(Target.MINE, "documents:write", fit=REFUSED, body="x", media="image/png"),
}
SNMS_ROWS: Final = _LOGGING_IN | _DATA | _TEMPLATES | _OF_THE_NODE
