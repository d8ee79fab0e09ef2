"""Registration with templates, on the store in memory: single identifiers, batches and imports."""

import asyncio

import msgspec
import pytest

from identifiers.codes.industries import SHIPPED
from identifiers.metadata.shelves import Demand
from identifiers.principals import HandleIdentity
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.wire.handle.values import decode_values
from identifiers.wire.rows import Row
from registry.answers import Exists, Faulty, Missing, Protected, Replayed, Saved, Unchanged
from registry.batches import BatchOrder
from registry.business.asking import By
from registry.business.templates import Templates
from registry.commands import (
    AddValues,
    Create,
    Delete,
    Mode,
    ModifyValues,
    Patch,
    Put,
    RemoveValues,
    Restore,
)
from registry.commit import GroupCommit
from registry.prefixes import Prefixes
from registry.reading.judging import judged
from registry.service import Registry
from registry.shelf import Shelf
from registry.templating import Sketch
from storage.memory import MemoryTemplates
from tests.unit.registry.world import NOW, SEALS, asked, audit, handle, once, value

COAL = {
    "prefix": "88.300",
    "version": "coal-1",
    "title": "煤炭批次",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [
        {"name": "NO", "title": "批次号", "required": True, "unique": True},
        {"name": "ASH", "title": "灰分", "type": "number", "high": "100"},
        {"name": "MINE", "title": "煤矿"},
    ],
}
BY = By(actor="key:one", at=NOW * 1000, request_id="r")
NAME = "88.300.1/A"
STORED = "88.300/coal-1@1"


def faults(answer):
    assert isinstance(answer, Faulty), answer
    return [(fault.pointer, fault.code) for fault in answer.faults]


def texts(record):
    return {v.index: v.data.decode() for v in decode_values(record.values)}


def create(name=NAME, **more):
    return Create(handle=handle(name), values=(), **more)


def sketch(number="7", template="coal-1", **more):
    given = {} if number is None else {"NO": number}
    return Sketch(template, given | more)


@pytest.fixture
def templates(store):
    return MemoryTemplates(store)


@pytest.fixture
def shelf(templates):
    return Shelf(templates)


@pytest.fixture
async def desk(templates, shelf):
    """The commands around templates; the one of coal is in force."""
    made = Templates(templates, SHIPPED, shelf.forget)
    await made.write(COAL, BY)
    await made.publish("88.300", "coal-1", BY)
    return made


@pytest.fixture
def registry(store, shelf, desk):
    assert desk is not None
    return Registry(store, GroupCommit(store), Prefixes(store), SEALS, shelf=shelf)


async def registered(registry, name=NAME, **more):
    saved = await registry.create(create(name), asked(), sketch(**more))
    assert isinstance(saved, Saved), saved
    return saved.record


async def test_attributes_become_values_and_the_record_says_of_which_revision(registry):
    record = await registered(registry, ASH="07.50")
    assert texts(record) == {1001: "coal-1", 2000: "7", 2001: "7.5"}
    assert record.template == STORED


async def test_every_fault_is_told_and_nothing_is_written(registry, store):
    answer = await registry.create(create(), asked(), sketch(None, ASH="x", COLOUR="black"))
    assert faults(answer) == [
        ("/attributes/COLOUR", "template.no_attribute"),
        ("/attributes/ASH", "template.value"),
        ("/attributes/NO", "template.missing"),
    ]
    answer = await registry.create(create(), asked(), sketch(template="coal-2"))
    assert faults(answer) == [("/template", "template.unknown")]
    answer = await registry.create(create(), asked(), Sketch(None, {"NO": "1"}))
    assert faults(answer) == [("/attributes", "template.alone")]
    assert not store.records


async def test_a_refusal_is_repeated_like_any_answer(registry):
    ask = once()
    refused = await registry.create(create(), asked(once=ask), sketch(None))
    assert faults(refused) == [("/attributes/NO", "template.missing")]
    again = await registry.create(create(), asked(once=ask), sketch(None))
    assert isinstance(again, Replayed)


async def test_what_was_registered_is_told_again_when_its_template_is_gone(registry, desk):
    ask = once()
    assert isinstance(await registry.create(create(), asked(once=ask), sketch()), Saved)
    await desk.withdraw("88.300", "coal-1", BY)
    assert isinstance(await registry.create(create(), asked(once=ask), sketch()), Replayed)
    fresh = await registry.create(create("88.300.1/B"), asked(), sketch("8"))
    assert faults(fresh) == [("/template", "template.withdrawn")]


async def test_a_record_of_a_withdrawn_template_goes_on_with_it(registry, desk):
    await registered(registry)
    await desk.withdraw("88.300", "coal-1", BY)
    patched = await registry.patch(Patch(handle=handle(NAME)), asked(), Sketch(None, {"ASH": 8}))
    assert texts(patched.record)[2001] == "8"
    put = Put(handle=handle(NAME), values=())
    assert texts((await registry.put(put, asked(), sketch())).record) == {1001: "coal-1", 2000: "7"}


async def test_a_patch_speaks_in_attributes_and_null_takes_away(registry):
    await registered(registry, ASH="7")
    patch = Patch(handle=handle(NAME))
    more = Sketch(None, {"ASH": None, "MINE": "一号矿"})
    patched = await registry.patch(patch, asked(), more)
    assert texts(patched.record) == {1001: "coal-1", 2000: "7", 2002: "一号矿"}
    same = await registry.patch(patch, asked(), Sketch(None, {"MINE": "一号矿"}))
    assert isinstance(same, Unchanged)
    missing = Patch(handle=handle("88.300.1/none"))
    assert isinstance(await registry.patch(missing, asked(), more), Missing)


@pytest.mark.parametrize(
    ("attributes", "values", "found"),
    [
        ({"NO": None}, (), [("/attributes/NO", "template.missing")]),
        ({"ASH": 101}, (), [("/attributes/ASH", "template.high")]),
        ({"X": 1}, (), [("/attributes/X", "template.no_attribute")]),
        ({"ASH": []}, (), [("/attributes/ASH", "type")]),
        ({"ASH": 1}, (value(2001, b"2", type="ASH"),), [("/attributes/ASH", "template.both")]),
        ({}, (value(2001, b"x", type="ASH"),), [("/attributes/ASH", "template.value")]),
        ({}, (value(2500, b"x", type="ASH"),), [("/attributes/2500", "template.no_item")]),
    ],
)
async def test_a_patch_keeps_what_the_template_wants(registry, attributes, values, found):
    before = await registered(registry)
    patch = Patch(handle=handle(NAME), values=values)
    assert faults(await registry.patch(patch, asked(), Sketch(None, attributes))) == found
    assert (await registry.read(handle(NAME), asked())) == before


async def test_single_values_keep_what_the_template_wants_too(registry):
    await registered(registry)
    add = AddValues(handle=handle(NAME), values=(value(2001, b"x", type="ASH"),))
    assert faults(await registry.add_values(add, asked())) == [
        ("/attributes/ASH", "template.value")
    ]
    change = ModifyValues(handle=handle(NAME), values=(value(2000, b"8", type="NO"),))
    assert texts((await registry.modify_values(change, asked())).record)[2000] == "8"
    required = RemoveValues(handle=handle(NAME), indexes=frozenset({2000}))
    assert faults(await registry.remove_values(required, asked())) == [
        ("/attributes/NO", "template.missing")
    ]
    for remove in (
        registry.remove_values(
            RemoveValues(handle=handle(NAME), indexes=frozenset({1001})), asked()
        ),
        registry.patch(Patch(handle=handle(NAME), remove=frozenset({1001})), asked()),
    ):
        assert await remove == Protected((1001,))


async def test_whoever_has_no_word_for_templates_leaves_them(registry):
    await registered(registry)
    values = (value(1), value(2000, b"8", type="NO"))
    over = Create(handle=handle(NAME), values=values, overwrite=True)
    written = (await registry.create(over, asked())).record
    assert (written.template, texts(written)) == (STORED, {1: "x", 1001: "coal-1", 2000: "8"})
    over = Create(handle=handle(NAME), values=(value(1),), overwrite=True)
    assert faults(await registry.create(over, asked())) == [("/attributes/NO", "template.missing")]


async def test_an_attribute_needs_a_template_in_a_patch_too(registry):
    await registry.create(Create(handle=handle(NAME), values=(value(1),)), asked())
    patch = Patch(handle=handle(NAME))
    answer = await registry.patch(patch, asked(), Sketch(None, {"NO": "1"}))
    assert faults(answer) == [("/attributes", "template.alone")]
    answer = await registry.patch(patch, asked(), Sketch("other", {"NO": "1"}))
    assert faults(answer) == [("/template", "template.unknown")]
    given = await registry.patch(patch, asked(), sketch("1"))
    assert (given.record.template, texts(given.record)) == (
        STORED,
        {1: "x", 1001: "coal-1", 2000: "1"},
    )


async def test_to_put_without_a_template_leaves_none(registry):
    await registered(registry)
    put = Put(handle=handle(NAME), values=(value(1),))
    plain = (await registry.put(put, asked())).record
    assert (plain.template, texts(plain)) == (None, {1: "x"})
    assert isinstance(await registry.create(create("88.300.1/B"), asked(), sketch()), Saved)


async def test_a_move_of_the_state_is_no_change_of_values(registry, desk):
    await registered(registry)
    await desk.revise("88.300", "coal-1", [{"name": "NEW", "title": "新", "required": True}], BY)
    patch = Patch(handle=handle(NAME), state=State.RESERVED)
    moved = await registry.patch(patch, asked())
    assert (moved.record.state, moved.record.template) == (State.RESERVED, STORED)
    changed = await registry.patch(Patch(handle=handle(NAME)), asked(), Sketch(None, {"ASH": 1}))
    assert faults(changed) == [("/attributes/NEW", "template.missing")]
    changed = await registry.patch(
        Patch(handle=handle(NAME)), asked(), Sketch(None, {"ASH": 1, "NEW": "n"})
    )
    assert changed.record.template == "88.300/coal-1@2"


async def test_a_prefix_may_want_templates(registry, templates, shelf):
    await registry.create(Create(handle=handle(NAME), values=(value(1),)), asked())
    await templates.demand(Demand("88.300.1", demanded=True), audit())
    shelf.forget()
    wanted = [("/template", "template.demanded")]
    plain = Create(handle=handle("88.300.1/B"), values=(value(1),))
    assert faults(await registry.create(plain, asked())) == wanted
    put = Put(handle=handle("88.300.1/C"), values=(value(1),))
    assert faults(await registry.put(put, asked())) == wanted
    changed = await registry.patch(Patch(handle=handle(NAME), values=(value(2),)), asked())
    assert isinstance(changed, Saved)
    await registered(registry, "88.300.1/D")
    put = Put(handle=handle("88.300.1/D"), values=(value(1),))
    assert faults(await registry.put(put, asked())) == wanted


async def test_no_two_identifiers_have_what_is_unique(registry, store):
    await registered(registry)
    twice = await registry.create(create("88.300.1/B"), asked(), sketch())
    assert faults(twice) == [("/attributes/NO", "template.not_unique")]
    assert twice.faults[0].params["holder"] == NAME
    other = await registry.patch(Patch(handle=handle(NAME)), asked(), Sketch(None, {"NO": "8"}))
    assert isinstance(other, Saved)
    await registered(registry, "88.300.1/B")
    back = await registry.patch(Patch(handle=handle(NAME)), asked(), Sketch(None, {"NO": "7"}))
    assert faults(back) == [("/attributes/NO", "template.not_unique")]
    assert isinstance(await registry.delete(Delete(handle=handle("88.300.1/B")), asked()), Saved)
    back = await registry.patch(Patch(handle=handle(NAME)), asked(), Sketch(None, {"NO": "7"}))
    assert isinstance(back, Saved)
    await registered(registry, "88.300.1.2/A")
    assert sorted(store.holders.values()) == ["88.300.1.2/A", NAME]


async def test_of_many_at_once_one_gets_what_is_unique(registry):
    names = [f"88.300.1/{number}" for number in range(8)]
    answers = await asyncio.gather(
        *(registry.create(create(name), asked(), sketch()) for name in names)
    )
    assert sum(isinstance(answer, Saved) for answer in answers) == 1
    assert {answer.faults[0].code for answer in answers if isinstance(answer, Faulty)} == {
        "template.not_unique"
    }


async def test_an_older_version_comes_back_with_what_it_had_if_nobody_has_it(registry, store):
    first = await registered(registry)
    patched = await registry.patch(Patch(handle=handle(NAME)), asked(), Sketch(None, {"NO": "8"}))
    assert isinstance(patched, Saved)
    await registered(registry, "88.300.1/B")
    restore = Restore(
        handle=handle(NAME),
        values=decode_values(first.values),
        version=1,
        reserved=False,
        template=first.template,
    )
    taken = await registry.restore(restore, asked())
    assert faults(taken) == [("/attributes/NO", "template.not_unique")]
    await registry.delete(Delete(handle=handle("88.300.1/B")), asked())
    restored = await registry.restore(restore, asked())
    assert (texts(restored.record), restored.record.template) == (texts(first), STORED)
    assert list(store.holders.values()) == [NAME]


async def test_what_exists_says_so_and_keeps_what_it_has(registry):
    await registered(registry)
    again = await registry.create(create(), asked(), sketch("9"))
    assert again == Exists(1)
    await registered(registry, "88.300.1/B", number="9")


def rows(*sent):
    read = (
        Submission(name, (), template=template, attributes=attributes)
        for name, template, attributes in sent
    )
    return [judged(Row(n, n, one), NOW) for n, one in enumerate(read, 1)]


async def batch(registry, mode, *sent):
    answer = await registry.batch(BatchOrder(mode, rows(*sent)), asked(changes=len(sent)))
    return [item.fate for item in answer.items]


async def test_rows_of_a_batch_are_judged_each_by_its_template(registry):
    fates = await batch(
        registry,
        Mode.CREATE,
        ("88.300.1/1", "coal-1", {"NO": "1", "ASH": "1.0"}),
        ("88.300.1/2", "coal-1", {"NO": "1"}),
        ("88.300.1/3", "coal-1", {"ASH": 101}),
        ("88.300.1/4", "coal-9", {"NO": "4"}),
        ("88.300.1/5", "coal-1", {}),
        ("88.300.10/6", "coal-1", {"NO": "6"}),
    )
    assert texts(fates[0].record) == {1001: "coal-1", 2000: "1", 2001: "1"}
    assert [faults(fate) for fate in fates[1:5]] == [
        [("/items/1/attributes/NO", "template.not_unique")],
        [
            ("/items/2/attributes/ASH", "template.high"),
            ("/items/2/attributes/NO", "template.missing"),
        ],
        [("/items/3/template", "template.unknown")],
        [("/items/4/attributes/NO", "template.missing")],
    ]
    assert fates[5].code == "not-yours"


async def test_rows_may_say_a_part_of_what_is_there(registry):
    await batch(registry, Mode.UPSERT, ("88.300.1/1", "coal-1", {"NO": "1", "ASH": "1"}))
    (known, new) = await batch(
        registry,
        Mode.UPSERT,
        ("88.300.1/1", "coal-1", {"MINE": "一"}),
        ("88.300.1/2", "coal-1", {"MINE": "二"}),
    )
    assert texts(known.record) == {1001: "coal-1", 2000: "1", 2001: "1", 2002: "一"}
    assert faults(new) == [("/items/1/attributes/NO", "template.missing")]
    (replaced,) = await batch(registry, Mode.REPLACE, ("88.300.1/1", "coal-1", {"NO": "5"}))
    assert texts(replaced.record) == {1001: "coal-1", 2000: "5"}
    await registry.delete(Delete(handle=handle("88.300.1/1")), asked())
    (gone,) = await batch(registry, Mode.UPSERT, ("88.300.1/1", "coal-1", {"MINE": "一"}))
    assert faults(gone) == [("/items/0/attributes/NO", "template.missing")]


async def test_rows_that_name_no_template_change_what_has_one_by_its_rules(registry, store):
    await batch(registry, Mode.CREATE, ("88.300.1/1", "coal-1", {"NO": "1"}))
    await batch(registry, Mode.CREATE, ("88.300.1/2", "coal-1", {"NO": "2"}))
    plain = [
        judged(Row(1, 1, Submission("88.300.1/1", (value(2000, b"3", type="NO"),))), NOW),
        judged(Row(2, 2, Submission("88.300.1/2", (value(2000, b"3", type="NO"),))), NOW),
    ]
    answer = await registry.batch(BatchOrder(Mode.UPSERT, plain), asked(changes=2))
    first, second = (item.fate for item in answer.items)
    assert texts(first.record)[2000] == "3"
    assert faults(second) == [("/items/1/attributes/NO", "template.not_unique")]
    assert sorted(store.holders.values()) == ["88.300.1/1", "88.300.1/2"]


async def test_a_template_that_nobody_knows_any_more_is_said_so(registry, store):
    record = await registered(registry)
    store.records[NAME] = msgspec.structs.replace(record, template="88.300/lost@1")
    answer = await registry.patch(Patch(handle=handle(NAME), values=(value(1),)), asked())
    assert faults(answer) == [("/template", "template.unknown")]


async def test_whoever_comes_over_the_handle_protocol_is_judged_alike(registry, templates, shelf):
    await templates.demand(Demand("88.300.1", demanded=True), audit())
    shelf.forget()
    nobody = asked(HandleIdentity("88.300.1/admin", 300))
    answer = await registry.create(Create(handle=handle(NAME), values=(value(1),)), nobody)
    assert answer.code == "not-administrator"
