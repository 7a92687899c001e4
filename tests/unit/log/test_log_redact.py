import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from integrator.log import EVENTS, hide, logger, redact, set_up_log, tell_bug
from tests.factories import REPO, tckn


@pytest.fixture
def lines():
    stream = io.StringIO()
    set_up_log(level="INFO", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


@given(st.integers(100_000_000, 999_999_999), st.sampled_from(["detail", "error", "event"]))
def test_an_identity_number_in_a_text_is_blanked(nine, key):
    shown = redact(None, "", {key: f"calisan {tckn(nine)} bulunamadı"})

    assert tckn(nine) not in json.dumps(shown)


@pytest.mark.parametrize(
    "value", [80000000132, ["80000000132"], {"no": "80000000132"}, b"80000000132", ("80000000132",)]
)
def test_an_identity_number_that_is_no_text_is_blanked(value):
    assert "80000000132" not in repr(redact(None, "", {"detail": value}))


@pytest.mark.parametrize("key", ["parola", "firma_kodu", "tckn", "pin", "payload"])
def test_secret_keys_are_blanked_whatever_they_hold(key):
    assert redact(None, "", {key: "hunter2"}) == {key: "[redacted]"}


def test_our_own_numbers_are_shown():
    assert redact(None, "", {"sorgu_no": 10_000_000_001}) == {"sorgu_no": 10_000_000_001}


def test_a_line_is_json_with_its_event_and_facts(lines):
    logger().info("queue.put", count=3)

    [line] = lines()
    assert (line["event"], line["count"], line["level"]) == ("queue.put", 3, "info")


def test_an_identity_number_in_a_traceback_is_blanked(lines):
    try:
        raise ValueError("bad 80000000132")
    except ValueError:
        logger().exception("delivery.broken")

    assert "80000000132" not in json.dumps(lines())


def test_a_level_below_the_settings_is_silent(lines):
    logger().debug("queue.put")

    assert lines() == []
    assert logging.getLevelNamesMapping()["DEBUG"] < logging.INFO


def test_every_event_of_the_source_is_listed():
    sources = [path.read_text(encoding="utf-8") for path in (REPO / "integrator").rglob("*.py")]
    logged = {name for text in sources for name in EVENTS if f'"{name}"' in text}

    assert logged <= EVENTS


def test_a_hidden_value_is_blanked_wherever_it_stands(lines):
    hide("s3cret-parola")
    logger().info("queue.put", detail="refused: s3cret-parola", told={"a": ["s3cret-parola"]})

    assert "s3cret" not in json.dumps(lines())


def test_a_library_writes_through_the_same_redaction(lines):
    hide("s3cret-parola")
    logging.getLogger("urllib3").warning("no answer for %s at s3cret-parola", tckn(800_000_001))

    [line] = lines()
    assert line["event"] == "no answer for [redacted] at [redacted]"


def test_a_bug_that_nobody_caught_is_told_without_numbers(capsys):
    try:
        raise ValueError(tckn(800_000_001))
    except ValueError as error:
        tell_bug(type(error), error, error.__traceback__)

    told = capsys.readouterr().err
    assert "ValueError: [redacted]" in told
    assert tckn(800_000_001) not in told
