"""Coal (煤炭): what is mined, what it is mined with, what carries it.

Symbols, units and methods of analysis: GB/T 483-2007, GB/T 211, 212, 213, 214, 479, 5447; classes:
GB/T 5751.
"""

from typing import Final

_CLASSES: Final = "WY PM PS SM JM FM 1/3JM QF QM 1/2ZN RN BN CY HM"

TEMPLATES: Final = {
    "coal-batch-1": f"""
煤炭批次 | Coal batch | B0610 | other
BATCH_NO      | 批次号         | batch number                    | string 64         |       | R
MINE          | 煤矿           | mine                            | string 128        |       | R
SEAM          | 煤层           | seam                            | string 64         |       |
PRODUCED_ON   | 生产日期       | produced on                     | date              |       | R
COAL_CLASS    | 煤类           | class of coal                   | one of {_CLASSES} |       |
MASS          | 质量           | mass                            | number 0..        | t     | R
MT            | 全水分 Mt      | total moisture                  | number 0..100     | %     |
MAD           | 空干基水分 Mad | moisture, air-dried             | number 0..100     | %     |
AD            | 干基灰分 Ad    | ash, dry                        | number 0..100     | %     |
VDAF          | 干燥无灰基挥发分 Vdaf | volatile matter, dry ash-free | number 0..100 | %     |
FCAD          | 空干基固定碳 FCad | fixed carbon, air-dried      | number 0..100     | %     |
STD           | 干基全硫 St,d  | total sulphur, dry              | number 0..100     | %     |
QNET_AR       | 收到基低位发热量 Qnet,ar | net calorific value, as received | number 0..50 | MJ/kg |
QGR_AD        | 空干基高位发热量 Qgr,ad | gross calorific value, air-dried | number 0..50 | MJ/kg |
CAKING_G      | 粘结指数 G     | caking index                    | number 0..        |       |
PLASTIC_Y     | 胶质层最大厚度 Y | maximum plastic layer thickness | number 0..      | mm    |
SIZE_RANGE    | 粒度           | size range                      | string 32         | mm    |
REPORT        | 化验报告摘要   | digest of the assay report      | digest            |       |
SAMPLED_AT    | 采样时间       | sampled at                      | time              |       |
REL.CARRIED_BY | 承运车辆      | carried by                      | reference         |       |
""",
    "coal-product-1": f"""
煤炭产品 | Coal product | B0610 | other
PRODUCT_NAME  | 产品名称       | product name                    | string 128        |       | R
PRODUCT_CODE  | 产品编码       | product code                    | string 64         |       | R
COAL_CLASS    | 煤类           | class of coal                   | one of {_CLASSES} |       | R
WASHED        | 是否洗选       | washed                          | boolean           |       |
SIZE_RANGE    | 粒度           | size range                      | string 32         | mm    |
QNET_AR       | 收到基低位发热量 | net calorific value, as received | number 0..50    | MJ/kg |
STD           | 干基全硫       | total sulphur, dry              | number 0..100     | %     |
AD            | 干基灰分       | ash, dry                        | number 0..100     | %     |
REL.MADE_FROM | 来源批次       | made from batch                 | reference         |       |
STANDARD      | 执行标准       | standard                        | string 128        |       |
VALID_UNTIL   | 有效期至       | valid until                     | date              |       |
""",
    "hydraulic-support-1": """
液压支架 | Hydraulic support | B0610 | other
SERIAL_NO     | 出厂编号       | serial number                   | string 64         |       | R
MODEL         | 型号           | model                           | string 64         |       | R
MAKER         | 制造单位       | maker                           | string 128        |       | R
MADE_ON       | 出厂日期       | made on                         | date              |       |
WORKING_RESISTANCE | 工作阻力  | working resistance              | number 0..        | kN    |
SETTING_LOAD  | 初撑力         | setting load                    | number 0..        | kN    |
HEIGHT_MIN    | 最小高度       | lowest height                   | integer 0..       | mm    |
HEIGHT_MAX    | 最大高度       | greatest height                 | integer 0..       | mm    |
CENTRE_DISTANCE | 中心距       | centre distance                 | integer 0..       | mm    |
MASS          | 质量           | mass                            | number 0..        | t     |
SAFETY_MARK   | 矿用产品安全标志编号 | mining product safety mark | string 64        |       |
FACE          | 使用工作面     | working face                    | string 128        |       |
OVERHAULED_ON | 大修日期       | overhauled on                   | date              |       |
""",
    "shearer-1": """
采煤机 | Shearer | B0610 | active
SERIAL_NO     | 出厂编号       | serial number                   | string 64         |       | R
MODEL         | 型号           | model                           | string 64         |       | R
MAKER         | 制造单位       | maker                           | string 128        |       | R
MADE_ON       | 出厂日期       | made on                         | date              |       |
INSTALLED_POWER | 装机功率     | installed power                 | number 0..        | kW    |
CUTTING_HEIGHT | 采高范围      | cutting height                  | string 32         | m     |
DRUM_DIAMETER | 滚筒直径       | drum diameter                   | integer 0..       | mm    |
WEB_DEPTH     | 截深           | web depth                       | integer 0..       | mm    |
VOLTAGE       | 供电电压       | voltage                         | integer 0..       | V     |
SAFETY_MARK   | 矿用产品安全标志编号 | mining product safety mark | string 64        |       |
FACE          | 使用工作面     | working face                    | string 128        |       |
""",
    "belt-conveyor-1": """
带式输送机 | Belt conveyor | B0610 | active
SERIAL_NO     | 出厂编号       | serial number                   | string 64         |       | R
MODEL         | 型号           | model                           | string 64         |       | R
MAKER         | 制造单位       | maker                           | string 128        |       | R
MADE_ON       | 出厂日期       | made on                         | date              |       |
BELT_WIDTH    | 带宽           | belt width                      | integer 0..       | mm    |
BELT_SPEED    | 带速           | belt speed                      | number 0..        | m/s   |
CAPACITY      | 输送量         | capacity                        | number 0..        | t/h   |
LENGTH        | 输送长度       | length                          | number 0..        | m     |
POWER         | 功率           | power                           | number 0..        | kW    |
SAFETY_MARK   | 矿用产品安全标志编号 | mining product safety mark | string 64        |       |
PLACE         | 安装地点       | place                           | string 128        |       |
""",
    "safety-instrument-1": """
安全仪器仪表 | Safety instrument | B0610 | active
SERIAL_NO     | 出厂编号       | serial number                   | string 64         |       | R
MODEL         | 型号           | model                           | string 64         |       | R
MAKER         | 制造单位       | maker                           | string 128        |       | R
MEASURES | 测量对象 | measures | one of CH4 CO O2 CO2 H2S TEMPERATURE WIND DUST SMOKE OTHER |  | R
RANGE         | 量程           | range                           | string 64         |       |
ACCURACY      | 精度           | accuracy                        | string 64         |       |
SAFETY_MARK   | 矿用产品安全标志编号 | mining product safety mark | string 64        |       |
EXPLOSION_PROOF | 防爆标志     | explosion protection mark       | string 64         |       |
CALIBRATED_ON | 检定日期       | calibrated on                   | date              |       |
CALIBRATION_DUE | 检定有效期   | calibration due                 | date              |       |
CERTIFICATE   | 检定证书摘要   | digest of the certificate       | digest            |       |
PLACE         | 安装地点       | place                           | string 128        |       |
""",
    "rail-wagon-1": """
铁路货车 | Rail wagon | G5320 | other
WAGON_NO      | 车号           | wagon number                    | string 32         |       | R
WAGON_TYPE    | 车型           | type of wagon                   | string 32         |       | R
OWNER         | 产权单位       | owner                           | string 128        |       |
LOAD_LIMIT    | 载重           | load limit                      | number 0..        | t     |
TARE          | 自重           | tare                            | number 0..        | t     |
VOLUME        | 容积           | volume                          | number 0..        | m³    |
BUILT_ON      | 制造日期       | built on                        | date              |       |
INSPECTED_ON  | 定检日期       | inspected on                    | date              |       |
CARRIES       | 装载货物       | carries                         | reference         |       |
""",
}
