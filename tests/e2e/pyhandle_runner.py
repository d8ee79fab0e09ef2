"""Runs one of pyhandle's own live suites in a process of its own; started by `pyhandle_suites`.

``python pyhandle_runner.py SUITE DIRECTORY [CERTIFICATE]`` prints ``{"<test>": "<what became>"}``:
``passed``, or the last line of what it told. With a certificate (a PEM file that holds its key too)
everything that the suite would do with a password is done with that.
"""

import importlib.util
import json
import sys
import types
import unittest
import unittest.mock
from pathlib import Path
from typing import Any

import requests
from pyhandle.client.resthandleclient import RESTHandleClient

# What the suites import by the name that it had before it was part of Python.
sys.modules["mock"] = unittest.mock
PASSED = "passed"
CLIENT_CERTIFICATE = 'Handle clientCert="true"'


def read_by_certificate(_: types.ModuleType, certificate: str) -> None:
    """Have the suite's clients show a certificate wherever they show nothing.

    What it asks of passwords stays so.
    """
    plain = RESTHandleClient.__init__

    def init(self: RESTHandleClient, handle_server_url: str | None = None, **config: Any) -> None:
        if handle_server_url is not None and "username" not in config:
            config["certificate_and_key"] = certificate
        plain(self, handle_server_url, **config)

    RESTHandleClient.__init__ = init


def write_by_certificate(module: types.ModuleType, certificate: str) -> None:
    """Have the suite log in with a certificate wherever it would with a password."""

    def instantiate(url: str, username: str, password: str, **config: Any) -> RESTHandleClient:
        del username, password
        return RESTHandleClient(url, certificate_and_key=certificate, **config)

    def replaced(send: Any) -> Any:
        def call(url: str, headers: dict[str, str], **more: Any) -> requests.Response:
            headers = headers | {"Authorization": CLIENT_CERTIFICATE}
            return send(url, headers=headers, cert=certificate, **more)

        return call

    RESTHandleClient.instantiate_with_username_and_password = staticmethod(instantiate)
    module.requests = types.SimpleNamespace(
        put=replaced(requests.put), delete=replaced(requests.delete)
    )


def name_of(test: unittest.TestCase) -> str:
    return test.id().rpartition(".")[2].removeprefix("test_")


def main(suite: str, directory: str, *certificate: str) -> None:
    path = Path(directory) / "testcases" / f"handleclient_{suite}_integration_test.py"
    spec = importlib.util.spec_from_file_location("live_suite", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if certificate:
        {"read": read_by_certificate, "write": write_by_certificate}[suite](module, *certificate)
    suite_of_module = unittest.defaultTestLoader.loadTestsFromModule(module)
    told = {name_of(test): PASSED for group in suite_of_module for test in group}
    result = unittest.TestResult()
    suite_of_module.run(result)
    for test, why in (*result.failures, *result.errors, *result.skipped):
        told[name_of(test)] = why.strip().rpartition("\n")[2] or why
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
