import asyncio
from hashlib import sha256
from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from identifiers.accounts import LOGIN_SECONDS, AccountState
from registry.access.logins import CACHE_SECONDS, LoggedIn, TryLater, Unknown
from registry.access.passwords import COST, Cost, Passwords
from registry.access.programs import Broken, DatedDigest, Password, Safe, same_secret
from registry.attempts import OF_PAIR
from tests.unit.registry.access.conftest import CHEAP, PASSWORD, entry
from tests.unit.registry.world import NOW

DAYS = ("2027-01-15", "2027-01-14")


def dated(secret, day=DAYS[0]):
    once = sha256(secret.encode()).hexdigest()
    return DatedDigest(sha256((once + day).encode()).hexdigest(), DAYS)


async def test_a_name_and_a_password_become_a_token_for_a_day(desk):
    account = await desk.person()
    answer = await desk.logins.log_in("LI", Password(PASSWORD), entry())
    assert answer.account == account.principal
    assert answer.expires_at == NOW + LOGIN_SECONDS
    assert desk.logins.is_token(answer.token)
    assert not desk.logins.is_token("id.secret")
    assert answer.token not in repr(answer)
    assert PASSWORD not in repr(Password(PASSWORD)) + repr(dated(PASSWORD))
    known = await desk.logins.account(answer.token, now=NOW, monotonic=0)
    assert known == account.principal
    late = await desk.logins.account(answer.token, now=NOW + LOGIN_SECONDS, monotonic=0)
    assert late is None


async def test_only_the_very_token_is_known(desk):
    await desk.person()
    token = (await desk.logins.log_in("li", Password(PASSWORD), entry())).token
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    unknown = "login." + "x" * 16 + token[22:]
    for wrong in (other, unknown, "login.", token + "x", "key.secret"):
        assert await desk.logins.account(wrong, now=NOW, monotonic=0) is None
        assert not await desk.logins.log_out(wrong, entry())


async def test_whoever_logs_out_is_known_no_more(desk):
    await desk.person()
    token = (await desk.logins.log_in("li", Password(PASSWORD), entry())).token
    assert await desk.logins.account(token, now=NOW, monotonic=0)
    assert await desk.logins.log_out(token, entry())
    assert await desk.logins.account(token, now=NOW, monotonic=0) is None
    assert not await desk.logins.log_out(token, entry())


async def test_a_disabled_account_is_refused_after_the_cache_s_time(desk):
    account = await desk.person()
    token = (await desk.logins.log_in("li", Password(PASSWORD), entry())).token
    assert await desk.logins.account(token, now=NOW, monotonic=0)
    await desk.accounts.change(account.id, desk.asked, state=AccountState.DISABLED)
    assert await desk.logins.account(token, now=NOW, monotonic=CACHE_SECONDS) is None
    assert await desk.logins.log_in("li", Password(PASSWORD), entry()) == Unknown()


@pytest.mark.parametrize(
    ("name", "proof"),
    [
        ("li", Password("wrong horse battery")),
        ("nobody", Password(PASSWORD)),
        ("李", Password(PASSWORD)),
        ("x" * 9999, Password("\ud800")),
        ("li", dated(PASSWORD)),
        ("app", Password(PASSWORD)),
        ("app", dated("wrong")),
        ("nobody", dated("wrong")),
    ],
)
async def test_what_is_wrong_is_not_told(desk, name, proof):
    await desk.person()
    await desk.program()
    before = len(desk.store.audited)
    assert await desk.logins.log_in(name, proof, entry()) == Unknown()
    (said,) = desk.store.audited[before:]
    assert said.action == "login.refused"
    assert said.subject in {"li", "app", "-"}


async def test_failures_are_counted_until_one_succeeds(desk):
    await desk.person()
    for _ in range(3):
        await desk.logins.log_in("li", Password("wrong"), entry())
    assert (await desk.stored("li")).failed == 3
    assert isinstance(await desk.logins.log_in("li", Password(PASSWORD), entry()), LoggedIn)
    assert (await desk.stored("li")).failed == 0


@pytest.mark.parametrize("name", ["li", "nobody"])
async def test_guessing_is_slowed_down_whether_there_is_such_an_account_or_not(desk, name):
    await desk.person()
    far = ip_address("198.51.100.7")
    for _ in range(OF_PAIR):
        await desk.logins.log_in(name, Password("wrong"), entry(far, trusted=False))
    proof = Password(PASSWORD)
    answer = await desk.logins.log_in(name, proof, entry(far, trusted=False))
    assert isinstance(answer, TryLater)
    assert answer.seconds > 0
    later = entry(far, steady=60.0, trusted=False)
    assert isinstance(await desk.logins.log_in("li", proof, later), LoggedIn)


async def test_a_program_proves_its_secret_or_a_hash_of_it_and_the_day(desk):
    made = await desk.program()
    logins = desk.logins
    for proof in (Password(made.secret), dated(made.secret), dated(made.secret, DAYS[1])):
        assert isinstance(await logins.log_in("app", proof, entry()), LoggedIn)
    old = dated(made.secret, "2027-01-13")
    assert await logins.log_in("app", old, entry()) == Unknown()


async def test_whoever_is_disabled_while_he_logs_in_is_refused(desk, monkeypatch):
    account = await desk.person()
    await desk.accounts.change(account.id, desk.asked, state=AccountState.DISABLED)

    async def as_before(_):
        return account

    monkeypatch.setattr(desk.kept, "account_named", as_before)
    assert await desk.logins.log_in("li", Password(PASSWORD), entry()) == Unknown()


async def test_no_more_wait_than_may(desk):
    await desk.person()
    desk.passwords._present = desk.passwords._most
    answer = await desk.logins.log_in("li", Password(PASSWORD), entry())
    assert isinstance(answer, TryLater)


async def test_of_many_tokens_the_oldest_looked_at_is_looked_at_again(desk, monkeypatch):
    monkeypatch.setattr("registry.access.logins._CACHED", 1)
    await desk.person()
    tokens = [(await desk.logins.log_in("li", Password(PASSWORD), entry())).token for _ in range(2)]
    for token in (*tokens, *tokens):
        assert await desk.logins.account(token, now=NOW, monotonic=0)
    assert len(desk.logins._cache) == 1


async def test_hashes_differ_by_salt_and_are_of_one_form():
    passwords = Passwords(CHEAP)
    kept = await passwords.hashed(PASSWORD, b"s" * 16)
    other = await passwords.hashed(PASSWORD, b"t" * 16)
    assert kept != other
    assert await passwords.proves(PASSWORD, kept)
    assert not await passwords.proves(PASSWORD + ".", kept)
    assert not await passwords.proves(PASSWORD, b"\x02" + kept[1:])
    assert not await passwords.proves(PASSWORD, kept[:-1])
    assert not await passwords.proves(PASSWORD, None)
    assert await passwords.proves("e\u0301" * 12, await passwords.hashed("\xe9" * 12, b"s" * 16))


async def test_as_many_as_may_are_at_work():
    passwords = Passwords(CHEAP, at_once=1, waiting=1)
    many = [passwords.proves(PASSWORD, None) for _ in range(2)]
    tasks = [asyncio.ensure_future(one) for one in many]
    await asyncio.sleep(0)
    assert passwords.full
    await asyncio.gather(*tasks)
    assert not passwords.full


def test_the_cost_of_record():
    assert Cost(2**15, 8, 3) == COST


def test_a_sealed_secret_opens_under_its_name_only():
    safe = Safe(b"k" * 32)
    kept = safe.sealed("secret", "app", b"n" * 12)
    assert safe.opened(kept, "app") == "secret"
    for broken in (lambda: safe.opened(kept, "other"), lambda: Safe(b"l" * 32).opened(kept, "app")):
        with pytest.raises(Broken):
            broken()
    with pytest.raises(Broken):
        safe.opened(b"", "app")


def test_a_dated_proof_is_of_its_days():
    assert same_secret(dated("s"), "s")
    assert not same_secret(replace(dated("s"), days=()), "s")
    assert not same_secret(dated("s"), "t")
