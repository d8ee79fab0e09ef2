"""Templates, applications and routes as the SNMS-style interface has them."""

from ipaddress import ip_address

import pytest

from identifiers.codes.industries import SHIPPED
from identifiers.enterprises.fields import told
from identifiers.enterprises.particulars import Particulars
from identifiers.faults import Fault, Invalid
from identifiers.metadata.templates import grown, read_template
from identifiers.names import Prefix
from identifiers.snms import applications, routes, templates
from tests.unit.registry.business.conftest import REGISTERS, particulars

ITEM = {
    "name": "产地",
    "idType": "ORIGIN",
    "idIndex": "2000",
    "required": True,
    "metadata": {"type": "string", "minLength": 1, "maxLength": "64"},
}
TEMPLATE = {
    "prefix": "88.300.1",
    "version": "coal-1",
    "industryCategory": "B",
    "industrySpecific": "06",
    "industryTrade": "061",
    "industrySubclass": "0610",
    "type": 2,
    "items": [ITEM],
}


def faults_of(read, *given):
    with pytest.raises(Invalid) as caught:
        read(*given)
    return [(fault.code, fault.pointer) for fault in caught.value.faults]


def ours(document=TEMPLATE):
    return read_template(templates.read_template(document), SHIPPED)


def test_a_template_comes_back_as_it_was_sent():
    back = templates.told_template(ours(), "88.300.1/T")
    assert back.pop("id") == back.pop("handle") == "88.300.1/T"
    assert back.pop("name") == "coal-1"
    item = ITEM | {"idIndex": 2000, "state": 1, "metadata": ITEM["metadata"] | {"maxLength": 64}}
    assert back == TEMPLATE | {"description": "", "items": [item]}


def test_what_the_tables_call_an_array_is_read_like_the_object_of_the_examples():
    listed = TEMPLATE | {"items": [ITEM | {"metadata": [ITEM["metadata"]]}]}
    assert ours(listed) == ours()


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        ([], [("type", "")]),
        (TEMPLATE | {"items": [ITEM | {"metadata": []}]}, [("type", "/items/0/metadata")]),
        (TEMPLATE | {"type": 3}, [("range", "/type")]),
        (TEMPLATE | {"items": [1]}, [("type", "/items/0")]),
        (TEMPLATE | {"items": [ITEM | {"metadata": None}]}, [("type", "/items/0/metadata")]),
        (
            TEMPLATE | {"items": [{"name": "x", "metadata": {"type": "number"}}]},
            [
                ("required", "/items/0/idType"),
                ("one_of", "/items/0/metadata/type"),
                ("required", "/items/0/metadata/minLength"),
                ("required", "/items/0/metadata/maxLength"),
            ],
        ),
    ],
)
def test_what_has_no_form_is_told(document, faults):
    found = faults_of(templates.read_template, document)
    assert sorted(found) == sorted(faults)


def test_faults_of_ours_are_told_by_their_names():
    told_by = {
        "/items/0/min_length": "/items/0/metadata/minLength",
        "/items/1/index": "/items/1/idIndex",
        "/industry/class": "/industrySubclass",
        "/prefix": "/prefix",
    }
    for pointer, place in told_by.items():
        assert templates.theirs(Fault("empty", pointer)).pointer == place


def test_an_update_changes_what_agrees_in_index_and_name_and_adds_the_rest():
    stored = read_template(
        templates.read_template(TEMPLATE)
        | {"items": [{"index": 2000, "name": "MASS", "title": "质量", "type": "number"}]},
        SHIPPED,
    )
    changed = ITEM | {"idType": "MASS", "name": "质量（吨）", "state": 0}
    items = templates.read_changes({"items": [changed, ITEM | {"idIndex": 2001}]}, stored)
    next_one = grown(stored, items)
    assert [(item.index, item.name, item.type, item.enabled) for item in next_one.items] == [
        (2000, "MASS", "number", False),
        (2001, "ORIGIN", "string", True),
    ]
    added = {name: member for name, member in ITEM.items() if name != "idIndex"}
    assert grown(stored, templates.read_changes({"items": [added]}, stored)).items[-1].index == 2001
    assert faults_of(templates.read_changes, 1, stored) == [("type", "")]


def theirs(document):
    told_ones = applications.told_particulars(document)
    return told_ones | {"entBasicInfo": told_ones["entBasicInfo"] | {"entPrefix": "88.300.7"}}


USER = {"userName": "coal", "mobile": "10012345678", "email": "a@b.example", "password": "secret"}


def test_an_application_comes_back_as_it_was_sent():
    document = particulars() | {
        "service": {
            "licences": [{"type": 4, "no": "A-1"}],
            "service_industries": [
                {"category": "B", "division": "06", "group": "061", "class": "0610"}
            ],
        }
    }
    body = theirs(Particulars.read(document, REGISTERS).document)
    assert {site["sysType"] for site in body["entRegisterManageInfo"]["entInfoSyses"]} == {
        1,
        2,
        3,
        4,
    }
    sent = applications.read_application(body | {"sysUser": USER})
    assert (sent.applicant.name, sent.prefix) == ("coal", "88.300.7")
    assert "secret" not in repr(sent)
    assert "990000" not in repr(sent)
    assert told(Particulars.read(sent.particulars, REGISTERS).document) == document
    known = applications.read_application(body | {"username": "coal"})
    assert known.applicant == applications.Applicant("coal")


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"username": "a"}, [("required", "/entBasicInfo")]),
        ({"sysUser": 1, "entBasicInfo": {}}, [("type", "/sysUser")]),
        ({"username": "a" * 51, "entBasicInfo": {}}, [("too_long", "/username")]),
        ({"username": "  ", "entBasicInfo": {}}, [("required", "/username")]),
        (
            {"username": "a", "entBasicInfo": {"entPrefix": "8" * 65}},
            [("too_long", "/entBasicInfo/entPrefix")],
        ),
        (
            {"sysUser": dict.fromkeys(USER, "x" * 65), "entBasicInfo": {}},
            [("too_long", f"/sysUser/{name}") for name in USER],
        ),
        (
            {"sysUser": {"mobile": 1, "email": " ", "password": "p" * 64}, "entBasicInfo": {}},
            [
                ("required", "/sysUser/userName"),
                ("type", "/sysUser/mobile"),
                ("required", "/sysUser/email"),
            ],
        ),
    ],
)
def test_what_is_wrong_around_particulars_is_told_beside_them(body, faults):
    sent = applications.read_application(body)
    assert [(fault.code, fault.pointer) for fault in sent.faults] == faults
    assert sent.particulars == ({"basic": {}} if "entBasicInfo" in body else {})
    assert sent.prefix == ""


def test_an_application_that_is_no_object_is_told():
    assert faults_of(applications.read_application, []) == [("type", "")]


def test_an_account_may_be_told_at_full_length():
    user = {"userName": "煤" * 50, "mobile": "1" * 50, "email": "e" * 50, "password": "0" * 64}
    body = {"sysUser": user, "entBasicInfo": {"entPrefix": "8" * 64}}
    sent = applications.read_application(body)
    assert sent.applicant == applications.Applicant(*user.values())
    assert (sent.prefix, sent.faults) == ("8" * 64, ())


def test_odd_parts_are_left_to_the_judge_of_particulars():
    body = {
        "username": "a",
        "entBasicInfo": {"orgName": "x"},
        "entRegisterManageInfo": {"entInfoSyses": [1, {"sysType": "9"}, {"sysType": "1"}]},
        "entHostingAndIdentifyServeInfo": {"entInfoLicenses": [1, {}], "entInfoSerIndustries": 1},
    }
    sent = applications.read_application(body)
    assert sent.particulars == {
        "basic": {"org_name": "x"},
        "management": {"registration_system_site": {}},
        "service": {"licences": [1, {}], "service_industries": 1},
    }
    odd = applications.read_application(
        {"username": "a", "entBasicInfo": {}, "entRegisterManageInfo": 1}
    )
    assert odd.particulars == {"basic": {}, "management": 1}


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("/basic/org_cert_no", "/entBasicInfo/orgCrtCode"),
        (
            "/management/resolver_site/cloud_provider",
            "/entRegisterManageInfo/entInfoSyses[sysType=4]/name",
        ),
        ("/management/realname_check_mode", "/entRegisterManageInfo/realname_check_mode"),
        (
            "/service/licences/0/no",
            "/entHostingAndIdentifyServeInfo/entInfoLicenses/0/licenceNo",
        ),
        ("/unheard", "/unheard"),
    ],
)
def test_faults_of_particulars_are_told_by_their_names(pointer, place):
    assert applications.theirs(Fault("empty", pointer)).pointer == place


ROUTE = {
    "entPrefix": "88.300.1",
    "hdlType": "HS_SITE",
    "ipType": "4",
    "ip": "192.0.2.7",
    "tcpPort": "2641",
    "udpPort": 2641,
    "httpPort": "",
}


def test_a_route_is_read():
    assert routes.read_configuration({"entPrefixConfig": ROUTE}) == routes.Routed(
        prefix=Prefix.parse("88.300.1"),
        address=ip_address("192.0.2.7"),
        tcp=2641,
        udp=2641,
        http=0,
    )
    six = ROUTE | {"ipType": 6, "ip": "[2001:db8::7]"}
    assert routes.read_configuration({"entPrefixConfig": six}).address == ip_address("2001:db8::7")


def test_a_prefix_to_be_hosted_is_read():
    sent = {"proxyServerId": 1, "entPrefixConfig": {"entprefix": "88.300.1"}}
    assert routes.read_configuration(sent) == routes.Hosted(Prefix.parse("88.300.1"))


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (1, [("type", "")]),
        ({}, [("required", "/entPrefixConfig")]),
        ({"proxyServerId": 1, "entPrefixConfig": {}}, [("required", "/entPrefixConfig/entPrefix")]),
        (
            {"entPrefixConfig": ROUTE | {"entPrefix": "88..1", "ip": "x", "tcpPort": 70000}},
            [
                ("name.prefix", "/entPrefixConfig/entPrefix"),
                ("range", "/entPrefixConfig/tcpPort"),
                ("snms.address", "/entPrefixConfig/ip"),
            ],
        ),
        (
            {"entPrefixConfig": ROUTE | {"ip": "2001:db8::7", "tcpPort": 0, "udpPort": None}},
            [
                ("required", "/entPrefixConfig/tcpPort ~1 udpPort ~1 httpPort"),
                ("snms.address", "/entPrefixConfig/ip"),
            ],
        ),
        ({"entPrefixConfig": ROUTE | {"ip": ""}}, []),
        ({"entPrefixConfig": {"tcpPort": 1}}, None),
    ],
)
def test_a_configuration_without_form_is_told(body, faults):
    found = faults_of(routes.read_configuration, body)
    if faults is not None:
        assert sorted(found) == sorted(faults)


def test_what_the_interface_has_no_name_for_is_not_told():
    told_ones = applications.told_particulars({"management": {"realname_check_mode": 1}})
    assert told_ones == {"entRegisterManageInfo": {}}
