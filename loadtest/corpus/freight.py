"""Kinds of road freight: waybills, vehicles, containers and warehouse receipts."""

from identifiers.codes import checks
from loadtest.corpus.draws import Draws
from loadtest.corpus.enterprises import Enterprise
from loadtest.corpus.kinds import Kind, day, decimal, earlier_day, plate
from loadtest.corpus.names import PROVINCES, person, place

_GOODS = {
    "5432": ("冷鲜肉", "速冻水产", "疫苗", "果蔬"),
    "5433": ("机电产品", "纺织品", "汽车零部件", "粮食"),
    "5434": ("风电叶片", "变压器", "盾构机部件", "桥梁钢构件"),
    "5435": ("液化天然气", "甲醇", "柴油", "液氧"),
}
_GENERAL_GOODS = ("动力煤", "钢材", "水泥", "日用百货", "化肥", "焦炭", "粮食", "家电")
_STAGES = ("待装", "已装车", "在途", "在途", "到达", "已签收")


def _goods(owner: Enterprise, draw: int) -> str:
    goods = _GOODS.get(owner.class_code, _GENERAL_GOODS)
    return goods[draw % len(goods)]


def _waybill(owner: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    return (
        f"WAYBILL-2026-{serial:06d}",
        _goods(owner, draws[0]),
        decimal(150 + draws[1] % 3250),
        owner.name,
        str(place(draws[2] % len(PROVINCES), draws[3:5])),
        str(place(draws[5] % len(PROVINCES), draws[6:8])),
        plate(draws[8]),
        person(draws[9]),
        f"{day(draws[10])}T{draws[11] % 24:02d}:{draws[12] % 60:02d}:00+08:00",
        _STAGES[draws[13] % len(_STAGES)],
    )


# No common form of a waybill number is known: it is opaque text, unique for its issuer.
WAYBILL = Kind(
    path="waybill",
    types=(
        "GOODS", "GROSS_WEIGHT", "CARRIER", "FROM", "TO",
        "PLATE", "DRIVER", "LOADED_AT", "STATE",
    ),
    describe=_waybill,
    ttl=3600,  # its state changes during the day
)  # fmt: skip

_VEHICLES = {
    "5432": ("冷藏车", "厢式冷藏车"),
    "5433": ("集装箱半挂车", "重型半挂牵引车"),
    "5434": ("低平板半挂车", "重型半挂牵引车"),
    "5435": ("危险货物罐式车", "重型半挂牵引车"),
}
_GENERAL_VEHICLES = ("重型半挂牵引车", "重型栏板货车", "重型自卸货车", "中型厢式货车")
_ENERGY = ("柴油", "柴油", "液化天然气", "纯电动", "甲醇")
_PLANTS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
_SERIALS = 1_000_000


def _vin(owner: int, serial: int) -> str:
    """Return a VIN of the unassigned maker ZZZ: five digits of the owner, year code T (2026)."""
    plant, number = divmod(serial, _SERIALS)
    if plant >= len(_PLANTS):
        raise ValueError(f"an enterprise has at most {len(_PLANTS) * _SERIALS:,} vehicles")
    head, tail = f"ZZZ{owner:05d}", f"T{_PLANTS[plant]}{number:06d}"
    return f"{head}{checks.vin(head + tail)}{tail}"


def _vehicle(owner: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    vin = _vin(owner.number, serial)
    names = _VEHICLES.get(owner.class_code, _GENERAL_VEHICLES)
    return (
        f"VIN.{vin}",
        names[draws[0] % len(names)],
        plate(draws[1]),
        vin,
        owner.name,
        _ENERGY[draws[2] % len(_ENERGY)],
        f"{5_000 + 100 * (draws[3] % 290)}",
        earlier_day(draws[4]),
        f"{2027 + draws[5] % 2}{day(draws[6])[4:7]}",
    )


VEHICLE = Kind(
    path="vehicle",
    # The load is in kilograms; the inspection holds to the end of the month named.
    types=("NAME", "PLATE", "VIN", "OWNER", "ENERGY", "LOAD", "REGISTERED_ON", "INSPECTED_UNTIL"),
    describe=_vehicle,
)

# Size and type code of ISO 6346, name, greatest gross mass and a usual tare in kg.
_BOXES = (
    ("22G1", "20英尺通用集装箱", 30_480, 2_230),
    ("42G1", "40英尺通用集装箱", 30_480, 3_750),
    ("45G1", "40英尺高箱", 32_500, 3_940),
    ("22R1", "20英尺冷藏集装箱", 30_480, 3_080),
)
_OWNER_LETTERS = "ZYXWVUTSRQPONMLKJIHGFEDCBA"


def _container_number(owner: int, serial: int) -> str:
    """Return an ISO 6346 number of an invented owner ZZ?, the third letter by enterprise."""
    block, number = divmod(serial, _SERIALS)
    if block >= len(_OWNER_LETTERS):
        raise ValueError(f"an enterprise has at most {len(_OWNER_LETTERS) * _SERIALS:,} containers")
    letter = _OWNER_LETTERS[(owner + block) % len(_OWNER_LETTERS)]
    body = f"ZZ{letter}U{number:06d}"
    return body + checks.container(body)


def _container(owner: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    number = _container_number(owner.number, serial)
    code, name, gross, tare = _BOXES[draws[0] & 3]
    return (
        f"CONTAINER/{number}",
        name,
        number,
        code,
        owner.name,
        f"{gross}",
        f"{tare + draws[1] % 60}",
        earlier_day(draws[2])[:7],
        str(place(draws[3] % len(PROVINCES), draws[4:6])),
    )


CONTAINER = Kind(
    path="container",
    types=(
        "NAME", "CONTAINER_NO", "SIZE_TYPE", "OWNER",
        "MAX_GROSS", "TARE", "BUILT_IN", "LOCATION",
    ),
    describe=_container,
)  # fmt: skip


def _receipt(owner: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    return (
        f"仓单/2026/{serial:06d}",
        _goods(owner, draws[0]),
        decimal(100 + draws[1] % 60_000),
        owner.name,
        f"{1 + draws[2] % 12}号库{'ABCDEF'[draws[3] % 6]}区{1 + draws[4] % 40}位",
        day(draws[5]),
        ("在库", "部分出库", "已出库")[draws[6] % 3],
    )


# Its suffix is Chinese: a suffix may hold any UTF-8 text.
RECEIPT = Kind(
    path="receipt",
    types=("GOODS", "GROSS_WEIGHT", "WAREHOUSE", "LOCATION", "STORED_ON", "STATE"),
    describe=_receipt,
)
