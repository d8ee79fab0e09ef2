"""Manufacturing of any kind (综合制造), and devices that sense (物联网感知设施)."""

from typing import Final

TEMPLATES: Final = {
    "product-1": """
工业产品 | Industrial product | C3411 | other
PRODUCT_NAME  | 产品名称       | product name                    | string 128        |       | R
PRODUCT_TYPE  | 产品类型       | type of product                 | string 64         |       | R
BRAND         | 品牌           | brand                           | string 64         |       |
MODEL         | 型号           | model                           | string 64         |       |
SERIAL_NO     | 序列号         | serial number                   | string 64         |       | R
BATCH_NO      | 批次号         | batch number                    | string 64         |       |
MAKER         | 生产厂商       | maker                           | string 128        |       | R
PRODUCED_AT   | 生产时间       | produced at                     | time              |       |
EXPIRES_AT    | 有效期至       | expires at                      | time              |       |
ORIGIN        | 产地           | origin                          | string 128        |       |
STANDARD      | 执行标准       | standard                        | string 128        |       |
INSPECTION    | 检验报告摘要   | digest of the inspection report | digest            |       |
REL.MADE_FROM | 原料           | made from                       | reference         |       |
REL.PART_OF   | 所属总成       | part of                         | reference         |       |
""",
    "sensing-device-1": """
物联网感知设施 | IoT sensing device | I6434 | active
DEVICE_NAME   | 设施名称       | name of the device              | string 128        |       | R
DEVICE_TYPE   | 设施类型       | type of device                  | string 64         |       | R
MODEL         | 型号           | model                           | string 64         |       |
SERIAL_NO     | 序列号         | serial number                   | string 64         |       | R
MAKER         | 生产厂商       | maker                           | string 128        |       |
OWNER         | 权属单位       | owner                           | string 128        |       | R
OPERATOR      | 运维单位       | operator                        | string 128        |       |
PURPOSE       | 用途           | purpose                         | string 255        |       |
TERMINAL_TYPE | 终端类型       | type of terminal                | string 64         |       |
IMEI          | 串号或 IMEI    | serial or IMEI                  | string 32         |       |
NETWORK | 联网方式 | network | one of 2G 4G 5G NB-IoT LoRa WiFi 有线 其他 |  |
NETWORK_LICENCE | 进网许可证编号 | network access licence        | string 64         |       |
POSITION      | 安装位置       | position                        | position          |       |
INSTALLED_ON  | 安装日期       | installed on                    | date              |       |
""",
}
