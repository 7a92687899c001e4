"""The clock over the control port, and what the faces make of it."""

import pytest
import requests


def put(stub, **clock):
    return stub.control("PUT", "/clock", clock)


def test_the_clock_is_put_and_read_over_the_control_port(stub):
    put(stub, at="2026-12-01T00:00:00+03:00", factor=0)

    assert stub.control("GET", "/clock") == {
        "now": "2026-11-30T21:00:00.000+00:00",
        "turkey": "2026-12-01T00:00:00.000+03:00",
        "factor": 0.0,
        "real": False,
    }


def test_a_training_of_tomorrow_is_taken_from_midnight_in_turkey(stub, toy, uzman):
    message = toy.Notification(tarih="01-12-2026")
    imzali_deger = uzman.sign(message.xml())
    put(stub, at="2026-11-30T23:59:59.999+03:00", factor=0)
    before = stub.final_code(message, imzali_deger)
    put(stub, advance_seconds=0.001)

    assert (before, stub.final_code(message, imzali_deger)) == (210, 200)


def test_a_certificate_is_valid_by_this_clock(stub, toy, uzman):
    message = toy.Notification()
    imzali_deger = uzman.sign(message.xml())
    stub.control("PUT", "/trust", (uzman.folder / "certificate.pem").read_bytes())
    put(stub, at="2099-01-01T00:00:00+03:00")
    late = stub.final_code(message, imzali_deger)
    put(stub, real=True)

    assert (late, stub.final_code(message, imzali_deger)) == (214, 200)


def test_an_acceptance_is_decided_when_its_time_has_passed_here(stub, toy, uzman):
    stub.control("PUT", "/personality", {"processing_seconds": 3600})
    put(stub, factor=0)
    message = toy.Notification(generation="soap-g3")
    told = stub.save(message, uzman.sign(message.xml())).findtext("sorguNo")
    ((_, before, _),) = stub.ask(told)
    put(stub, advance_seconds=3600)

    assert (before, stub.ask(told)[0][1]) == (204, 200)


def test_the_ledger_tells_this_clocks_time(stub, toy, uzman):
    message = toy.Notification()
    put(stub, at="2031-05-06T07:08:09+00:00", factor=0)
    stub.save(message, uzman.sign(message.xml()))

    assert stub.effects()[0]["at"] == "2031-05-06T07:08:09.000+00:00"


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"at": 1}', b'{"real": 1}', b'{"factor": NaN}'])
def test_what_is_no_time_is_400_with_a_text(stub, body):
    put(stub, at="2026-12-01T00:00:00+03:00", factor=0)
    before = stub.control("GET", "/clock")
    reply = requests.put(stub.control_url + "/clock", data=body, timeout=5)

    assert (reply.status_code, reply.text.strip() != "") == (400, True)
    assert stub.control("GET", "/clock") == before


def announce(stub, **more):
    day = {"published_on": "2026-11-01", "in_force_from": "2026-12-01", "both_until": "2026-12-31"}
    return stub.control(
        "PUT", "/versions", {"announcements": [{"veri_seti": "egitim", "version": "2018-10", **day}], **more}
    )


@pytest.mark.parametrize(
    ("moment", "generation", "code"),
    [
        ("2026-11-30T23:59:59.999+03:00", "soap-g1", 200),
        ("2026-11-30T23:59:59.999+03:00", "soap-g2", 210),
        ("2026-12-01T00:00:00+03:00", "soap-g1", 200),
        ("2026-12-01T00:00:00+03:00", "soap-g2", 200),
        ("2026-12-31T23:59:59.999+03:00", "soap-g1", 200),
        ("2027-01-01T00:00:00+03:00", "soap-g1", 210),
        ("2027-01-01T00:00:00+03:00", "soap-g3", 200),
    ],
)
def test_the_version_changes_at_midnight_in_turkey(stub, toy, uzman, moment, generation, code):
    announce(stub)
    put(stub, at=moment, factor=0)
    day = stub.control("GET", "/clock")["turkey"][:10]
    message = toy.Notification(generation=generation, tarih="-".join(reversed(day.split("-"))))

    assert stub.final_code(message, uzman.sign(message.xml())) == code


def test_the_text_of_the_refusal_names_the_versions(stub, toy, uzman):
    message = toy.Notification(generation="soap-g1", tarih="15-11-2018")
    answer = stub.save(message, uzman.sign(message.xml()))

    assert answer.findtext("status") == "210"
    assert "egitim 2018-07 sürümü 15-11-2018 günü" in answer.findtext("message")
    assert answer.findtext("message").endswith("geçerli sürüm: 2018-10")


def test_the_announced_version_is_served_at_once_with_schema_next(own_stub, toy, uzman):
    stub = own_stub("--schema", "next")
    announce(stub, schema="next")
    put(stub, at="2026-11-20T12:00:00+03:00")
    codes = []
    for number, generation in enumerate(("soap-g1", "soap-g2"), 1):
        message = toy.Notification(generation=generation, sorgu_no=number, tarih="20-11-2026")
        codes.append(stub.final_code(message, uzman.sign(message.xml())))

    assert codes == [210, 200]


def test_bad_announcements_change_nothing(stub):
    before = announce(stub)
    body = b'{"announcements": [{"veri_seti": "egitim", "version": "x", "published_on": "soon"}]}'
    reply = requests.put(stub.control_url + "/versions", data=body, timeout=5)

    assert (reply.status_code, "published_on" in reply.text) == (400, True)
    assert stub.control("GET", "/versions") == before
