"""Rights against a model that is too simple to be wrong: label lists, sets, and all paths."""

from collections import Counter
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Handle, Prefix
from identifiers.principals import (
    Allowed,
    Disabled,
    HandleIdentity,
    MissingPermission,
    NotAdministrator,
    NotYours,
    Scope,
    authorize,
)
from identifiers.records import Record, State
from identifiers.values import Reference, Value
from identifiers.wire.handle.data import Admin, encode_admin, encode_vlist
from identifiers.wire.handle.values import encode_values
from registry.administrators import MAX_DEPTH, Administrators
from registry.prefixes import place_of
from registry.rights import Needed

# Few labels, so that prefixes often cover, and often only look as if they did.
PREFIXES = ("88", "88.1", "88.1.1", "88.1.10", "88.10", "88.10.1", "8", "88.1.1.1")
NAMES = tuple(f"{prefix}/{suffix}" for prefix in PREFIXES[:5] for suffix in ("A", "b"))
RECORDS = (*NAMES, *(f"0.NA/{prefix}" for prefix in PREFIXES))
INDEXES = (0, 1, 2, 3)

# Three holders of keys, so that references often name whoever asks.
HOLDERS = ("88.1/A", "0.NA/88.1", "88.10/b")
BITS = (0, 0x001, 0x010, 0x050, 0x7FF, 0xFFF)

references = st.builds(
    Reference,
    st.one_of(st.sampled_from(HOLDERS), st.sampled_from(RECORDS)),
    st.sampled_from(INDEXES),
)
admins = st.builds(lambda r, bits: ("admin", bits, r), references, st.sampled_from(BITS))
groups = st.builds(lambda members: ("group", members), st.lists(references, max_size=3))
contents = st.lists(st.one_of(admins, groups), max_size=3)
entries = st.builds(
    PrefixEntry,
    prefix=st.sampled_from(PREFIXES).map(Prefix.parse),
    kind=st.sampled_from((PrefixKind.ENTERPRISE, PrefixKind.ENTERPRISE, PrefixKind.SECONDARY)),
    enterprise=st.integers(min_value=0, max_value=2),
    enabled=st.sampled_from((True,) * 9 + (False,)),
)
identities = st.builds(HandleIdentity, st.sampled_from(HOLDERS), st.sampled_from(INDEXES[1:]))
needs = st.builds(Needed, st.sampled_from(BITS[1:]), st.booleans())


class Scene(NamedTuple):
    """Who asks for what on which name, and everything that is stored."""

    contents: dict[str, list[tuple[Any, ...]]]
    directory: list[PrefixEntry]
    identity: HandleIdentity
    name: str
    needed: Needed


@st.composite
def scenes(draw):
    """Draw anything; often with a way of groups from the record that counts to whoever asks."""
    stored = draw(st.dictionaries(st.sampled_from(RECORDS), contents, max_size=8))
    found = draw(st.lists(entries, min_size=2, max_size=5, unique_by=lambda e: e.prefix))
    name, identity = draw(st.sampled_from(RECORDS)), draw(identities)
    if draw(st.booleans()):
        prefix, _, suffix = name.partition("/")
        above = f"0.NA/{suffix.rpartition('.')[0] if prefix == '0.NA' else prefix}"
        way = [draw(st.sampled_from((name, above)))]
        length = draw(st.sampled_from((0, 1, 2, MAX_DEPTH, MAX_DEPTH + 1)))
        way += draw(st.permutations(RECORDS))[:length]
        target = Reference(identity.handle, draw(st.sampled_from((0, identity.index))))
        for record in reversed(way[1:]):
            own = stored.setdefault(record, [])
            own.append(("group", [target]))
            target = Reference(record, len(own))
        stored.setdefault(way[0], []).append(("admin", draw(st.sampled_from(BITS)), target))
    return Scene(stored, found, identity, name, draw(needs))


class Stored:
    """Records as the registry reads them."""

    def __init__(self, contents):
        self._records = {key: _record(key, content) for key, content in contents.items()}

    async def fetch(self, keys):
        return [self._records.get(key) for key in keys]


def _record(key, content):
    values = []
    for index, item in enumerate(content, 1):
        match item:
            case ("admin", bits, who):
                data = encode_admin(Admin(bits, who.handle, who.index))
                values.append(Value(index=index, type="HS_ADMIN", data=data))
            case ("group", members):
                data = encode_vlist(tuple(members))
                values.append(Value(index=index, type="HS_VLIST", data=data))
    blob = encode_values(values)
    return Record(key=key, name=key, version=1, state=State.ACTIVE, values=blob, changed_at=0)


def living(contents, directory):
    """Return the records whose groups count: those whose prefix is here, and switched on."""

    def lives(name):
        prefix, _, suffix = name.partition("/")
        home = home_of(directory, tuple((suffix if prefix == "0.NA" else prefix).split(".")))
        return home is not None and home.enabled

    return {name: content for name, content in contents.items() if lives(name)}


def reached(contents, start):
    """Return every reference that so many groups lead to, level by level."""
    found, level = {start}, {start}
    for _ in range(MAX_DEPTH):
        following = set()
        for reference in level:
            items = contents.get(reference.handle, [])
            if 1 <= reference.index <= len(items) and items[reference.index - 1][0] == "group":
                following.update(items[reference.index - 1][1])
        level = following - found
        found |= following
    return found


def held_by(admins, contents, identity):
    """Return what HS_ADMIN values give, by groups in `contents`; None: they name somebody else."""
    held, named = 0, False
    for kind, *rest in admins:
        if kind == "admin":
            bits, start = rest
            if any(
                r.handle == identity.handle and r.index in (0, identity.index)
                for r in reached(contents, start)
            ):
                held, named = held | bits, True
    return held if named else None


def home_of(directory, labels):
    """Return who decides about a prefix, by lists of labels."""
    own = {entry.prefix.labels: entry for entry in directory}
    if labels in own:
        return own[labels]
    above = [e for e in directory if e.prefix.labels == labels[: len(e.prefix.labels)]]
    if not above:
        return None
    nearest = max(above, key=lambda entry: len(entry.prefix.labels))
    return nearest if nearest.kind is PrefixKind.ENTERPRISE else None


def expected(contents, directory, identity, name, needed):
    prefix, _, suffix = name.partition("/")
    of_prefix = prefix == "0.NA"
    labels = tuple((suffix if of_prefix else prefix).split("."))
    home = home_of(directory, labels)
    if home is None:
        return NotYours()
    if not home.enabled:
        return Disabled()
    governs = None if of_prefix else f"0.NA/{prefix}"
    if of_prefix and labels[:-1]:
        parent = home_of(directory, labels[:-1])
        if parent is not None and parent.enterprise == home.enterprise:
            governs = f"0.NA/{'.'.join(labels[:-1])}"
    own = any(kind == "admin" for kind, *_ in contents.get(name, []))
    record = name if own and not needed.of_prefix else governs
    held = held_by(contents.get(record, ()), living(contents, directory), identity)
    if held is None:
        return NotAdministrator()
    missing = needed.bits & ~held
    return MissingPermission(missing) if missing else Allowed()


def finished(coroutine):
    """Return what a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as returned:
        return returned.value
    raise AssertionError("it waits")


def place_and_verdict(scene, everything=()):
    picture = PrefixDirectory(scene.directory)
    place = place_of(picture, Handle.parse(scene.name))
    administrators = Administrators(Stored(scene.contents), everything)
    grants = finished(administrators.grants(scene.identity, place, picture))
    rights = grants.rights(scene.needed)
    return authorize(scene.identity, Scope.WRITE, place.target, place.home, None, rights)


@settings(max_examples=500)
@given(scenes())
def test_rights_are_those_of_the_model(scene):
    assert place_and_verdict(scene) == expected(*scene)


@given(scenes())
def test_a_server_administrator_is_bound_by_prefixes_only(scene):
    verdict = place_and_verdict(scene, (scene.identity,))
    assert isinstance(verdict, Allowed | NotYours | Disabled)
    without = expected(*scene)
    assert isinstance(verdict, Allowed) != isinstance(without, NotYours | Disabled)


def test_the_scenes_are_of_all_kinds():
    """A model is worth what it is asked: all verdicts come up, and each now and then."""
    seen = Counter()

    @settings(max_examples=400, database=None, derandomize=True)
    @given(scenes())
    def look(scene):
        seen[type(expected(*scene))] += 1

    look()
    kinds = (Allowed, MissingPermission, NotAdministrator, NotYours, Disabled)
    assert min(seen[kind] for kind in kinds) >= 8, seen
