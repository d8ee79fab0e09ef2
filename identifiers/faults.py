"""What is wrong with an input.

A :class:`Fault` names the place (an RFC 6901 JSON pointer), a stable code and the parameters of
its sentence. Checks return *all* faults, up to a
hundred; only the edge turns them into an answer (RFC 9457).
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

Language = Literal["en", "zh"]
MAX_FAULTS: Final = 100
"""Faults of one input that are told; after them one `more` stands for the rest."""
MAX_POINTERS: Final = 64 * 1024
"""Characters of all pointers together, after which no fault is added: names in them may be long."""

# code -> (English, Chinese); the sentence tells what to do where that is not plain.
TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "json.syntax": ("not valid JSON: {why}", "不是有效的 JSON：{why}"),
        "json.integer": (
            "{number} is larger than any number here may be",
            "{number} 超出此处任何数的范围",
        ),
        "json.too_deep": ("nested deeper than {limit} levels", "嵌套超过 {limit} 层"),
        "json.number": ("{number} is no finite number", "{number} 不是有限的数"),
        "json.duplicate_key": ("the key {key} appears twice", "键 {key} 重复出现"),
        "cbor.syntax": ("not valid CBOR: {why}", "不是有效的 CBOR：{why}"),
        "csv.syntax": ("not valid CSV: {why}", "不是有效的 CSV：{why}"),
        "csv.no_handle": ("the header has no column `handle`", "表头缺少 `handle` 列"),
        "csv.twice": ("the column appears twice", "该列重复出现"),
        "csv.structured": (
            "a value of type {type} has a structure and cannot stand in a table: send JSON",
            "{type} 类型的值具有结构，不能放在表格中：请改用 JSON",
        ),
        "csv.cells": (
            "the row has {count} cells, the header {expected}",
            "该行有 {count} 个单元格，表头有 {expected} 个",
        ),
        "csv.gb18030": (
            "looks like GBK, not UTF-8: save it as CSV UTF-8, or say charset=gb18030 (--encoding)",
            "像是 GBK 而非 UTF-8：请另存为“CSV UTF-8”，或注明 charset=gb18030（--encoding）",
        ),
        "csv.lossy": (
            "{handle} holds what a table cannot: export it as JSON or CBOR",
            "{handle} 含有表格无法表示的内容：请导出为 JSON 或 CBOR",
        ),
        "utf8": ("not valid UTF-8 at byte {at}", "第 {at} 字节处不是有效的 UTF-8"),
        "gb18030": ("not valid GB 18030 at byte {at}", "第 {at} 字节处不是有效的 GB 18030"),
        "nul": ("U+0000 is not allowed", "不允许出现 U+0000"),
        "surrogate": ("a lone surrogate is not a character", "孤立的代理项不是字符"),
        "type": ("must be {expected}, not {got}", "应为{expected}，实为{got}"),
        "required": ("is required", "必填"),
        "unknown_key": ("is not a known member", "未知的成员"),
        "range": ("must be from {low} to {high}", "必须在 {low} 到 {high} 之间"),
        "one_of": ("must be one of {choices}", "必须是 {choices} 之一"),
        "too_long": (
            "is {size} {unit} long; at most {limit}",
            "长 {size} {unit}，上限 {limit} {unit}",
        ),
        "too_many": ("{count} items; at most {limit}", "共 {count} 项，上限 {limit}"),
        "empty": ("must not be empty", "不能为空"),
        "more": (
            "more is wrong than is told here: mend this first",
            "还有更多错误未列出：请先更正以上错误",
        ),
        "cursor": ("is no place in this list", "不是此列表中的位置"),
        "name.no_slash": (
            "a handle is prefix/suffix, here no '/' was found",
            "标识应为“前缀/后缀”，此处没有“/”",
        ),
        "name.prefix": (
            "{prefix} is no prefix: labels of 0-9, A-Z, a-z and '-', joined by '.'",
            "{prefix} 不是有效的前缀：由“.”连接的 0-9、A-Z、a-z、“-”标签组成",
        ),
        "name.no_suffix": ("the suffix is empty", "后缀为空"),
        "name.not_nfc": (
            "not in Unicode normal form C at character {at} of the suffix ({char})",
            "后缀的第 {at} 个字符（{char}）不是 Unicode 规范化形式 C",
        ),
        "name.character": (
            "{char}, character {at} of the suffix, is not allowed in a handle",
            "后缀的第 {at} 个字符 {char} 不允许出现在标识中",
        ),
        "name.mismatch": (
            "the body names {body}, the address {path}",
            "正文中的标识为 {body}，地址中的为 {path}",
        ),
        "text.control": (
            "the character {char} at {at} does not belong in a line of text",
            "第 {at} 个字符 {char} 不是可显示的文字",
        ),
        "job.either": (
            "is not said beside handles: a job has handles, or a prefix",
            "不能与 handles 同时使用：任务只能指定标识列表或前缀之一",
        ),
        "search.either": (
            "is not said beside name: a search has a whole name, or the beginning of names",
            "不能与 name 同时使用：检索只能指定完整标识或标识开头之一",
        ),
        "search.begins": (
            "is the beginning of whole names, and none under {prefix} begins so: write {prefix}/…",
            "指完整标识的开头，{prefix} 下没有这样的标识：应写作 {prefix}/…",
        ),
        "job.begins": (
            "is the beginning of the suffix: leave out {prefix} and the slash",
            "指后缀的开头：请去掉 {prefix} 和斜杠",
        ),
        "search.field": (
            "must be <item>=<value>, with at most {wildcards} times *",
            "应为 <数据项>=<值>，其中 * 最多 {wildcards} 个",
        ),
        "webhook.url": (
            "is no target: https, on port 443 or 8443, without a name, password or fragment",
            "不是有效的回调地址：应为 https，端口 443 或 8443，不含用户名、密码和片段",
        ),
        "webhook.address": (
            "is no public address: only those are told",
            "不是公网地址：只能回调公网地址",
        ),
        "feed.consumer": (
            "is no such name: letters and digits, then also '.', '_' and '-', at most 64",
            "不是有效的名称：由字母、数字组成，其后可含“.”“_”“-”，最长 64 个字符",
        ),
        "relation.type": (
            "is a reserved type: write it {type}",
            "是保留类型：请写作 {type}",
        ),
        "relation.target": (
            "must be a handle as text: what it is related to",
            "应为标识编码文本，即所关联的标识",
        ),
        "state.reason": (
            "goes with the states suspended and revoked only",
            "仅用于暂停（suspended）和吊销（revoked）状态",
        ),
        "value.duplicate_index": ("the index {index} appears twice", "索引 {index} 重复出现"),
        "value.format": (
            "{format} data cannot be read: {why}",
            "无法读取 {format} 格式的数据：{why}",
        ),
        "value.permissions": (
            "must be four of 0 and 1: administrators read, write, everybody reads, writes",
            "应为四位 0 或 1：管理员读、管理员写、公共读、公共写",
        ),
        "value.instant": (
            "must be an instant such as 2024-01-01T00:00:00Z, from 1970 to 2106",
            "应为形如 2024-01-01T00:00:00Z 的时刻，1970 年至 2106 年",
        ),
        "value.ttl": (
            "must be whole seconds as a number, or an instant such as 2030-01-01T00:00:00Z",
            "应为整数秒（数字），或形如 2030-01-01T00:00:00Z 的时刻",
        ),
        "value.server_set": (
            "the type {type} at index {index} is set by the server",
            "索引 {index} 的类型 {type} 由服务器设置",
        ),
        "template.name": (
            "is no name of an entry: a letter, then letters, digits, '_', '-' and '.'",
            "不是有效的数据项名称：字母开头，由字母、数字、“_”“-”“.”组成",
        ),
        "template.version": (
            "is no version: letters and digits, then also '_', '.', ':' and '-'",
            "不是有效的版本：由字母、数字组成，其后可含“_”“.”“:”“-”",
        ),
        "template.value": ("is no {type}", "不是有效的{type}"),
        "template.length": (
            "has {size} characters; {low} to {high} are allowed",
            "长 {size} 个字符，应为 {low} 至 {high}",
        ),
        "template.low": ("is below {low}", "小于 {low}"),
        "template.high": ("is above {high}", "大于 {high}"),
        "template.pattern": ("does not match {pattern}", "不符合格式 {pattern}"),
        "template.check": (
            "is no {form}: its form or its check character is wrong",
            "不是有效的{form}：格式或校验码不符",
        ),
        "template.no_check": (
            "only strings are checked as numbers that others give",
            "只有字符串可以进行编码校验",
        ),
        "template.choice": ("is empty or appears twice", "为空或重复"),
        "template.choices": (
            "an enumeration has choices, and nothing else has",
            "枚举类型必须有可选值，其他类型不能有",
        ),
        "template.lengths": ("is more than max_length", "大于 max_length"),
        "template.no_order": (
            "only numbers, integers, dates and times have a lowest and a highest value",
            "只有数、整数、日期和时间可以有最小值和最大值",
        ),
        "template.range": ("is above high", "大于 high"),
        "template.no_pattern": (
            "only strings of at most {limit} characters have a pattern: say so in max_length",
            "只有最长 {limit} 个字符的字符串可以有格式：请设置 max_length",
        ),
        "template.bad_pattern": ("is no pattern: {why}", "不是有效的格式：{why}"),
        "template.twice": (
            "{what} appears in another entry too: each needs its own",
            "{what} 与其他数据项重复",
        ),
        "template.missing": (
            "the entry {name} at index {index} is required",
            "缺少必填数据项 {name}（索引 {index}）",
        ),
        "template.no_attribute": (
            "the template has no entry {name}",
            "模板中不存在数据项 {name}",
        ),
        "template.no_item": (
            "the template has no entry at index {index}",
            "非法操作，索引{index}在模板中不存在",
        ),
        "template.own": (
            "the value at index {index} names the template and is set by the server",
            "索引 {index} 的值表示模板，由服务器设置",
        ),
        "template.disabled": (
            "the entry at index {index} is disabled and takes no new values",
            "索引 {index} 的数据项已停用",
        ),
        "template.other_name": (
            "the entry at {index} is {name}: add another entry, and disable this one if need be",
            "索引 {index} 的数据项是 {name}：请新增数据项，需要时停用原数据项",
        ),
        "template.other_type": (
            "is of type {type}, and values of it may be there: add another entry",
            "类型为 {type}，可能已有数据：请新增数据项",
        ),
        "template.reserved": (
            "{name} means something to the node: choose another name",
            "{name} 为系统保留类型，请另选名称",
        ),
        "template.unknown": (
            "no template {template} can be used under {prefix}",
            "前缀 {prefix} 下没有可用的模板 {template}",
        ),
        "template.withdrawn": (
            "the template {template} was withdrawn: nothing new is registered with it",
            "模板 {template} 已撤回，不能用于新的注册",
        ),
        "template.demanded": (
            "nothing is registered under {prefix} without a template",
            "前缀 {prefix} 下的标识必须使用模板",
        ),
        "template.alone": (
            "attributes are those of a template: name one in `template`",
            "属性须属于模板：请用 `template` 指明模板",
        ),
        "template.mismatch": (
            "the body names {body}, the address {path}",
            "正文中的模板为 {body}，地址中的为 {path}",
        ),
        "template.both": (
            "the value at index {index} says something else: send one of them",
            "与索引 {index} 的值不一致：请只提交其一",
        ),
        "template.not_unique": (
            "{holder} has this {name} already, and no two identifiers of the template may",
            "{holder} 已使用该 {name}，同一模板的标识不得重复",
        ),
        "template.other_unique": (
            "values that are there were not kept apart: add another entry that is unique",
            "已有数据未保证唯一：请新增唯一的数据项",
        ),
        "rule.length": (
            "a code rule has 1 to {limit} characters",
            "编码规则应为 1 至 {limit} 个字符",
        ),
        "rule.name": (
            "is no name of a rule: letters and digits, then also '_', '.' and '-'",
            "不是有效的规则名称：由字母、数字组成，其后可含“_”“.”“-”",
        ),
        "rule.same": (
            "every code would be the same: a rule has {{seq:n}} or {{random:n}}",
            "所有编码都会相同：规则须含 {{seq:n}} 或 {{random:n}}",
        ),
        "rule.twice": ("{part} stands in it twice", "{part} 重复出现"),
        "rule.brace": (
            "the brace at {at} is alone: write it twice if it is to stand in the code",
            "第 {at} 个字符处的花括号不成对：如需出现在编码中请写两次",
        ),
        "rule.part": (
            "{part} is none of {{yyyy}} {{MM}} {{dd}} {{HH}} {{seq:6}} {{random:8}} {{check}}",
            "{part} 应为 {{yyyy}} {{MM}} {{dd}} {{HH}} {{seq:6}} {{random:8}} {{check}} 之一",
        ),
        "application.reasons": ("go with a rejection only", "仅用于驳回"),
        "application.other": (
            "is another organisation's: an application stays with the one that made it",
            "与原申请的单位不一致：请由该单位另行申请",
        ),
        "document.unknown": (
            "names no document that was uploaded for it: upload it first",
            "不是已上传的附件编号：请先上传",
        ),
        "document.bound": (
            "names a document that belongs to another field already: upload it once more",
            "该附件已用于其他栏目：请重新上传",
        ),
        "certificate.prefix": (
            "{prefix} is no prefix of the enterprise",
            "{prefix} 不是该企业的前缀",
        ),
        "document.picture": ("must be a picture, JPEG or PNG", "应为图片（JPEG 或 PNG）"),
        "label.form": (
            "{label} is no label: 1 to 64 of 0-9, A-Z and '-'",
            "{label} 不是有效的前缀段：由 0-9、A-Z、“-”组成，1 至 64 个字符",
        ),
        "label.taken": ("{label} is taken", "{label} 已被分配"),
        "label.reserved": ("{label} is reserved by the node", "{label} 为节点保留"),
        "label.range": (
            "{text} is no range of numbers, such as 1-99",
            "{text} 不是有效的号段，形如 1-99",
        ),
        "limit.rate": (
            "{text} is no rate: requests/seconds, such as 6000/60, or off",
            "{text} 不是有效的速率：请求数/秒数，形如 6000/60，或 off",
        ),
        "key.scopes": (
            "{scopes}: nobody gives more than he has himself",
            "{scopes}：不得授予自身没有的权限",
        ),
        "key.prefixes": (
            "must be within those of the key that makes this one: {prefixes}",
            "须在创建者密钥的前缀范围内：{prefixes}",
        ),
        "key.networks": (
            "must be within those of the key that says so: {networks}",
            "须在操作者密钥的地址范围内：{networks}",
        ),
        "key.life": (
            "what a key makes or lengthens ends no later than that key",
            "由密钥创建或延长的密钥，有效期不得晚于该密钥",
        ),
        "key.network": (
            "{text} is no network, such as 10.0.0.0/8 or 2001:db8::/32",
            "{text} 不是有效的网段，形如 10.0.0.0/8 或 2001:db8::/32",
        ),
        "key.weak": (
            "nobody could log in with it: RSA keys have 2048 to 8192 bits; or SM2",
            "无法用于登录：RSA 公钥须为 2048 至 8192 位，或使用 SM2",
        ),
        "key.network_scope": (
            "{text} has a scope id: write the network without the % and what follows",
            "{text} 带有接口标识：请去掉 % 及其后的部分",
        ),
        "account.name": (
            "must be 2 to {limit} of a-z, 0-9, '.', '_', '@' and '-', a letter or digit first",
            "应为 2 至 {limit} 个 a-z、0-9、“.”“_”“@”“-”，以字母或数字开头",
        ),
        "account.role": (
            "{role} is a role of the node or of an enterprise, and this account is not",
            "角色 {role} 与账户所属（节点或企业）不符",
        ),
        "account.short": (
            "must have {least} characters or more",
            "至少 {least} 个字符",
        ),
        "account.old": ("is not the password until now", "与原密码不符"),
        "account.kind": (
            "a person has a password, a program a secret that is made for it: this is a {kind}",
            "个人账户使用密码，应用账户使用自动生成的密钥：此账户类别为 {kind}",
        ),
        "route.address": (
            "{address} is no numeric IPv4 or IPv6 address",
            "{address} 不是数字形式的 IPv4 或 IPv6 地址",
        ),
        "route.not_public": (
            "{address} is no public address: this node sends clients to such ones only",
            "{address} 不是公网地址：本节点只指向公网地址",
        ),
        "route.no_port": (
            "needs a port of at least one of tcp, udp, http, https",
            "至少需要 tcp、udp、http、https 之一的端口",
        ),
        "route.twice": ("{address} stands in it twice", "{address} 重复出现"),
        "route.key": (
            "is no public key: PEM, or HS_PUBKEY data in Base64",
            "不是公钥：应为 PEM，或 Base64 编码的 HS_PUBKEY 数据",
        ),
        "prefix.outside": (
            "{prefix} is below none of this node's prefixes",
            "{prefix} 不在本节点的任何前缀之下",
        ),
        "prefix.below": (
            "{prefix} is below {above}, which is another enterprise's",
            "{prefix} 位于其他企业的前缀 {above} 之下",
        ),
        "prefix.either": (
            "either this prefix, or `root` for the next free one below that: say one of them",
            "请指定 `prefix`（该前缀本身）或 `root`（在其下顺序分配）其中之一",
        ),
        "prefix.taken": ("{prefix} is allotted or applied for already", "{prefix} 已被分配或申请"),
        "prefix.root": (
            "{prefix} is no secondary prefix of this node",
            "{prefix} 不是本节点的二级前缀",
        ),
        "prefix.no_enterprise": (
            "there is no enterprise {number}, or it is not active",
            "企业 {number} 不存在或未启用",
        ),
        "prefix.none_left": (
            "no label is left below {prefix}: ask for one, or reserve fewer",
            "{prefix} 之下没有可分配的前缀段：请指定，或减少保留号段",
        ),
        "prefix.not_yours": (
            "include {prefix}, which is not the enterprise's: home it first",
            "前缀 {prefix} 不属于该企业：请先分配",
        ),
        "identity": (
            "an identity is index:handle, such as 300:0.NA/88.300.1",
            "身份应为“索引:标识”，如 300:0.NA/88.300.1",
        ),
        "enterprise.credit_code": (
            "is no unified social credit code: 18 digits and capitals, the last a check (GB 32100)",
            "不是统一社会信用代码：18 位数字和大写字母，末位为校验码（GB 32100）",
        ),
        "enterprise.industry": (
            "is no class of GB/T 4754: such as 0610, B0610, 06 or B",
            "不是 GB/T 4754 的行业代码：形如 0610、B0610、06 或 B",
        ),
        "person.resident_number": (
            "is no resident number: 17 digits and a check (GB 11643)",
            "不是公民身份号码：17 位数字和校验码（GB 11643）",
        ),
        "industry.code": (
            "{code} is no code of this level of GB/T 4754-2017",
            "{code} 不是 GB/T 4754-2017 中该级别的代码",
        ),
        "industry.above": ("{code} is not within {above}", "{code} 不属于 {above}"),
        "snms.address": ("is no address of IPv{version}", "不是有效的 IPv{version} 地址"),
        "field.email": ("is no e-mail address", "不是电子邮箱地址"),
        "field.phone": ("is no telephone number", "不是电话号码"),
        "field.addresses": (
            "must be IP addresses, joined by ;",
            "应为 IP 地址，多个以 ; 分隔",
        ),
        "field.endpoints": (
            "must be [host]:port, several joined by ;",
            "应为 [主机]:端口，多个以 ; 分隔",
        ),
        "field.day": ("must be a day such as 2024-01-31", "应为形如 2024-01-31 的日期"),
        "field.place": (
            "{code} is no division code: six digits of GB/T 2260",
            "{code} 不是行政区划代码：GB/T 2260 的六位数字",
        ),
        "field.within": ("{code} is not within {other}", "{code} 不在 {other} 之内"),
        "field.before": ("is before {other}", "早于 {other}"),
        "enterprise.known": (
            "enterprise {number} has this credit code already",
            "企业 {number} 已使用该统一社会信用代码",
        ),
        "record.too_large": (
            "the record has {size} bytes; at most {limit}",
            "记录共 {size} 字节，上限 {limit}",
        ),
        "batch.duplicate": (
            "{handle} appears at {first} and {second} of one batch",
            "{handle} 在同一批中出现于第 {first} 项和第 {second} 项",
        ),
    }
)

# code -> the words among the parameters of its sentence
_ENGLISH_WORDS: Final[Mapping[str, Mapping[str | int, str]]] = MappingProxyType(
    {
        "template.value": {
            "boolean": "boolean: true or false",
            "date": "date such as 2024-01-31",
            "time": "time such as 2024-01-31T08:00:00Z",
            "reference": "reference: a handle, prefix/suffix",
            "digest": "digest: sha256: or sm3:, then 64 hexadecimal digits",
            "position": "position: geo:latitude,longitude",
        },
    }
)
_CHINESE_WORDS: Final[Mapping[str, Mapping[str | int, str]]] = MappingProxyType(
    {
        "json.syntax": {  # what CPython's reader says
            "Expecting value": "应为一个值",
            "Expecting property name enclosed in double quotes": "应为双引号中的成员名",
            "Expecting ':' delimiter": "应为冒号",
            "Expecting ',' delimiter": "应为逗号",
            "Extra data": "之后有多余内容",
            "Unterminated string starting": "开始的字符串没有结束",
            "Invalid control character": "有控制字符",
            "Invalid \\escape": "的转义无效",
            "Invalid \\uXXXX escape": "的 \\u 转义无效",
            "Illegal trailing comma before end of object": "的逗号多余",
            "Illegal trailing comma before end of array": "的逗号多余",
            "Unexpected UTF-8 BOM (decode using utf-8-sig)": "有字节顺序标记（BOM）",
        },
        "csv.syntax": {
            "the input ends within quotes": "内容在引号内结束",
            "there is no header": "没有表头",
            "unexpected end of data": "引号没有结束",
            "',' expected after '\"'": "右引号之后应为逗号",
            "new-line character seen in unquoted field - do you need to open the file with"
            " newline=''?": "单元格内有换行，须加引号",
        },
        "type": {
            "boolean": "布尔值",
            "integer": "整数",
            "number": "数",
            "string": "字符串",
            "bytes": "字节串",
            "array": "数组",
            "object": "对象",
            "null": "空值",
            "string or object": "字符串或对象",
        },
        "too_long": {"bytes": "字节", "characters": "个字符"},
        "template.check": {
            "credit_code": "统一社会信用代码",
            "organisation_code": "组织机构代码",
            "division": "行政区划代码",
            "container": "集装箱箱号",
            "vin": "车辆识别代号",
            "vin_checked": "车辆识别代号",
            "plate": "号牌号码",
        },
        "template.value": {
            "string": "字符串",
            "number": "数",
            "integer": "整数",
            "boolean": "布尔值（true 或 false）",
            "date": "日期（2024-01-31）",
            "time": "时间（2024-01-31T08:00:00Z）",
            "enumeration": "可选值",
            "reference": "标识",
            "digest": "文件摘要（sha256: 或 sm3: 及 64 位十六进制数）",
            "position": "位置（geo:纬度,经度）",
        },
    }
)


# Kept with the rows of imports as one parameter, so it is taken apart here.
_JSON_WHY: Final = re.compile(r"(.+?)(?: at)?(?:: )? at line (\d+), column (\d+)", re.ASCII)


def _chinese(code: str, word: str | int) -> str | int:
    words = _CHINESE_WORDS.get(code, {})
    why = _JSON_WHY.fullmatch(str(word)) if code == "json.syntax" else None
    if why is None:
        return words.get(word, word)
    return f"第 {why[2]} 行第 {why[3]} 列{words.get(why[1], '有语法错误')}"


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: where, which kind, and the words' parameters."""

    code: str
    pointer: str = ""
    params: Mapping[str, str | int] = {}

    def detail(self, language: Language = "en") -> str:
        """Tell the fault in a sentence fragment that follows the place's name."""
        if language == "en":
            words = _ENGLISH_WORDS.get(self.code, {})
            params = {name: words.get(word, word) for name, word in self.params.items()}
            return TEXTS[self.code][0].format(**params)
        params = {name: _chinese(self.code, word) for name, word in self.params.items()}
        return TEXTS[self.code][1].format(**params)

    def below(self, parent: str) -> "Fault":
        """Return the same fault as seen from an enclosing document."""
        return Fault(self.code, parent + self.pointer, self.params)


class Faults(list[Fault]):
    """Collects the faults of one input, as many as are told; the next becomes one `more`.

    Without a bound an input of 1 MiB has half a million faults, each larger than what it is about.
    Whoever goes through items stops when the collection is `full`.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        super().__init__()
        self.full = False
        self._room = MAX_POINTERS
        self.extend(faults)

    def append(self, fault: Fault) -> None:
        """Add a fault; to a full collection, nothing."""
        if self.full:
            return
        if len(self) < MAX_FAULTS and self._room > 0:
            self._room -= len(fault.pointer)
            super().append(fault)
        else:
            self.full = True
            super().append(Fault("more"))

    def extend(self, faults: Iterable[Fault]) -> None:
        """Add faults; no more of them are asked for than are kept."""
        for fault in faults:
            self.append(fault)
            if self.full:
                return


class Invalid(ValueError):
    """An input that cannot become a value; carries every fault found, within `Faults`' bounds."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Final = tuple(Faults(faults))
        super().__init__("; ".join(f"{f.pointer or 'input'}: {f.detail()}" for f in faults))
