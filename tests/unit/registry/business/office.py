"""The node's business over HTTP, on stores in memory."""

import socket
from contextlib import asynccontextmanager

import aiohttp
from cryptography.hazmat.primitives.asymmetric import rsa

from edge.addresses import Networks
from edge.server import serve
from identifiers.keys.signers import RsaSigner
from identifiers.labels import Allotment
from identifiers.principals import Account, Role
from registry.business.admissions import Admissions
from registry.business.approvals import Terms
from registry.business.certificates import Certificates
from registry.business.documents import Documents
from registry.business.members import Enterprises
from registry.business.office import Office
from registry.business.personal import Sealer
from registry.commit import GroupCommit
from registry.http.app import registry_app
from registry.http.application_operations import application_operations
from registry.http.enterprise_operations import enterprise_operations
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.service import Registry
from tests.unit.registry.business.conftest import REGISTERS, RESERVED, ROOT
from tests.unit.registry.world import PEPPER, SEALS, Api, now_ns

SIGNER = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
NODE_ROLES = {"admin": Role.ADMINISTRATOR, "reviewer": Role.REVIEWER, "auditor": Role.AUDITOR}
ROLES = {"owner": Role.OWNER, "operator": Role.OPERATOR, "reader": Role.READER}


class Known:
    """Logins: ``admin``, ``reviewer``, ``auditor``; ``owner-7`` and the like: of enterprise 7."""

    def is_token(self, _):
        return True

    async def account(self, token, **_):
        name = token.partition(".")[0]
        if name in NODE_ROLES:
            return Account(id=1, name=name, role=NODE_ROLES[name], enterprise=None)
        role, _, number = name.partition("-")
        if role not in ROLES:
            return None
        return Account(id=2, name=name, role=ROLES[role], enterprise=int(number))


def make_office(business, store, *, local=True):
    store.rules[str(ROOT)] = Allotment(reserved=RESERVED)
    sealer = Sealer(bytes(32))
    terms = Terms(registers=REGISTERS, local=local)
    return Office(
        store=business,
        records=store,
        notices=business,
        sealer=sealer,
        local=local,
        admissions=Admissions(business, sealer, terms),
        documents=Documents(business.documents, sealer),
        enterprises=Enterprises(business, local=local),
        certificates=Certificates(business, store, SIGNER),
    )


@asynccontextmanager
async def served(office, store, *nouns):
    """Serve the API, with `nouns` more; gives a client of it."""
    registry = Registry(store, GroupCommit(store), Prefixes(store), SEALS)
    imports = Imports(store, Prefixes(store), SEALS, clock=now_ns)
    app = registry_app(
        registry,
        imports,
        KeyRing(store, PEPPER),
        Networks(()),
        logins=Known(),
        nouns=(
            lambda reception: application_operations(office, reception),
            lambda reception: enterprise_operations(office, reception),
            *nouns,
        ),
    )
    bound = socket.create_server(("127.0.0.1", 0))
    runner = await serve(app, [bound])
    async with aiohttp.ClientSession() as session:
        yield Api(session, f"http://127.0.0.1:{bound.getsockname()[1]}")
    await runner.cleanup()
