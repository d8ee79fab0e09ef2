"""What both roles serve: probes and metrics, TLS, and what the node tells of itself."""

import time
from collections.abc import Sequence
from importlib.metadata import version

from aiohttp import web

from edge.server import serve
from edge.tls import Handshakes, TlsSites
from identifiers.keys.signers import Signer
from identifiers.wire.handle.site import Site
from node.assignment import Role
from node.certificates import material
from node.gauges import tls_families
from node.keys import site_signer
from node.lifecycle import Running
from node.listeners import inherited
from node.ops import Operations
from node.serials import numbered
from node.site import site_record


async def serve_operations(running: Running) -> None:
    """Serve probes and metrics, where this process is the one that does."""
    sockets = [inherited(fd) for fd in running.assignment.sockets.ops]
    if sockets:
        assignment = running.assignment
        operations = Operations(
            running.health, assignment.siblings, assignment.supervisor, version("idnode")
        )
        runner = await serve(operations.app(), sockets)
        running.stack.push_async_callback(runner.cleanup)


async def serve_tls(
    running: Running, runner: web.AppRunner, sockets: Sequence[int], *, clients: bool
) -> None:
    """Serve an application over TLS too, where there are sockets for it."""
    if sockets:
        handshakes = Handshakes(time.monotonic)
        running.metrics.append(lambda: tls_families(handshakes.refused))
        sites = TlsSites(
            runner,
            [inherited(fd) for fd in sockets],
            material(running.settings, clients=clients),
            handshakes,
        )
        await sites.start()
        running.background(sites.watch(), "certificates")


def site_of(running: Running) -> tuple[Site, Signer]:
    """Return what this node tells of itself, and its key."""
    assignment, signer = running.assignment, site_signer(running.settings.keys_dir)
    site = site_record(
        assignment.public, key=signer.public, http=assignment.http, https=assignment.https
    )
    if assignment.role is Role.WORKER or assignment.relay:
        # Nobody asks a registry by itself for a site; and it knows no listeners to tell of.
        site = numbered(site, running.settings.data_dir)
    return site, signer
