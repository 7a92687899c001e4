import shutil

import pytest

from integrator.intake.read_json import Caps
from integrator.settings import Settings, WebSettings, check_settings
from integrator.store.engine import sqlite_url
from integrator.web.app import create_app
from integrator.web.bounds import Bounds
from tests.integration.web.sockets import Served, head, read_answer


@pytest.fixture
def database_url(tmp_path, migrated_file):
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def status_of(gateway, tmp_path):
    """The status of a call with these X-Forwarded-For fields, through a proxy on the loopback or without one."""

    def call(token, *fields, trusted="127.0.0.1"):
        bounds = Bounds(failures_per_minute=3)
        app = create_app(gateway, Caps(record_bytes=20_000, file_bytes=2_000_000), tmp_path, bounds=bounds)
        with Served(app, bounds, WebSettings(trusted_proxies=trusted)) as served, served.connect() as connection:
            statuses = []
            for several in fields if isinstance(fields[0], list) else [fields]:
                forwarded = [f"X-Forwarded-For: {each}" for each in several]
                connection.sendall(head("GET", "/v1/line", *forwarded, token=token))
                statuses.append(read_answer(connection)[0])
        return statuses if len(statuses) > 1 else statuses[0]

    return call


OPENS = {
    "as the proxy says": ["192.0.2.7"],
    "with a port": ["192.0.2.7:4711"],
    "what the caller wrote stands before": ["203.0.113.9, 192.0.2.7"],
    "in two fields": ["203.0.113.9", "192.0.2.7"],
    "through two trusted proxies": ["192.0.2.7, 127.0.0.1"],
}
SHUT = {
    "from elsewhere": ["203.0.113.9"],
    "a forged address before the real one": ["192.0.2.7, 203.0.113.9"],
    "rubbish": ["192.0.2.7 OR 1=1"],
    "nothing": [""],
    "ten thousand": [", ".join(["192.0.2.7"] * 2_000 + ["203.0.113.9"])],
}


@pytest.mark.parametrize("fields", OPENS.values(), ids=OPENS)
def test_a_key_bound_to_a_network_opens_for_who_the_proxy_saw(status_of, token_of, fields):
    assert status_of(token_of(addresses=["192.0.2.0/24"]), *fields) == 200


@pytest.mark.parametrize("fields", SHUT.values(), ids=SHUT)
def test_a_key_bound_to_a_network_stays_shut_for_everybody_else(status_of, token_of, fields):
    assert status_of(token_of(addresses=["192.0.2.0/24"]), *fields) == 401


def test_without_a_trusted_proxy_nobody_is_believed(status_of, token_of):
    token = token_of(addresses=["192.0.2.0/24"])

    assert status_of(token, "192.0.2.7", trusted="") == 401
    assert status_of(token, "192.0.2.7", trusted="10.0.0.0/8") == 401


def test_failed_tries_are_counted_for_who_the_proxy_saw(status_of):
    several = [[f"203.0.113.{n}"] for n in range(5)] + [["192.0.2.7"]] * 4

    assert status_of("x", *several) == [401] * 5 + [401] * 3 + [429]


@pytest.mark.parametrize("trusted", ["*", "proxy.example", "10.0.0.1,10.0.0.2", "10.0.0.1/8"])
def test_whom_to_believe_is_told_by_address_only(tmp_path, trusted):
    problems = check_settings(Settings(home=tmp_path, web=WebSettings(trusted_proxies=trusted)))

    assert [each for each in problems if each.startswith("web.trusted_proxies")]
    assert check_settings(Settings(home=tmp_path, web=WebSettings(trusted_proxies="10.0.0.1 2001:db8::/32"))) == []
