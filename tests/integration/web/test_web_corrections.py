import pytest

from integrator import pipeline
from integrator.domain.identifiers import KurumNo
from tests.factories import record, workers

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing here differs by engine
WHY = {"reason": "yer yanlış yazılmıştı"}
MENDED = record("K-2", calisan=workers(2))


@pytest.fixture
def refused(call, gateway, ministry):
    """The number of K-1's message, which the ministry refused for its content."""
    number = call("POST", "/kayit", json=record("K-1", egitimYer=0)).json()["sorgu_no"][0]
    ministry.faults.append("210")
    pipeline.dispatch(gateway)
    return number


def put(call, body=MENDED, kayit_no="K-1", params=WHY, **facts):
    return call("PUT", f"/kayit/{kayit_no}", json=body, params=params, **facts)


def test_a_refused_record_is_replaced_by_a_mended_one(call, gateway, refused):
    answer = put(call)
    told = answer.json()
    pipeline.dispatch(gateway)

    assert (answer.status_code, told["kayit_no"], told["corrects"], told["superseded"]) == (
        201,
        "K-2",
        "K-1",
        [refused],
    )
    assert call("GET", f"/bildirim/{refused}").json()["state"] == "superseded"
    assert call("GET", f"/bildirim/{told['sorgu_no'][0]}").json()["state"] == "accepted"


def test_the_same_correction_again_is_known(call, refused):
    first, again = put(call), put(call)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["sorgu_no"] == first.json()["sorgu_no"]


def test_the_correction_stands_in_the_feed(call, refused):
    after = call("GET", "/change", params={"after": "now"}).json()["next"]
    put(call)
    told = call("GET", "/change", params={"after": after}).json()["changes"]

    assert [(each["event"], each["kayit_no"], each["state"], each["corrected_by"]) for each in told] == [
        ("bildirim.moved", "K-2", "queued", ""),
        ("kayit.corrected", "K-1", "", "K-2"),
        ("bildirim.moved", "K-1", "superseded", "K-2"),
    ]


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        ({"body": record("K-2", egitimYer=7)}, 422, "INT-VAL-000"),
        ({"body": record("K-1", egitimYer=1)}, 409, "INT-INT-002"),
        ({"body": record("K-2", egitimYer=0)}, 422, "INT-VAL-000"),  # the very bytes that were refused
        ({"body": [MENDED, MENDED]}, 400, "INT-API-004"),
        ({"kayit_no": "K-9"}, 404, "INT-QUE-002"),
        ({"kurum": KurumNo("osgb-2")}, 404, "INT-QUE-002"),
        ({"params": {}}, 400, "INT-API-004"),
        ({"params": {"reason": "of 10000000146"}}, 422, "INT-QUE-003"),
    ],
)
def test_a_correction_that_is_none_leaves_everything_as_it_was(call, refused, facts, status, code):
    answer = put(call, **facts)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert call("GET", f"/bildirim/{refused}").json()["state"] == "refused"
    assert call("GET", "/kayit/K-2").status_code == 404


def test_a_record_that_was_not_refused_has_nothing_to_correct(call, gateway):
    call("POST", "/kayit", json=record("K-1"))
    answer = put(call)

    assert (answer.status_code, answer.json()["code"]) == (409, "INT-QUE-009")
