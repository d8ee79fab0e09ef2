import pytest

from identifiers.codes.industries import SHIPPED as TRADES
from identifiers.metadata.shipped import SHIPPED
from identifiers.metadata.templates import read_template, told_template
from identifiers.metadata.types import DataType
from identifiers.relations import BY_TYPE


@pytest.mark.parametrize("version", SHIPPED)
def test_every_shipped_template_can_stand_under_a_prefix(version):
    template = read_template(dict(SHIPPED[version]) | {"prefix": "88.300"}, TRADES)
    assert template.version == version
    assert told_template(template)["prefix"] == "88.300"
    assert any(item.required for item in template.items)
    assert all(item.title and item.title_en for item in template.items)
    assert "自定义" in template.description


def test_all_sectors_and_kinds_are_there():
    assert len(SHIPPED) == 18
    kinds = {item.get("type") for document in SHIPPED.values() for item in document["items"]}
    assert kinds == set(DataType)
    (ash,) = (one for one in SHIPPED["coal-batch-1"]["items"] if one["name"] == "AD")
    assert (ash["low"], ash["high"], ash["unit"]) == ("0", "100", "%")


def test_what_comes_of_what_and_goes_with_what_can_be_traced():
    found = {
        (version, item["name"])
        for version, document in SHIPPED.items()
        for item in document["items"]
        if item["name"].removeprefix("REL.") in {one.removeprefix("REL.") for one in BY_TYPE}
    }
    assert found == {
        ("coal-batch-1", "REL.CARRIED_BY"),
        ("coal-product-1", "REL.MADE_FROM"),
        ("container-1", "REL.CARRIED_BY"),
        ("cargo-unit-1", "REL.PART_OF"),
        ("cargo-unit-1", "REL.CARRIED_BY"),
        ("product-1", "REL.MADE_FROM"),
        ("product-1", "REL.PART_OF"),
    }


def test_numbers_of_containers_and_vehicles_are_checked():
    found = {
        (version, item["name"], item["check"])
        for version, document in SHIPPED.items()
        for item in document["items"]
        if "check" in item
    }
    assert found == {
        ("container-1", "CONTAINER_NO", "container"),
        ("vehicle-1", "PLATE", "plate"),
        ("vehicle-1", "VIN", "vin"),
        ("waybill-1", "LOADING_CODE", "division"),
        ("waybill-1", "DISCHARGE_CODE", "division"),
    }
