from datetime import timedelta

import pytest

from integrator import access
from integrator.domain.errors import BadReason, Malformed, NotFound
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.store.engine import reading
from integrator.store.tables import api_key, audit_entry
from tests.factories import KURUM, record

OTHER = KurumNo("osgb-2")


def test_a_manager_does_not_read_the_bytes_and_an_operator_sees_no_message(call):
    number = call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]

    assert call("GET", f"/bildirim/{number}/bytes", role=Role.MANAGER).status_code == 403
    assert call("GET", f"/bildirim/{number}", role=Role.OPERATOR).status_code == 403


def test_reading_the_bytes_is_audited_with_the_keys_number(call, gateway):
    number = call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]
    answer = call("GET", f"/bildirim/{number}/bytes")

    with reading(gateway.database) as tx:
        leaves = [row.leaf.decode() for row in tx.execute(audit_entry.select().order_by(audit_entry.c.i))]
    assert answer.content.startswith(b"<?xml")
    assert ['"bytes.exporting"' in leaves[-2], '"bytes.exported"' in leaves[-1]] == [True, True]
    assert "key " in leaves[-1]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer ", "Bearer x", "Basic eDp5", "Bearer ibys_aaaaaaaa." + "A" * 43, "Bearer " + "A" * 9000],
)
def test_what_is_no_key_opens_nothing(door, authorization):
    answer = door.get("/v1/line", headers={"Authorization": authorization})

    assert (answer.status_code, answer.json()["code"]) == (401, "INT-API-001")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_opens_until_it_expires_and_never_after_it_was_revoked(door, token_of, gateway, clock):
    token = token_of()
    headers = {"Authorization": f"Bearer {token}"}
    assert door.get("/v1/line", headers=headers).status_code == 200

    access.revoke_api_key(gateway, KURUM, token[5:13], reason="lost laptop")
    assert door.get("/v1/line", headers=headers).status_code == 401

    late = {"Authorization": f"Bearer {token_of()}"}
    clock.advance(days=1)
    assert door.get("/v1/line", headers=late).status_code == 401


def test_a_key_opens_only_from_its_addresses(door, token_of):
    here = {"Authorization": f"Bearer {token_of(addresses=['127.0.0.0/8'])}"}
    elsewhere = {"Authorization": f"Bearer {token_of(addresses=['192.0.2.0/24', '2001:db8::/32'])}"}

    assert door.get("/v1/line", headers=here).status_code == 200
    assert door.get("/v1/line", headers=elsewhere).status_code == 401


def test_a_rotated_key_opens_a_while_longer_and_the_new_one_at_once(door, token_of, gateway, clock):
    old = token_of(lives=timedelta(days=30))
    _, new = access.rotate_api_key(gateway, KURUM, old[5:13], overlap=timedelta(hours=2))

    def opens(token):
        return door.get("/v1/line", headers={"Authorization": f"Bearer {token}"}).status_code == 200

    assert (opens(old), opens(new)) == (True, True)
    clock.advance(hours=2)
    assert (opens(old), opens(new)) == (False, True)


def test_the_secret_stands_nowhere_in_the_database_and_every_change_is_audited(gateway, token_of):
    token = token_of()
    access.revoke_api_key(gateway, KURUM, token[5:13], reason="done")

    with reading(gateway.database) as tx:
        rows = repr(tx.execute(api_key.select()).all()) + repr(tx.execute(audit_entry.select()).all())
    assert token[14:] not in rows
    assert ("api_key.made" in rows, "api_key.revoked" in rows) == (True, True)


def test_bad_facts_make_no_key(gateway, token_of):
    with pytest.raises(Malformed):
        token_of(addresses=["not a network"])
    with pytest.raises(BadReason):
        access.make_api_key(gateway, KURUM, Role.SYSTEM, "of 10000000146", lives=timedelta(days=1))
    with pytest.raises(NotFound):
        access.revoke_api_key(gateway, OTHER, token_of()[5:13], reason="not mine")


def test_use_is_noted_to_the_minute(door, token_of, gateway, clock):
    headers = {"Authorization": f"Bearer {token_of()}"}

    def noted():
        return access.read_api_keys(gateway, KURUM)[0].last_used_at

    door.get("/v1/line", headers=headers)
    first = noted()
    clock.advance(seconds=30)
    door.get("/v1/line", headers=headers)
    same = noted()
    clock.advance(seconds=31)
    door.get("/v1/line", headers=headers)

    assert first == same
    assert noted() - first == timedelta(seconds=61)
