"""Each fault as a client sees it at the socket, and what the ledger holds afterwards."""

import re
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests
from lxml import etree


@pytest.fixture
def octets(toy, uzman):
    message = toy.Notification()
    return toy.envelope(message.operation(uzman.sign(message.xml())))


@pytest.fixture(params=["soap-g1", "soap-g2", "soap-g3"])
def post(request, stub, toy, uzman):
    message = toy.Notification(generation=request.param)
    octets = toy.envelope(message.operation(uzman.sign(message.xml())))
    return lambda: stub.post(octets, generation=request.param)


def head_and_body(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    return head, body


def announced_length(head):
    (line,) = (one for one in head.split(b"\r\n") if one.lower().startswith(b"content-length:"))
    return int(line.split(b":")[1])


STORES_NOTHING = {
    "http_500_html": b"HTTP/1.1 500 ",
    "http_503_retry_after": b"HTTP/1.1 503 ",
    "http_429": b"HTTP/1.1 429 ",
    "html_200": b"HTTP/1.1 200 ",
    "redirect_302": b"HTTP/1.1 302 ",
    "soap_fault_200": b"HTTP/1.1 200 ",
    "code_2222_before_storing": b"<status>2222</status>",
    "code_214_lie": b"<status>214</status>",
    "code_401_spell": b"<status>401</status>",
    "http_429_bare": b"HTTP/1.1 429 ",
    "http_503_bare": b"HTTP/1.1 503 ",
    "http_503_until_date": b" GMT\r\n",
    "code_214_altered_xml": b"&lt;egitimSuresi&gt;40&lt;/egitimSuresi&gt;",
}
STORES = {
    "code_1111_after_storing": b"<status>1111</status>",
    "code_204_after_storing": b"<status>204</status>",
    "unknown_code_after_storing": b"<status>777</status>",
    "wrong_sorgu_no_in_reply": b"<sorguNo>2</sorguNo>",
    "empty_body_200": b"Content-Length: 0\r\n",
    "garbage_reply": b"\xff\xfe\xfd",
    "slow_reply_past_timeout": b"<status>200</status></return>",
    "slow_drip": b"<status>200</status></return>",
    "late_store": b"<status>200</status></return>",
    "missing_pairs_in_reply": b"<return><message>",
    "reply_to_another_record": b"<sorguNo>2</sorguNo>",
    "http_500_true_reply": b"HTTP/1.1 500 ",
    "clock_skew": b"\r\nDate: ",
    "reply_in_utf16": b"charset=utf-16",
    "reply_in_latin5": b"charset=iso-8859-9",
    "reply_with_bom": b"\r\n\r\n\xef\xbb\xbf<?xml",
    "reply_in_cdata": b"<status><![CDATA[200]]></status>",
    "reply_with_comments": b"<!-- v2 --><?v 2?><message>",
    "chunked_reply": b"\r\n0\r\n\r\n",
    "chunked_reply_cut": b"Transfer-Encoding: chunked",
    "reply_until_close": b"<status>200</status></return>",
    "reply_with_doctype": b"<!DOCTYPE x [<!ENTITY",
    "unknown_element": b"<islemZamani>12</islemZamani></return>",
    "partial_batch": b"<status>200</status></return>",
    "huge_reply": b"Content-Length: 25165824\r\n",
}
TRUE_REPLIES = ("reply_in_utf16", "reply_in_latin5", "reply_with_bom", "reply_in_cdata", "reply_with_comments")


@pytest.mark.parametrize("fault", STORES_NOTHING)
def test_a_fault_before_storing_stores_nothing(stub, post, fault):
    stub.script(fault)

    reply = post()

    assert STORES_NOTHING[fault] in reply
    assert stub.effects() == []


@pytest.mark.parametrize("fault", STORES)
def test_a_fault_after_storing_has_stored(stub, post, fault):
    stub.script(fault)

    reply = post()

    assert STORES[fault] in reply
    assert len(stub.effects()) == 1


@pytest.mark.parametrize(
    ("fault", "effects"),
    [("reply_lost_after_commit", 1), ("reset_before_commit", 0), ("reset_during_body", 0)],
)
def test_a_lost_reply_is_a_reset_connection(stub, post, fault, effects):
    stub.script(fault)

    with pytest.raises(ConnectionResetError):
        post()

    assert len(stub.effects()) == effects


def test_every_fault_of_the_list_is_seen_here(stub):
    seen = {*STORES, *STORES_NOTHING, "reply_lost_after_commit", "reset_before_commit", "reset_during_body"}
    seen |= {"repeated_reply", "half_reply", "wrong_content_length"}

    at_the_door = {"reset_at_connect", "reset_before_body", "reset_within_body", "connection_refused", "outage"}
    at_the_door |= {"tls_expired", "tls_wrong_name", "tls_client_certificate"}  # test_ministry_doors.py
    assert seen | at_the_door == set(stub.control("GET", "/faults")["known"])
    assert len(seen | at_the_door) == 52


@pytest.mark.parametrize("generation", ["soap-g1", "soap-g3"])
def test_where_no_pairs_are_listed_the_number_is_missing(stub, toy, uzman, generation):
    stub.script("missing_pairs_in_reply")
    message = toy.Notification(generation=generation)

    answer = stub.save(message, uzman.sign(message.xml()))

    assert (answer.findtext("status"), answer.findtext("sorguNo")) == ("200", None)


@pytest.mark.parametrize("fault", TRUE_REPLIES)
def test_a_reply_in_an_odd_form_says_the_same_to_whoever_reads_xml(stub, post, fault):
    honest = etree.fromstring(head_and_body(post())[1])
    stub.reset()
    stub.script(fault)

    odd = etree.fromstring(head_and_body(post())[1], etree.XMLParser(remove_comments=True, remove_pis=True))

    assert [one for one in texts_of(odd) if one[0] != "sorguNo"] == [
        one for one in texts_of(honest) if one[0] != "sorguNo"
    ]


def texts_of(root):
    return [(one.tag, (one.text or "").strip()) for one in root.iter()]


def test_a_chunked_reply_is_read_by_any_client_and_a_cut_one_by_none(stub, toy, octets):
    stub.script("chunked_reply")
    stub.script("chunked_reply_cut", nth=2)
    headers = {"Content-Type": "text/xml"}

    whole = requests.post(stub.url, data=octets, headers=headers, timeout=5)

    assert b"<status>200</status></return>" in whole.content
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.post(stub.url, data=octets, headers=headers, timeout=5)


def test_of_a_partial_batch_only_what_is_listed_is_stored(stub, toy, uzman):
    stub.script("partial_batch")
    message = toy.Notification(calisan=[toy.CALISAN, toy.CALISAN_2])

    answer = stub.save(message, uzman.sign(message.xml()))

    assert answer.xpath("basariliKayitBilgisi/calisan/calisanTckNo/text()") == [str(toy.CALISAN)]
    assert [effect["calisan_tck_no"] for effect in stub.effects()] == [str(toy.CALISAN)]
    assert [row.findtext("calisanTcNo") for row in stub.query(1)] == [str(toy.CALISAN)]


@pytest.mark.parametrize(("number", "sign"), [(2, 1), (3, -1)])
def test_a_skewed_clock_is_ten_minutes_off(stub, toy, uzman, number, sign):
    stub.script("clock_skew")
    message = toy.Notification(sorgu_no=number)

    head, _ = head_and_body(stub.post(toy.envelope(message.operation(uzman.sign(message.xml())))))

    told = parsedate_to_datetime(re.search(r"\r\nDate: (.*?)\r\n", head.decode() + "\r\n")[1])
    assert timedelta(minutes=9) < (told - datetime.now(UTC)) * sign < timedelta(minutes=11)


def test_a_repeated_reply_is_the_same_bytes_twice(stub, post):
    stub.script("repeated_reply")

    reply = post()

    assert reply[: len(reply) // 2] == reply[len(reply) // 2 :]


def test_a_half_reply_ends_before_its_announced_length(stub, post):
    stub.script("half_reply")

    head, body = head_and_body(post())

    assert len(body) == announced_length(head) // 2


def test_a_wrong_content_length_is_shorter_than_the_body(stub, post):
    stub.script("wrong_content_length")

    head, body = head_and_body(post())

    assert announced_length(head) == len(body) - 40


def test_a_slow_reply_has_stored_before_it_answers(stub, toy, octets):
    stub.script("slow_reply_past_timeout")

    with socket.create_connection(("127.0.0.1", stub.port), timeout=0.1) as connection:
        connection.sendall(toy.http_post(octets, "text/xml"))
        with pytest.raises(TimeoutError):
            connection.recv(1)

    assert len(stub.effects()) == 1


def test_a_late_store_happens_although_the_client_has_gone(stub, toy, octets):
    stub.script("late_store")

    with socket.create_connection(("127.0.0.1", stub.port), timeout=0.1) as connection:
        connection.sendall(toy.http_post(octets, "text/xml"))
        with pytest.raises(TimeoutError):
            connection.recv(1)
    before = len(stub.effects())
    time.sleep(0.6)

    assert (before, len(stub.effects())) == (0, 1)


def test_a_slow_reply_does_not_hold_up_others(stub, toy, octets):
    stub.script("slow_reply_past_timeout")

    with socket.create_connection(("127.0.0.1", stub.port)) as slow:
        slow.sendall(toy.http_post(octets, "text/xml"))
        began = time.monotonic()
        stub.query(1)

    assert time.monotonic() - began < 0.3


def test_an_empty_query_after_a_lost_reply_never_lies(stub, octets):
    stub.script("reply_lost_after_commit")
    with pytest.raises(ConnectionResetError):
        stub.post(octets)

    assert [row.findtext("status") for row in stub.query(1)] == ["200"]


def test_the_reply_to_another_record_is_a_stored_one(stub, toy, uzman, octets):
    other = toy.Notification(sorgu_no=77)
    stub.save(other, uzman.sign(other.xml()))
    stub.script("reply_to_another_record", sorgu_no=1)

    assert b"<sorguNo>77</sorguNo>" in stub.post(octets)


def test_a_401_spell_lasts_and_ends(stub, octets):
    stub.control("PUT", "/faults", {"start_401_spell": 0.3})

    during = stub.post(octets)
    time.sleep(0.35)

    assert b"<status>401</status>" in during
    assert b"<status>200</status>" in stub.post(octets)


def test_a_script_strikes_the_named_save_only(stub, toy, uzman):
    stub.script("code_2222_before_storing", nth=2)
    messages = [toy.Notification(sorgu_no=number) for number in (1, 2, 3)]

    codes = [stub.save(one, uzman.sign(one.xml())).findtext("status") for one in messages]

    assert codes == ["200", "2222", "200"]


def test_a_script_can_strike_a_query(stub):
    stub.script("code_2222_before_storing", operation="egitimBildirimSorgula")

    assert [row.findtext("status") for row in stub.query(1)] == ["2222"]


def test_latency_comes_before_every_answer(stub):
    stub.control("PUT", "/faults", {"latency": 0.3})
    began = time.monotonic()

    stub.query(1)

    assert time.monotonic() - began >= 0.3


def test_the_summary_counts_what_was_spoiled(stub, octets):
    stub.script("code_1111_after_storing")
    stub.post(octets)
    stub.post(octets)

    summary = stub.control("GET", "/ledger/summary")

    assert summary["faults"] == {"code_1111_after_storing": 1}
    assert (summary["saves"], summary["repeated_numbers"], summary["codes"]) == (2, 1, {"200": 1, "211": 1})


def spoiled_numbers(stub, toy, uzman, order):
    stub.control("PUT", "/faults", {"seed": 7, "rates": {"code_2222_before_storing": 0.5}})
    messages = {number: toy.Notification(sorgu_no=number, egitim=[(240, 10.0 + number)]) for number in order}
    answers = {number: stub.save(one, uzman.sign(one.xml())) for number, one in messages.items()}
    return {number for number, answer in answers.items() if answer.findtext("status") == "2222"}


def test_the_same_seed_spoils_the_same_numbers_in_any_order(stub, toy, uzman):
    first = spoiled_numbers(stub, toy, uzman, range(1, 13))
    stub.reset()

    assert spoiled_numbers(stub, toy, uzman, range(12, 0, -1)) == first != set()


@pytest.mark.parametrize("faults", ["usual", "hostile"])
def test_a_client_that_asks_before_it_repeats_has_one_effect_for_each_number(own_stub, toy, uzman, faults):
    stub = own_stub("--seed", "3", "--faults", faults)
    stub.control("PUT", "/faults", {"set": faults, "slow_seconds": 0.2})
    message = toy.Notification()
    imzali_deger = uzman.sign(message.xml())

    for number in range(1, 41):
        message.sorgu_no = number
        body = toy.envelope(message.operation(imzali_deger))
        for _ in range(12):
            try:
                reply = stub.post(body, seconds=0.1)
            except ConnectionResetError:
                continue
            if b"<status>200</status></return>" in reply or b"<status>211</status>" in reply:
                break
    time.sleep(0.4)

    summary = stub.control("GET", "/ledger/summary")
    assert (summary["messages"], summary["numbers_with_two_effects"]) == (40, 0)
