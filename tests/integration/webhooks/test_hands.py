from datetime import timedelta

import pytest

from integrator.domain.errors import BadReason, IllegalMove, Malformed, NotFound, RefusedAddress
from integrator.domain.identifiers import KurumNo
from integrator.feed import NoSuchCursor
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.webhooks import endpoints, hands
from integrator.webhooks.hands import Wanted
from integrator.webhooks.pushing import push_one
from tests.factories import KURUM
from tests.integration.webhooks.conftest import Desk
from tests.receiver import Receiver, first_of_each

OTHER = KurumNo("osgb-2")
WHO = {"by": "ayse"}
WHY = {"reason": "deneme", **WHO}


def told(receiver):
    return [each.told["data"]["sorgu_no"] for each in receiver.received]


def test_every_act_is_in_the_log_with_who_and_why_and_without_address_or_secret(desk, listen, gateway, terms):
    receiver = listen()
    number = desk.make(receiver.address)
    hands.change_webhook(gateway, terms, KURUM, number, Wanted("renamed", receiver.address, ["bildirim.held"]), **WHO)
    hands.rotate_secret(gateway, KURUM, number, overlap=timedelta(0), **WHO)
    hands.disable_webhook(gateway, KURUM, number, **WHY)
    hands.enable_webhook(gateway, KURUM, number, **WHY)
    hands.replay(gateway, KURUM, number, since="0", **WHY)
    hands.delete_webhook(gateway, KURUM, number, **WHO)
    entries = desk.entries()

    assert [each["event"] for each in entries] == [
        "webhook.made", "webhook.changed", "webhook.rotated", "webhook.disabled", "webhook.enabled", "webhook.replayed",
        "webhook.deleted",
    ]  # fmt: skip
    assert {(each["by"], each["kurum"], each["webhook_no"]) for each in entries} == {("ayse", KURUM, number)}
    assert (entries[0]["host"], entries[1]["changed"]) == ("127.0.0.1", ["address", "events", "name"])
    assert "of-ours" not in str(entries) and "whsec" not in str(entries)


def test_while_a_secret_is_rotated_both_sign_and_after_the_overlap_only_the_new_one(desk, listen, gateway, clock):
    receiver = listen()
    number = desk.make(receiver.address)
    _, new = hands.rotate_secret(gateway, KURUM, number, overlap=timedelta(hours=1), **WHO)
    desk.happen(1)
    desk.push()
    clock.advance(hours=1)
    desk.happen(1, first=2)
    desk.push()

    signed = [(each.is_signed_by(desk.secret_of[number]), each.is_signed_by(new)) for each in receiver.received]
    assert signed == [(True, True), (True, True), (False, True), (False, True)]


def test_rotating_many_times_keeps_three_secrets_and_never_lengthens_an_overlap(desk, listen, gateway, clock):
    number = desk.make(listen().address)

    def rotated(hours):
        """How many secrets sign now, after an hour, and after two days."""
        hands.rotate_secret(gateway, KURUM, number, overlap=timedelta(hours=hours), **WHO)
        inside = endpoints.unseal(gateway.keyring.sealer(KURUM), desk.row(number))
        return [len(inside.good(clock.now() + timedelta(hours=each))) for each in (0, 1, 48)]

    assert [rotated(hours) for hours in (1, 48, 48, 48)] == [[2, 1, 1], [3, 2, 1], [3, 3, 1], [3, 3, 1]]


def test_a_replay_delivers_again_what_lies_behind_a_cursor_under_the_same_ids(desk, listen, gateway):
    receiver = listen()
    number = desk.make(receiver.address)
    desk.happen(3)
    desk.push()
    cursor = receiver.received[1].told["data"]["cursor"]
    hands.replay(gateway, KURUM, number, since=cursor, **WHY)
    desk.push()

    assert told(receiver) == [1, 1, 2, 2, 3, 3, 2, 2, 3, 3]
    assert len(first_of_each(receiver.received)) == 6


def test_a_replay_since_a_time_begins_with_the_first_change_of_that_time(desk, listen, gateway, clock):
    receiver = listen()
    number = desk.make(receiver.address)
    for each in range(1, 6):
        clock.advance(hours=1)
        desk.happen(1, first=each)
    desk.push()
    hands.replay(gateway, KURUM, number, since=clock.now() - timedelta(hours=1), **WHY)
    desk.push()
    hands.replay(gateway, KURUM, number, since=clock.now() + timedelta(hours=1), **WHY)
    desk.push()

    assert told(receiver) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 4, 4, 5, 5]


def test_a_replay_skips_nothing_and_is_bounded(desk, listen, gateway, monkeypatch):
    number = desk.make(listen("500").address)
    desk.happen(2)
    desk.push()
    newest = desk.changes()[-1].told_cursor

    with pytest.raises(IllegalMove):
        hands.replay(gateway, KURUM, number, since=newest, **WHY)
    with pytest.raises(NoSuchCursor):
        hands.replay(gateway, KURUM, number, since="7-00000000", **WHY)
    desk.push()
    hands.enable_webhook(gateway, KURUM, number, **WHY)
    desk.push()
    monkeypatch.setattr(hands, "REPLAYED_AT_MOST", 3)
    with pytest.raises(IllegalMove):
        hands.replay(gateway, KURUM, number, since="0", **WHY)


def test_a_replay_during_a_turn_is_not_undone_by_it(desk, listen, gateway, terms):
    receiver = listen()
    number = desk.make(receiver.address)
    desk.happen(2)
    [found] = desk.due()
    calls = []

    def meanwhile():
        calls.append(1)
        if len(calls) == 4:
            hands.replay(gateway, KURUM, number, since="0", **WHY)
        return False

    push_one(gateway, terms, found, stop=meanwhile)
    desk.push()

    assert told(receiver) == [1, 1, 2, 2, 1, 1, 2, 2]


def test_a_new_address_is_where_the_next_message_goes(desk, listen, gateway, terms):
    old, new = listen("500"), listen()
    number = desk.make(old.address)
    desk.happen(1)
    desk.push()
    hands.change_webhook(gateway, terms, KURUM, number, Wanted(address=new.address), **WHO)
    hands.enable_webhook(gateway, KURUM, number, **WHY)
    desk.push()

    assert (len(old.received), told(new)) == (1, [1, 1])


def test_a_name_that_turns_inwards_after_it_was_checked_is_not_connected_to(gateway, listen, clock, rebound):
    receiver, inner = listen(), listen()
    desk = Desk(gateway, rebound(["127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"]))
    number = desk.make(receiver.address.replace("127.0.0.1", "hook.example"))
    desk.happen(2)
    desk.push()

    assert desk.attempts(number) == [(200, ""), (200, ""), (0, "address_refused")]
    assert receiver.received[0].headers["host"] == f"hook.example:{receiver.port}"
    assert inner.received == []


def test_a_name_that_moves_between_two_messages_is_followed(gateway, listen, rebound):
    old = listen()
    new = Receiver(place=("127.0.0.2", old.port))
    desk = Desk(gateway, rebound(["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]))
    desk.make(old.address.replace("127.0.0.1", "hook.example"))
    desk.happen(1)
    desk.push()
    new.close()

    assert (len(old.received), len(new.received)) == (1, 1)


def test_what_may_not_be_is_told_and_nothing_is_made(desk, gateway, terms, listen):
    good = listen().address

    def refused(kind, wanted, kurum=KURUM):
        with pytest.raises(kind):
            hands.make_webhook(gateway, terms, kurum, wanted, **WHO)

    refused(RefusedAddress, Wanted("x", "https://10.0.0.1/"))
    refused(Malformed, Wanted("x", good, ["bildirim.nonsense"]))
    refused(BadReason, Wanted("of 10000000146", good))
    refused(BadReason, Wanted("", good))
    assert desk.entries() == []


def test_another_customers_endpoint_is_not_found(desk, listen, gateway, terms):
    number = desk.make(listen().address)

    for act in (
        lambda: hands.disable_webhook(gateway, OTHER, number, **WHY),
        lambda: hands.delete_webhook(gateway, OTHER, number, **WHO),
        lambda: hands.try_webhook(gateway, terms, OTHER, number),
    ):
        with pytest.raises(NotFound):
            act()


def test_address_and_secrets_follow_new_data_keys(desk, listen, gateway, clock):
    receiver = listen()
    number = desk.make(receiver.address)
    replace_data_keys(gateway, reason="yearly")
    reseal(gateway)
    clock.advance(minutes=5)
    retired = reseal(gateway).retired
    desk.happen(1)
    desk.push()

    assert retired == 2
    assert [each.is_signed_by(desk.secret_of[number]) for each in receiver.received] == [True, True]


def test_attempts_are_kept_up_to_a_number_the_newest_last(desk, listen, monkeypatch):
    number = desk.make(listen("500").address)
    monkeypatch.setattr(endpoints, "KEPT", 3)
    for each in range(1, 4):
        desk.happen(1, first=each)
        desk.push()
        desk.gateway.clock.advance(hours=1)

    assert desk.attempts(number) == [(200, "")] * 3
    assert desk.row(number).deliveries == 7
