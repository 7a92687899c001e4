import pytest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/duyuru", "GET, POST"), ("/kurum", "GET, PATCH"), ("/kayit", "POST"), ("/imza", "POST")],
)
def test_a_method_that_is_not_taken_is_told_with_those_that_are(call, path, methods):
    answer = call("DELETE", path)

    assert (answer.status_code, answer.json()["status"], answer.headers["allow"]) == (405, 405, methods)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("below", ["findings", "makbuz"])
def test_what_lies_below_a_record_is_only_read(call, below):
    answer = call("PUT", f"/kayit/K-1/{below}")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
