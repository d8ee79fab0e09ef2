"""The live suites that ship inside the package pyhandle, made ready for a node and run."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pyhandle.tests

HERE = Path(__file__).parent
SHIPPED = Path(pyhandle.tests.__path__[0])
PREFIX = "21.T14999"
"""The suites write HS_ADMIN values that name an identity under this one."""
USER = f"{PREFIX}/B2HANDLE_INTEGRATION_TESTS"
READ = f"{PREFIX}/READ"
PASSWORD = "a password of nobody"

# So many tests the suites have, and these fail against the reference server too.
COUNTS = {"read": 13, "write": 17, "search": 7}
READ_FAILURES = {
    "global_resolve",
    "instantiate_with_credentials",
    "instantiate_with_credentials_config",
    "instantiate_with_credentials_config_override",
    "instantiate_with_credentials_inexistentuser",
    "retrieve_handle_record_json",
}
WRITE_FAILURES = {
    "delete_handle_inexistent",
    "generate_and_register_handle",
    "register_handle",
}


def make_ready(directory: Path, url: str, authority: Path) -> Path:
    """Lay the suites out in `directory` beside their settings; `authority` is the CA file."""
    live = directory / "pyhandle"
    shutil.copytree(SHIPPED / "testcases", live / "testcases")
    shutil.copytree(SHIPPED / "resources", live / "resources")
    template = live / "resources" / "testvalues_for_integration_tests_template_PUBLIC.json"
    settings = json.loads(template.read_text()) | {
        "user": f"300:{USER}",
        "password": PASSWORD,
        "handle_server_url_read": url,
        "handle_server_url_write": url,
        "url_extension_REST_API": "/api/handles/",
        "reverselookup_username": f"300:{USER}",
        "reverselookup_password": PASSWORD,
        "reverselookup_baseuri": url,
        "reverselookup_baseuri_wrong": f"{url}/nowhere",
        "reverselookup_url_extension": "/hrls/handles/",
        "handle_for_read_tests": READ,
        "handle_globally_resolvable": READ,
        "handle_to_be_created": f"{PREFIX}/CREATED",
        "handle_to_be_modified": f"{PREFIX}/MODIFIED",
        "HTTPS_verify": str(authority),
    }
    (live / "resources" / "testvalues_for_integration_tests_IGNORE.json").write_text(
        json.dumps(settings)
    )
    return live


async def run(suite: str, live: Path, certificate: Path | None = None) -> Mapping[str, str]:
    """Run one suite and return what became of each of its tests."""
    outside = {
        # One test asks the global Handle system: nothing leaves this machine.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    arguments = [suite, str(live), *([] if certificate is None else [str(certificate)])]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        str(HERE / "pyhandle_runner.py"),
        *arguments,
        env=os.environ | outside,
        cwd=live,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    told: dict[str, str] = json.loads(out.decode().splitlines()[-1])
    assert len(told) == COUNTS[suite], told
    return told
