import pytest

from integrator.domain.roles import Role
from tests.factories import KURUM

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # refused before anything is asked
NOBODYS = "00000000"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/webhook/{NOBODYS}/rotate", {"overlap_hours": True}),
        (f"/webhook/{NOBODYS}/rotate", {"overlap_hours": "5"}),
        (f"/webhook/{NOBODYS}/replay", {"reason": "deneme", "since": 0}),
        (f"/webhook/{NOBODYS}/replay", {"reason": "deneme", "since": "1700000000"}),
        (f"/webhook/{NOBODYS}/replay", {"reason": "deneme", "since": "2026-03-01T00:00:00"}),
    ],
)
def test_a_value_of_another_type_than_the_description_tells_is_refused(call, path, body):
    answer = call("POST", path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "INT-API-004")


def test_a_time_with_its_offset_is_taken(call):
    answer = call("POST", f"/webhook/{NOBODYS}/replay", json={"reason": "deneme", "since": "2026-03-01T00:00:00+03:00"})

    assert answer.status_code == 404  # no such webhook


@pytest.mark.parametrize("minutes", [True, "5", 5.5])
def test_minutes_of_broken_glass_are_a_whole_number(person, minutes):
    staff = person(Role.OPERATOR)
    answer = staff.call("POST", "/glass", json={"kurum": KURUM, "reason": "deneme", "minutes": minutes})

    assert (answer.status_code, answer.json()["code"]) == (400, "INT-API-004")
