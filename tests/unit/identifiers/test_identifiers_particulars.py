"""What an enterprise tells of itself. All persons and numbers here cannot exist."""

import copy

import pytest

from identifiers.codes.divisions import Divisions
from identifiers.codes.industries import SHIPPED
from identifiers.enterprises import fields, tables
from identifiers.enterprises.fields import told
from identifiers.enterprises.masking import masked, parted, whole
from identifiers.enterprises.particulars import Particulars, Registers
from identifiers.faults import Invalid

REGISTERS = Registers(places=Divisions(), trades=SHIPPED)
SITE = {"deploy_mode": 2, "cloud_provider": "示例云"}
GIVEN = {
    "basic": {
        "org_name": "示例煤业有限公司",
        "org_nature": 2,
        "org_address": "示例路 1 号",
        "org_cert_type": 1,
        "org_cert_no": "91990000PDY00001XR",
        "org_cert_image": "f-1",
        "legal_name": "张某某",
        "legal_cert_type": 1,
        "legal_cert_no": "990000180001010017",
        "legal_cert_front": "f-2",
        "legal_cert_back": "f-3",
        "industry_category": "B",
        "industry_division": "06",
        "contact_name": "李某",
        "contact_mobile": "10012345678",
        "contact_cert_type": 2,
        "contact_cert_no": "E0",
        "contact_email": "contact@coal.example",
        "province_code": "990000",
        "city_code": "990100",
    },
    "management": {
        "build_mode": 1,
        "operate_mode": 2,
        "operate_agent": "示例运营公司",
        "registration_system_site": SITE | {"ip_port": "[192.0.2.1]:8080"},
        "registration_data_site": SITE,
        "registration_backup_site": {
            "deploy_mode": 1,
            "province_code": "990000",
            "city_code": "990100",
            "county_code": "990101",
            "address": "示例路 2 号",
        },
        "resolver_site": SITE,
    },
    "service": {
        "licences": [{"type": 4, "no": "A-1"}],
        "service_industries": [
            {"category": "B", "division": "06", "group": "061", "class": "0610"},
        ],
    },
}


def given(**changes):
    """Return what is right, with fields changed: ``basic__org_name=…``; None leaves one out."""
    document = copy.deepcopy(GIVEN)
    for path, value in changes.items():
        *above, name = path.split("__")
        at = document
        for step in above:
            at = at[step]
        if value is None:
            del at[name]
        else:
            at[name] = value
    return document


def faults(document):
    with pytest.raises(Invalid) as caught:
        Particulars.read(document, REGISTERS)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def test_what_is_right_is_read_as_it_is():
    read = Particulars.read(GIVEN, REGISTERS)
    assert told(read.document) == GIVEN
    assert read.get("basic", "org_name") == "示例煤业有限公司"
    assert read.get("basic", "website") is None
    assert read.get("service", "site_name") is None
    without = Particulars.read(given(service=None), REGISTERS)
    assert without.get("service", "site_name") is None


def test_numbers_may_be_texts_and_what_is_empty_is_not_told():
    document = given(
        basic__org_nature="2",
        basic__website="",
        basic__registered_capital="5000000",
        basic__established_on="2001-02-03",
        basic__valid_until="2031-02-03",
        basic__county_code="990101",
        basic__legal_email=" legal@coal.example ",
        management__realname_check_mode=1,
        management__realname_check_files=["f-9"],
        service__licences=[],
    )
    read = Particulars.read(document, REGISTERS)
    assert read.get("basic", "org_nature") == 2
    assert read.get("basic", "registered_capital") == 5_000_000
    assert read.get("basic", "legal_email") == "legal@coal.example"
    assert read.get("basic", "website") is None
    assert read.get("service", "licences") is None
    assert read.get("management", "realname_check_files") == ("f-9",)


def test_addresses_are_joined_by_semicolons():
    ports = "[192.0.2.1]:8080; [2001:db8::1]:8080;192.0.2.2:80;[id.coal.example]:443"
    document = given(
        management__registration_system_site=SITE | {"ip_port": ports},
        service__site_addresses="192.0.2.1;2001:db8::1",
    )
    read = Particulars.read(document, REGISTERS)
    assert read.get("management", "registration_system_site")["ip_port"] == ports
    assert read.get("service", "site_addresses") == "192.0.2.1;2001:db8::1"


def test_blanks_tell_nothing():
    assert faults(given(basic__org_name="  ", basic__org_cert_no="\u3000", basic__website=" ")) == [
        ("/basic/org_name", "required"),
        ("/basic/org_cert_no", "required"),
    ]


def test_every_required_field_that_is_missing_is_told():
    missing = faults({})
    assert missing == [("/basic", "required"), ("/management", "required")]
    nothing = faults({"basic": {}, "management": {}})
    needed = [
        f"/{part.name}/{field.name}"
        for part in tables.FIELDS[:2]
        for field in part.kind.fields
        if field.required
    ]
    assert nothing == [(pointer, "required") for pointer in needed]
    assert faults([]) == [("", "type")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"basic__org_name": "x" * 256}, [("/basic/org_name", "too_long")]),
        ({"basic__org_name": 5}, [("/basic/org_name", "type")]),
        ({"basic__org_nature": 6}, [("/basic/org_nature", "range")]),
        (
            {"basic__org_cert_no": "91990000PDY00001XA"},
            [("/basic/org_cert_no", "enterprise.credit_code")],
        ),
        (
            {"basic__legal_cert_no": "990000180001010018"},
            [("/basic/legal_cert_no", "person.resident_number")],
        ),
        ({"basic__contact_cert_type": 1}, [("/basic/contact_cert_no", "person.resident_number")]),
        ({"basic__contact_email": "contact"}, [("/basic/contact_email", "field.email")]),
        ({"basic__contact_mobile": "ten"}, [("/basic/contact_mobile", "field.phone")]),
        (
            {"basic__city_code": "14"},
            [("/basic/city_code", "field.place")],
        ),
        ({"basic__city_code": "140100"}, [("/basic/city_code", "field.within")]),
        ({"basic__established_on": "2001-2-3"}, [("/basic/established_on", "field.day")]),
        ({"basic__established_on": "20010203"}, [("/basic/established_on", "field.day")]),
        (
            {"basic__established_on": "2031-02-03", "basic__valid_until": "2001-02-03"},
            [("/basic/valid_until", "field.before")],
        ),
        ({"basic__industry_division": "6"}, [("/basic/industry_division", "industry.code")]),
        ({"basic__industry_category": "G"}, [("/basic/industry_division", "industry.above")]),
        ({"basic__surprise": 1}, [("/basic/surprise", "unknown_key")]),
        ({"management__operate_agent": None}, [("/management/operate_agent", "required")]),
        (
            {"management__resolver_site": {"deploy_mode": 2}},
            [("/management/resolver_site/cloud_provider", "required")],
        ),
        (
            {
                "management__resolver_site": {
                    "deploy_mode": 1,
                    "city_code": "990100",
                    "province_code": "980000",
                }
            },
            [
                ("/management/resolver_site/county_code", "required"),
                ("/management/resolver_site/address", "required"),
                ("/management/resolver_site/city_code", "field.within"),
            ],
        ),
        (
            {"management__resolver_site": SITE | {"ip_port": "192.0.2.1:80"}},
            [("/management/resolver_site/ip_port", "unknown_key")],
        ),
        (
            {"management__registration_system_site": SITE | {"ip_port": "[192.0.2.1]:80;a:0"}},
            [("/management/registration_system_site/ip_port", "field.endpoints")],
        ),
        (
            {"management__registration_system_site": SITE | {"ip_port": "[::1::2]:80"}},
            [("/management/registration_system_site/ip_port", "field.endpoints")],
        ),
        (
            {"management__registration_system_site": SITE | {"ip_port": "2001:db8::1:80"}},
            [("/management/registration_system_site/ip_port", "field.endpoints")],
        ),
        (
            {"service__site_addresses": "192.0.2.1;fe80::1%eth0"},
            [("/service/site_addresses", "field.addresses")],
        ),
        *(
            (
                {"management__registration_system_site": SITE | {"ip_port": f"{host}:80"}},
                [("/management/registration_system_site/ip_port", "field.endpoints")],
            )
            for host in (
                "192.0.2.300",
                "[192.0.2]",
                "a..example",
                "-a.example",
                "[fe80::1%1]",
                "::1",
            )
        ),
        (
            {"service__site_addresses": "192.0.2.1;id.coal.example"},
            [("/service/site_addresses", "field.addresses")],
        ),
        ({"service__site_addresses": "1" * 256}, [("/service/site_addresses", "too_long")]),
        ({"service__licences": [{"type": 4}]}, [("/service/licences/0/no", "required")]),
        ({"service__licences": [{"type": 4, "no": "1"}] * 21}, [("/service/licences", "too_many")]),
        ({"service__licences": {}}, [("/service/licences", "type")]),
        (
            {
                "service__service_industries": [
                    {"category": "B", "division": "06", "group": "061", "class": "0690"}
                ]
            },
            [("/service/service_industries/0/class", "industry.above")],
        ),
        (
            {"service__service_industries": [{"category": "B"}]},
            [
                ("/service/service_industries/0/division", "required"),
                ("/service/service_industries/0/group", "required"),
                ("/service/service_industries/0/class", "required"),
            ],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes, told):
    assert faults(given(**changes)) == told


def test_all_faults_are_told_at_once():
    found = faults(given(basic__contact_email="x", management__operate_agent=None))
    assert found == [
        ("/basic/contact_email", "field.email"),
        ("/management/operate_agent", "required"),
    ]


def test_places_are_looked_up_once_they_are_loaded():
    whole_ = Registers(places=Divisions({"990000": "示例省"}, whole=True), trades=SHIPPED)
    with pytest.raises(Invalid) as caught:
        Particulars.read(GIVEN, whole_)
    assert caught.value.faults[0].pointer == "/basic/city_code"


def test_personal_data_is_masked_and_pictures_are_not_shown():
    basic = masked(Particulars.read(GIVEN, REGISTERS).document, tables.FIELDS)["basic"]
    assert basic["legal_name"] == "张**"
    assert basic["legal_cert_no"] == "990***********0017"
    assert basic["contact_cert_no"] == "**"
    assert basic["contact_mobile"] == "100****5678"
    assert basic["contact_email"] == "c***@coal.example"
    assert basic["org_name"] == "示例煤业有限公司"
    assert "legal_cert_front" not in basic


def test_what_is_in_lists_is_shown_as_it_is():
    shown = masked(Particulars.read(GIVEN, REGISTERS).document, tables.FIELDS)
    assert told(shown)["service"] == GIVEN["service"]


def test_personal_data_is_taken_apart_and_put_together_again():
    document = Particulars.read(GIVEN, REGISTERS).document
    open_, personal = parted(document, tables.FIELDS)
    assert set(personal) == {"basic"}
    named = {field.name for field in tables.BASIC if field.personal}
    assert set(personal["basic"]) == named & set(GIVEN["basic"])
    assert not named & set(open_["basic"])
    assert told(whole(open_, personal)) == GIVEN


def test_every_field_of_the_national_table_is_there():
    everything = dict(fields.paths(tables.FIELDS))
    assert {field.t1 for field in everything.values()} - {0} == set(range(1, 46))
    assert {field.t6 for field in everything.values()} - {0} == set(range(1, 43)) - {0}
    assert everything["/service/licences/no"].snms == "licenceNo"
    # Personal data stands in no list: `parted` looks into none.
    for pointer, field in everything.items():
        if isinstance(field.kind, fields.Many):
            inner = getattr(field.kind.of, "fields", ())
            assert not any(one.personal for one in inner), pointer
