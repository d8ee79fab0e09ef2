"""Road freight (道路货运)."""

from typing import Final

TEMPLATES: Final = {
    "waybill-1": """
运单 | Waybill | G5431 | other
WAYBILL_NO    | 运单号         | waybill number                  | string 64         |       | R
ISSUED_AT     | 开单时间       | issued at                       | time              |       | R
SHIPPER       | 托运人         | shipper                         | string 128        |       | R
CONSIGNEE     | 收货人         | consignee                       | string 128        |       | R
CARRIER       | 承运人         | carrier                         | string 128        |       | R
LOADED_AT     | 装货地         | place of loading                | string 255        |       | R
DISCHARGED_AT | 卸货地         | place of discharge              | string 255        |       | R
LOADING_CODE  | 装货地区划代码 | division code of loading        | string 6 division |       |
DISCHARGE_CODE | 卸货地区划代码 | division code of discharge     | string 6 division |       |
GOODS         | 货物名称       | goods                           | string 128        |       | R
MASS          | 货物质量       | mass                            | number 0..        | t     |
VOLUME        | 货物体积       | volume                          | number 0..        | m³    |
PIECES        | 件数           | pieces                          | integer 0..       |       |
VEHICLE       | 承运车辆       | vehicle                         | reference         |       |
DRIVER        | 驾驶员证件引用 | reference to the driver         | reference         |       |
CARGO         | 货物标识       | cargo unit                      | reference         |       |
DELIVERED_AT  | 签收时间       | delivered at                    | time              |       |
STATUS | 状态 | status | one of ISSUED LOADED ON_WAY DELIVERED CANCELLED |  | R
RECEIPT       | 回单摘要       | digest of the receipt           | digest            |       |
""",
    "vehicle-1": """
货运车辆 | Vehicle | G5431 | other
PLATE         | 号牌号码       | plate                           | string 16 plate   |       | R
PLATE_COLOUR  | 号牌颜色       | colour of the plate             | one of 蓝 黄 绿 黄绿 黑 白  |  |
VIN           | 车辆识别代号   | vehicle identification number   | string 17 vin     |       | R
VEHICLE_TYPE  | 车辆类型       | type of vehicle                 | string 64         |       | R
OWNER         | 所有人         | owner                           | string 128        |       |
LOAD_LIMIT    | 核定载质量     | load limit                      | number 0..        | t     |
GROSS_MASS    | 总质量         | gross mass                      | number 0..        | t     |
AXLES         | 轴数           | axles                           | integer 1..20     |       |
ENERGY | 能源类型 | energy | one of 柴油 汽油 天然气 纯电动 混合动力 氢燃料 其他 |  |
LICENCE_NO    | 道路运输证号   | transport licence               | string 64         |       |
VALID_UNTIL   | 年检有效期至   | inspection valid until          | date              |       |
""",
    "container-1": """
集装箱 | Container | G5433 | other
CONTAINER_NO  | 箱号           | container number                | string 11 container |     | R
SIZE_TYPE     | 箱型代码       | size and type code              | string 4          |       | R
OWNER         | 箱主           | owner                           | string 128        |       |
MAX_GROSS     | 最大总质量     | greatest gross mass             | number 0..        | kg    |
TARE          | 自重           | tare                            | number 0..        | kg    |
SEAL_NO       | 铅封号         | seal number                     | string 64         |       |
MADE_ON       | 制造日期       | made on                         | date              |       |
REL.CARRIED_BY | 承运车辆       | carried by                      | reference         |       |
""",
    "driver-licence-1": """
驾驶员证件引用 | Driver licence reference | G5431 | other
LICENCE_REF   | 证件引用号     | reference of the licence        | string 64         |       | R
LICENCE_CLASS | 准驾车型       | classes                         | string 16         |       | R
QUALIFICATION | 从业资格类别   | qualification                   | string 64         |       |
ISSUER        | 发证机关       | issuer                          | string 128        |       |
VALID_UNTIL   | 有效期至       | valid until                     | date              |       | R
DIGEST        | 证件摘要       | digest of the licence           | digest            |       | R
EMPLOYER      | 所属企业       | employer                        | reference         |       |
""",
    "cargo-unit-1": """
货物单元 | Cargo unit | G5431 | other
UNIT_NO       | 单元编号       | unit number                     | string 64         |       | R
GOODS         | 货物名称       | goods                           | string 128        |       | R
PACKAGING | 包装方式 | packaging | one of 散装 袋装 箱装 托盘 桶装 其他 |  | R
MASS          | 质量           | mass                            | number 0..        | kg    |
LENGTH        | 长             | length                          | integer 0..       | mm    |
WIDTH         | 宽             | width                           | integer 0..       | mm    |
HEIGHT        | 高             | height                          | integer 0..       | mm    |
DANGEROUS     | 是否危险货物   | dangerous                       | boolean           |       |
UN_NO         | 联合国编号     | UN number                       | string 4          |       |
REL.PART_OF   | 所属运单       | part of waybill                 | reference         |       |
REL.CARRIED_BY | 承运车辆      | carried by                      | reference         |       |
""",
}
