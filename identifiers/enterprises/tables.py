"""The national tables T1 (a node) and T6 (an enterprise): every field, once, with all its names.

The columns: this project's name, the Chinese one, the form, R required or O optional, the name in
the SNMS-style interface, the numbers in T1 and T6, and for personal data (个人信息) what it is.
Forms with a number hold so many characters, or so many of their kind. Sources: CAICT,
国家顶级节点对接服务指南, annexes, for T1 and T6; the documentation of SNMS (ent/apply) for what is
required and how long it may be, since the Guide does not say.
"""

from collections.abc import Callable, Mapping
from typing import Final

from identifiers.enterprises.fields import (
    Addresses,
    Code,
    Day,
    Email,
    Endpoints,
    Field,
    File,
    Kind,
    Many,
    Number,
    Part,
    Personal,
    Phone,
    Place,
    Text,
)

CODES: Final = {
    "natures": {1: "国有控股", 2: "民营控股", 3: "外商控股", 4: "事业单位", 5: "民营非盈利组织"},
    "organisation_numbers": {1: "统一社会信用代码", 2: "其他"},
    "person_numbers": {1: "居民身份证", 2: "护照", 3: "其他"},
    "licences": {
        1: "域名根服务器运行机构",
        2: "域名注册管理机构",
        3: "域名注册服务机构",
        4: "增值电信业务经营许可证",
    },
    "modes": {1: "自营", 2: "委托"},
    "deployments": {1: "本地化部署", 2: "云部署"},
}
SITES: Final = {
    1: "registration_system_site",
    2: "registration_data_site",
    3: "registration_backup_site",
    4: "resolver_site",
    5: "service_backup_site",
}
"""By the number that the SNMS-style interface gives them (`sysType`)."""

_TRADE: Final = """
category | 门类 | text 8 | R | industryCategory | 44 | 41 |
division | 大类 | text 8 | R | industrySpecific | 44 | 41 |
group    | 中类 | text 8 | R | industryTrade    | 44 | 41 |
class    | 小类 | text 8 | R | industrySubclass | 44 | 41 |
"""
_LICENCE: Final = """
type | 许可类型 | code licences | R | licenceType | 31 | 28 |
no   | 许可证号 | text 255      | R | licenceNo   | 32 | 29 |
"""
_SITE: Final = """
deploy_mode    | 部署方式     | code deployments | R | deployMode         | - | - |
province_code  | 省           | place            | O | deployAddrProvince | - | - |
city_code      | 市           | place            | O | deployAddrCity     | - | - |
county_code    | 区           | place            | O | deployAddrCounty   | - | - |
address        | 详细地址     | text 255         | O | deployAddr         | - | - |
cloud_provider | 云服务供应商 | text 255         | O | name               | - | - |
"""
_PORTS: Final = """
ip_port | IP 地址及端口号 | endpoints 255 | O | ipPort | - | - |
"""
_BASIC: Final = """
org_name               | 单位名称           | text 255 | R | orgName | 1 | 1 |
org_nature             | 单位性质           | code natures | R | orgNature | 2 | 2 |
org_address            | 单位地址           | text 255 | R | orgAddr | 3 | 3 |
org_cert_type          | 单位证件类型       | code organisation_numbers | R | orgCrtType | 4 | 4 |
org_cert_no            | 单位证件号         | text 32 | R | orgCrtCode | 5 | 5 |
org_cert_image         | 单位证件照片       | file | R | orgCrtImgRid | 6 | - |
legal_name             | 法定代表人姓名     | text 128 | R | legalName | 7 | 6 | name
legal_cert_type        | 法定代表人证件类型 | code person_numbers | R | legalCrtType | 8 | 7 |
legal_cert_no          | 法定代表人证件号   | text 32 | R | legalCrtNo | 9 | 8 | number
legal_cert_front       | 法定代表人证件正面 | file | R | legalCrtFrontImgRid | 10 | - | picture
legal_cert_back        | 法定代表人证件反面 | file | R | legalCrtBackImgRid | 10 | - | picture
org_intro              | 单位简介           | text 1024 | O | orgDesc | 11 | 9 |
industry_category      | 行业类型           | text 8 | R | industryCategory | 12 | 10 |
industry_division      | 行业大类           | text 8 | R | industrySpecific | 13 | 11 |
contact_name           | 联系人姓名         | text 128 | R | contactName | 14 | 12 | name
contact_mobile         | 联系人手机号       | phone 16 | R | contactPhone | 15 | 13 | phone
contact_cert_type      | 联系人证件类型     | code person_numbers | R | contactCrtType | 16 | 14 |
contact_cert_no        | 联系人证件号       | text 32 | R | contactCrtNo | 17 | 15 | number
contact_cert_front     | 联系人证件正面     | file | O | contactCrtFrontImgRid | 18 | - | picture
contact_cert_back      | 联系人证件反面     | file | O | contactCrtBackImgRid | 18 | - | picture
contact_email          | 联系人邮箱         | email 128 | R | contactEmail | 19 | 16 | email
website                | 官方网站           | text 255 | O | website | 20 | 17 |
registration_authority | 注册机关           | text 255 | O | regAuthority | 21 | 18 |
registered_capital     | 注册资本           | number | O | regCapital | 22 | 19 |
established_on         | 成立日期           | day | O | establishDate | 23 | 20 |
valid_until            | 有效期             | day | O | periodValidity | 24 | 21 |
province_code          | 单位地址-省        | place | R | orgAddrProvince | 25 | 22 |
city_code              | 单位地址-市        | place | R | orgAddrCity | 26 | 23 |
county_code            | 单位地址-区        | place | O | orgAddrCounty | 27 | 24 |
legal_email            | 法定代表人邮箱     | email 128 | O | legalEmail | 28 | 25 | email
legal_mobile           | 法定代表人手机号   | phone 16 | O | legalPhone | 29 | 26 | phone
legal_fax              | 法定代表人传真     | text 255 | O | legalFax | 30 | 27 | phone
"""
_MANAGEMENT: Final = """
build_mode               | 服务系统建设           | code modes | R | servSysBuildType | 33 | 30 |
build_agent              | 服务系统建设受托方     | text 255 | O | servSysBuildName | 33 | 30 |
build_contract           | 服务系统建设合同 | file | O | servSysBuildContractFileRid | 33 | 30 |
operate_mode             | 服务系统运营           | code modes | R | servSysOperType | 34 | 31 |
operate_agent            | 服务系统运营受托方     | text 255 | O | servSysOperName | 34 | 31 |
operate_contract         | 服务系统运营合同 | file | O | servSysOperContractFileRid | 34 | 31 |
registration_system_site | 标识注册系统所在地     | reachable_site | R | - | 35 | 32 |
registration_data_site   | 标识注册数据所在地     | site | R | - | 36 | 33 |
registration_backup_site | 注册数据备份所在地     | site | R | - | 37 | 34 |
resolver_site            | 解析服务器所在地       | site | R | - | 38 | 35 |
service_backup_site      | 标识服务系统备份所在地 | site | O | - | 39 | 36 |
realname_check_mode      | 注册实名核验实施       | code modes | O | - | 42 | 39 |
realname_check_agent     | 注册实名核验受托方     | text 255 | O | - | 42 | 39 |
realname_check_files     | 注册实名核验材料       | files 5 | O | - | 42 | 39 |
name_compliance          | 标识注册名称合规实施   | text 1024 | O | - | 43 | 40 |
"""
_SERVICE: Final = """
licences                | 互联网域名相关许可 | licences 20 | O | entInfoLicenses | 31 | 28 |
data_escrow_org         | 数据托管单位       | text 255 | O | dataHostingOrg | 40 | 37 |
data_escrow_contract    | 数据托管合同       | file | O | dataHostingContractFileRid | 40 | 37 |
service_escrow_org      | 服务托管单位       | text 255 | O | servHostingOrg | 41 | 38 |
service_escrow_contract | 服务托管合同       | file | O | servHostingContractFileRid | 41 | 38 |
service_industries      | 服务行业           | trades 20 | O | entInfoSerIndustries | 44 | 41 |
site_name               | 标识服务网站名称   | text 255 | O | extWebName | 45 | 42 |
site_domain             | 标识服务网站域名   | text 255 | O | extDomain | 45 | 42 |
site_addresses          | 标识服务网站 IP    | addresses 255 | O | extIpAddr | 45 | 42 |
"""
_PARTS: Final = """
basic      | 基本信息           | basic      | R | entBasicInfo                   | - | - |
management | 注册管理信息       | management | R | entRegisterManageInfo          | - | - |
service    | 托管与标识服务信息 | service    | O | entHostingAndIdentifyServeInfo | - | - |
"""


def _table(text: str, **parts: tuple[Field, ...]) -> tuple[Field, ...]:
    rows = ([cell.strip() for cell in line.split("|")] for line in text.strip().splitlines())
    return tuple(
        Field(
            name=name,
            chinese=chinese,
            kind=_kind(kind, parts),
            required=need == "R",
            snms="" if snms == "-" else snms,
            t1=0 if t1 == "-" else int(t1),
            t6=0 if t6 == "-" else int(t6),
            personal=Personal(personal) if personal else None,
        )
        for name, chinese, kind, need, snms, t1, t6, personal in rows
    )


_PLAIN: Final[Mapping[str, Kind]] = {
    "file": File(),
    "place": Place(),
    "day": Day(),
    "number": Number(),
}
_LONG: Final[Mapping[str, Callable[[int], Kind]]] = {
    "text": Text,
    "email": Email,
    "phone": Phone,
    "addresses": Addresses,
    "endpoints": Endpoints,
}


def _kind(text: str, parts: dict[str, tuple[Field, ...]]) -> Kind:
    word, _, more = text.partition(" ")
    if word in parts:
        return Many(Part(parts[word]), int(more)) if more else Part(parts[word])
    if word in _LONG:
        return _LONG[word](int(more))
    if word == "code":
        return Code(CODES[more])
    return Many(File(), int(more)) if word == "files" else _PLAIN[word]


TRADE: Final = _table(_TRADE)
BASIC: Final = _table(_BASIC)
MANAGEMENT: Final = _table(
    _MANAGEMENT, site=_table(_SITE), reachable_site=_table(_SITE.rstrip() + _PORTS)
)
SERVICE: Final = _table(_SERVICE, licences=_table(_LICENCE), trades=TRADE)
FIELDS: Final = _table(_PARTS, basic=BASIC, management=MANAGEMENT, service=SERVICE)
"""All of it: what `particulars` reads."""
