import json

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from integrator.feed import Change
from integrator.webhooks.standard import message_of, new_secret, signed_headers, trial_message
from tests.fakes import START


def change(**facts):
    told = {
        "cursor": 7, "at": START, "event": "bildirim.moved", "kayit_no": "K-1", "sorgu_no": 10_000_000_001,
        "was": "sending", "state": "accepted", "code": "200", "cause": "", "corrected_by": "", "mark": "0a1b2c3d",
    }  # fmt: skip
    return Change(**{**told, **facts})


def test_an_independent_reader_verifies_what_is_signed(now):
    secret = new_secret()
    message = message_of("osgb-1", "abcd1234", change())
    told = Webhook(secret).verify(message.body, signed_headers(message, [secret], now=now))

    assert told["type"] == "bildirim.accepted"
    assert told["timestamp"] == "2026-03-02T09:00:00.000Z"
    assert told["data"] == {
        "kurum": "osgb-1", "cursor": "7-0a1b2c3d", "event": "bildirim.moved", "kayit_no": "K-1",
        "sorgu_no": 10_000_000_001, "from": "sending", "state": "accepted", "code": "200", "corrected_by": "",
    }  # fmt: skip


def test_while_a_secret_is_rotated_either_one_verifies_and_another_does_not(now):
    old, new, other = new_secret(), new_secret(), new_secret()
    message = trial_message("osgb-1", "abcd1234", now=now)
    headers = signed_headers(message, [new, old], now=now)

    assert Webhook(old).verify(message.body, headers) == Webhook(new).verify(message.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(message.body, headers)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed_and_none_may_be_changed(name, now):
    secret = new_secret()
    message = trial_message("osgb-1", "abcd1234", now=now)
    headers = signed_headers(message, [secret], now=now)
    spoilt = {"webhook-timestamp": str(int(now.timestamp()) + 1), "webhook-signature": "v1,AAAA"}.get(name, "msg_other")

    for each in ({**headers, name: spoilt}, {**headers, name: ""}):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(message.body, each)


def test_the_same_change_has_one_id_and_one_body_and_another_history_has_another_id():
    one, same = message_of("w", "k", change()), message_of("w", "k", change(cause="moved on"))

    assert one == same
    assert message_of("w", "k", change(mark="ffffffff")).message_id != one.message_id
    assert "." not in one.message_id


def test_a_link_between_records_is_told_by_its_event():
    linked = change(event="kayit.corrected", sorgu_no=None, was="", state="", code="", corrected_by="K-2")
    told = json.loads(message_of("w", "k", linked).body)

    assert (told["type"], told["data"]["corrected_by"]) == ("kayit.corrected", "K-2")
    assert told["data"]["sorgu_no"] is None
