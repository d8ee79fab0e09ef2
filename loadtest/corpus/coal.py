"""Kinds of the coal sector: batches with their assay, and what a mine works with."""

from dataclasses import dataclass

from loadtest.corpus.draws import Draws
from loadtest.corpus.enterprises import Enterprise
from loadtest.corpus.kinds import STATES, Kind, day, decimal, earlier_day


@dataclass(frozen=True, slots=True)
class CoalClass:
    """A class of GB/T 5751. Ranges are in hundredths of a per cent, or of MJ/kg for heat."""

    name: str
    moisture: tuple[int, int]  # Mad
    volatile: tuple[int, int]  # Vdaf, within the limits of the class
    heat: tuple[int, int]  # Qgr,daf


_ANTHRACITE = CoalClass("无烟煤", (80, 250), (600, 1000), (3380, 3550))
_LEAN = CoalClass("瘦煤", (50, 150), (1300, 2000), (3500, 3620))
_COKING = CoalClass("焦煤", (50, 150), (2010, 2800), (3520, 3640))
_THIRD_COKING = CoalClass("1/3焦煤", (70, 180), (2810, 3700), (3420, 3540))
_GAS = CoalClass("气煤", (100, 300), (3710, 4200), (3320, 3450))
_WEAKLY_CAKING = CoalClass("弱粘煤", (200, 500), (2500, 3700), (3200, 3380))
_LONG_FLAME = CoalClass("长焰煤", (300, 900), (3710, 4300), (3050, 3250))
LIGNITE = CoalClass("褐煤", (1000, 1900), (4000, 5200), (2700, 2980))

BITUMINOUS = (_COKING, _LONG_FLAME, _GAS, _ANTHRACITE, _THIRD_COKING, _WEAKLY_CAKING, _LEAN)
_CLASSES = {"0620": (LIGNITE,), "0690": (_ANTHRACITE, _LONG_FLAME)}

# Product and its range of ash Ad in hundredths of a per cent.
_PRODUCTS = (
    ("原煤", 1800, 3200),
    ("洗精煤", 800, 1250),
    ("洗混煤", 1800, 2800),
    ("洗块煤", 1000, 1600),
)


def _within(low: int, high: int, draw: int) -> int:
    return low + draw % (high - low + 1)


def _batch(owner: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    """Return a batch. An enterprise deals in one class of coal; the proximate analysis adds up.

    Aad = Ad·(100 - Mad)/100; Vad = Vdaf·(100 - Mad - Aad)/100; FCad = 100 - Mad - Aad - Vad
    (GB/T 212); the heat follows from the combustible part. All in hundredths of a per cent.
    """
    classes = _CLASSES.get(owner.class_code, BITUMINOUS)
    coal = classes[owner.number % len(classes)]
    product, low, high = _PRODUCTS[draws[0] & 3]
    moisture = _within(*coal.moisture, draws[1])
    ash = _within(low, high, draws[2]) * (10_000 - moisture) // 10_000
    combustible = 10_000 - moisture - ash
    volatile = _within(*coal.volatile, draws[3]) * combustible // 10_000
    heat = _within(*coal.heat, draws[4]) * combustible // 10_000
    return (
        f"COAL-2026-{serial:04d}",
        f"{coal.name}{product}",
        owner.name,
        day(draws[5]),
        f"{200 + draws[6] % 9800}",
        decimal(moisture),
        decimal(ash),
        decimal(volatile),
        decimal(combustible - volatile),
        decimal(_within(30, 250, draws[7])),
        decimal(heat),
    )


BATCH = Kind(
    path="coal",
    # Type names follow the symbols of GB/T 483 with _ for the comma; per cent, heat in MJ/kg,
    # quantity in tonnes.
    types=(
        "PRODUCT", "PRODUCER", "MINED_ON", "QUANTITY",
        "Mad", "Aad", "Vad", "FCad", "St_d", "Qgr_ad",
    ),
    describe=_batch,
)  # fmt: skip

_EQUIPMENT = ("NAME", "MODEL", "MAKER", "MADE_ON", "LOCATION", "STATE")
_MAKERS = (
    "示东重工装备有限公司",
    "示西矿山机械有限公司",
    "示北煤机制造有限公司",
    "示南传感技术有限公司",
)


def _maker(draw: int) -> str:
    return _MAKERS[draw % len(_MAKERS)]


def _face(draw: int) -> str:
    """Return a coal face by its usual number: level, panel, face."""
    return f"{1 + draw % 9}{1 + (draw >> 4) % 4}{1 + (draw >> 6) % 12:02d}综采工作面"


# Working resistance in kN, lowest and greatest height in dm.
_SUPPORTS = (
    ("ZY", 12000, 28, 64),
    ("ZF", 15000, 28, 52),
    ("ZY", 6800, 14, 32),
    ("ZZ", 7600, 18, 38),
)


def _support(_: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    letters, resistance, low, high = _SUPPORTS[draws[0] & 3]
    return (
        f"SUPPORT.{serial:06d}",
        "放顶煤液压支架" if letters == "ZF" else "液压支架",
        f"{letters}{resistance}/{low}/{high}D",
        _maker(draws[1]),
        earlier_day(draws[2]),
        f"{_face(draws[3])}第{1 + draws[4] % 180}架",
        STATES[draws[5] % 5],
    )


def _shearer(_: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    cutting = (300, 500, 650, 900)[draws[0] & 3]  # kW; the model names cutting and total power
    return (
        f"SHEARER.{serial:06d}",
        "电牵引采煤机",
        f"MG{cutting}/{cutting * 2 + (330, 130)[draws[6] & 1]}-WD",
        _maker(draws[1]),
        earlier_day(draws[2]),
        _face(draws[3]),
        STATES[draws[5] % 5],
    )


def _conveyor(_: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    width = (80, 100, 120, 140)[draws[0] & 3]  # cm of belt; then 10 t/h, then motors in kW
    return (
        f"CONVEYOR.{serial:06d}",
        "带式输送机",
        f"DSJ{width}/{width + 40 * (draws[6] % 3)}/{1 + draws[4] % 3}×{(160, 315)[draws[4] & 1]}",
        _maker(draws[1]),
        earlier_day(draws[2]),
        f"{_face(draws[3])}运输顺槽",
        STATES[draws[5] % 5],
    )


_SENSORS = (
    ("甲烷传感器", "GJC4", "0～4.00% CH4"),
    ("一氧化碳传感器", "GTH1000", "0～1000×10⁻⁶ CO"),
    ("风速传感器", "GFY15", "0.4～15 m/s"),
    ("便携式甲烷检测报警仪", "JCB4", "0～4.00% CH4"),
    ("隔绝式压缩氧自救器", "ZYX45", "45 min"),
)


def _sensor(_: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    name, model, reach = _SENSORS[draws[0] % len(_SENSORS)]
    return (
        f"SAFETY.{serial:06d}",
        name,
        model,
        reach,
        _maker(draws[1]),
        day(draws[2]),
        f"{_face(draws[3])}回风巷",
        STATES[draws[5] % 5],
    )


SUPPORT = Kind(path="support", types=_EQUIPMENT, describe=_support)
SHEARER = Kind(path="shearer", types=_EQUIPMENT, describe=_shearer)
CONVEYOR = Kind(path="conveyor", types=_EQUIPMENT, describe=_conveyor)
SAFETY = Kind(
    path="safety",
    types=("NAME", "MODEL", "RANGE", "MAKER", "CALIBRATED_ON", "LOCATION", "STATE"),
    describe=_sensor,
)

# Type and load in tonnes of Chinese open and coal wagons.
_WAGONS = (
    ("通用敞车", "C70E", 70),
    ("通用敞车", "C64K", 61),
    ("煤炭专用敞车", "C80", 80),
    ("平车", "NX70", 70),
)


def _wagon(owner: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    name, model, load = _WAGONS[draws[0] & 3]
    return (
        f"WAGON:{serial:07d}",
        name,
        model,
        f"{load}",
        owner.name,
        earlier_day(draws[2]),
        f"{owner.place.county}站",
        ("重车运行", "空车运行", "装车", "卸车", "检修")[draws[5] % 5],
    )


WAGON = Kind(
    path="wagon",
    types=("NAME", "MODEL", "LOAD", "OWNER", "BUILT_ON", "STATION", "STATE"),
    describe=_wagon,
)
