"""Random faults, deaths at any commit and send, and people in between: everything arrives, first in its order."""

import random

import pytest

from integrator.domain import fault_points
from integrator.domain.errors import IntegratorError
from integrator.webhooks import hands
from tests.factories import KURUM
from tests.receiver import first_of_each

FAULTS = ["500", "503:2", "reset", "shut", "404", "huge"]
WHY = {"reason": "deneme", "by": "ayse"}


class Died(Exception):
    """The process ended here."""


@pytest.fixture
def deadly():
    """Arms the fault points: at each one passed, the draw decides whether the process dies."""

    def arm(draw, share):
        def die(point):
            if draw.random() < share:
                raise Died(point)

        fault_points.arm(die)

    yield arm
    fault_points.arm(None)


def acts(desk, draw, number, deadly):
    """One thing that may happen to an endpoint."""
    what = draw.choice(["happen", "push", "push", "push", "wait", "person"])
    if what == "happen":
        desk.happen(draw.randint(1, 3), first=draw.randint(1, 5))
    elif what == "wait":
        desk.gateway.clock.advance(seconds=draw.choice([1, 60, 4_000]))
    elif what == "person":
        act = draw.choice(["disable", "enable", "replay"])
        if act == "replay":
            hands.replay(desk.gateway, KURUM, number, since=desk.start, **WHY)
        else:
            getattr(hands, f"{act}_webhook")(desk.gateway, KURUM, number, **WHY)
    else:
        deadly(draw, 0.05)
        try:
            desk.push()
        except Died:
            desk.deaths += 1
        finally:
            deadly(draw, 0)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_dies_and_fails_each_change_arrives_signed_and_first_in_its_order(desk, listen, deadly, seed):
    draw = random.Random(seed)
    receiver = listen(*(draw.choice(FAULTS) if draw.random() < 0.3 else "ok" for _ in range(60)))
    desk.happen(1)
    desk.start, desk.deaths = desk.changes()[-1].told_cursor, 0
    number = desk.make(receiver.address)
    begins = desk.row(number).cursor
    for _ in range(60):
        acts(desk, draw, number, deadly)
    hands.enable_webhook(desk.gateway, KURUM, number, **WHY)
    for _ in range(200):
        desk.push()
        desk.gateway.clock.advance(hours=2)

    wanted = [each.told_cursor for each in desk.changes() if each.cursor > begins]
    assert [each.told["data"]["cursor"] for each in first_of_each(receiver.received)] == wanted
    assert all(each.is_signed_by(desk.secret_of[number]) for each in receiver.received)
    assert desk.row(number).cursor == desk.changes()[-1].cursor
    assert desk.deaths > 0


def test_the_error_of_a_thread_is_told_without_a_word_of_what_it_carried(desk, listen, monkeypatch, gateway, terms):
    from structlog.testing import capture_logs

    from integrator.webhooks import pushing

    number = desk.make(listen().address)
    desk.happen(1)

    def spoilt(*_):
        raise IntegratorError("whsec_of-ours")

    monkeypatch.setattr(pushing.endpoints, "unseal", spoilt)
    with capture_logs() as lines:
        pusher = pushing.Pusher(gateway, terms)
        pusher.push()
        pusher.close()

    assert [(each["event"], each["webhook_no"]) for each in lines] == [("webhook.failed", number)]
    assert "of-ours" not in str(lines)
