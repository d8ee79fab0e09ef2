"""Things of a city (城市代码标识)."""

from typing import Final

TEMPLATES: Final = {
    "city-building-1": """
建筑 | Building | S9221 | other
CITY_CODE     | 城市代码       | city code                       | string 64         |       | R
NAME          | 名称           | name                            | string 128        |       | R
DIVISION      | 行政区划代码   | division code                   | string 12         |       | R
ADDRESS       | 标准地址       | address                         | string 255        |       | R
POSITION      | 位置           | position                        | position          |       |
FLOORS_ABOVE  | 地上层数       | floors above ground             | integer 0..200    |       |
FLOORS_BELOW  | 地下层数       | floors below ground             | integer 0..20     |       |
AREA          | 建筑面积       | floor area                      | number 0..        | m²    |
USE | 用途 | use | one of 住宅 商业 办公 工业 公共 其他 |  |
BUILT_ON      | 竣工日期       | completed on                    | date              |       |
""",
    "city-road-1": """
道路 | Road | S9221 | other
CITY_CODE     | 城市代码       | city code                       | string 64         |       | R
NAME          | 名称           | name                            | string 128        |       | R
DIVISION      | 行政区划代码   | division code                   | string 12         |       | R
GRADE | 道路等级 | grade | one of 快速路 主干路 次干路 支路 |  | R
STARTS_AT     | 起点           | starts at                       | position          |       |
ENDS_AT       | 终点           | ends at                         | position          |       |
LENGTH        | 长度           | length                          | number 0..        | m     |
WIDTH         | 宽度           | width                           | number 0..        | m     |
OPERATOR      | 养护单位       | maintained by                   | string 128        |       |
""",
    "city-manhole-1": """
井盖 | Manhole | S9221 | other
CITY_CODE     | 城市代码       | city code                       | string 64         |       | R
KIND | 类别 | kind | one of 雨水 污水 给水 燃气 电力 通信 热力 其他 |  | R
DIVISION      | 行政区划代码   | division code                   | string 12         |       | R
POSITION      | 位置           | position                        | position          |       | R
ROAD          | 所在道路       | road                            | reference         |       |
OWNER         | 权属单位       | owner                           | string 128        |       | R
MATERIAL      | 材质           | material                        | string 64         |       |
DIAMETER      | 直径           | diameter                        | integer 0..5000   | mm    |
SENSOR        | 感知设施       | sensing device                  | reference         |       |
CHECKED_ON    | 巡检日期       | checked on                      | date              |       |
""",
    "city-street-lamp-1": """
路灯 | Street lamp | S9221 | active
CITY_CODE     | 城市代码       | city code                       | string 64         |       | R
POLE_NO       | 杆号           | pole number                     | string 64         |       | R
DIVISION      | 行政区划代码   | division code                   | string 12         |       | R
POSITION      | 位置           | position                        | position          |       | R
ROAD          | 所在道路       | road                            | reference         |       |
POWER         | 功率           | power                           | number 0..        | W     |
HEIGHT        | 杆高           | height of the pole              | number 0..        | m     |
LIGHT | 光源 | light | one of LED 高压钠灯 金卤灯 其他 |  |
OPERATOR      | 运维单位       | operator                        | string 128        |       |
INSTALLED_ON  | 安装日期       | installed on                    | date              |       |
""",
}
