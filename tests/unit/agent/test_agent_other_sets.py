from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.agent.interchange import to_sign
from integrator.agent.other_sets import read_other_summary
from integrator.agent.summary import MAX_CONTENT_BYTES, read_any_summary
from integrator.domain.errors import Malformed
from tests.factories import PROFESSIONAL, REPO, SINGLE, WORKER

PATHS = sorted(
    [*REPO.glob("datasets/muayene/*/ornekler/*/imzali.xml"), *REPO.glob("datasets/hizmet*/*/ornekler/*/imzali.xml")]
)
EXAMINATION = (REPO / "datasets/muayene/2023-03/ornekler/periodic/imzali.xml").read_bytes()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: "/".join((*path.parts[-5:-3], path.parts[-2])))
@pytest.mark.parametrize("language", ["tr", "en"])
def test_all_that_is_signed_is_told_and_nobodys_whole_number(path, language):
    content = path.read_bytes()
    told = read_any_summary(content).sentence(language, {})

    for name, value in re.findall(r"<([A-Za-z]+)>([0-9.-]+)<", content.decode()):
        shown = f"{value[:2]}*******{value[-2:]}" if len(value) == 11 else value
        assert shown in told or shown.replace("-", ".") in told, name
    assert PROFESSIONAL not in told
    assert WORKER not in told


def test_the_physician_is_the_signer_and_stays_out_of_repr():
    summary = read_any_summary(EXAMINATION)

    assert summary.professional == PROFESSIONAL
    assert PROFESSIONAL not in repr(to_sign(1, EXAMINATION))


def test_codes_are_told_with_their_names():
    names = {"sonucVeKanaat": {"100001": {"tr": "Çalışabilir", "en": "Fit"}}}
    summary = read_any_summary(EXAMINATION)

    assert ("sonucVeKanaat", "100001") in summary.codes()
    assert ("fizikiOrtamSinifi", "1041") in summary.codes()
    assert "sonuç ve kanaat 100001 (Çalışabilir)" in summary.sentence("tr", names)


@given(st.integers(0, len(EXAMINATION)), st.text(alphabet="<>/&! ax1\n\t\x1b\"'", min_size=1, max_size=6))
def test_nothing_can_be_slipped_in_without_being_told_or_refused(place, more):
    changed = EXAMINATION[:place] + more.encode() + EXAMINATION[place:]

    try:
        summary = read_any_summary(changed)
    except Malformed:
        return
    assert summary.values != read_any_summary(EXAMINATION).values


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<x/>",
        EXAMINATION[:-1],
        EXAMINATION * 2,
        EXAMINATION.replace(b"rontgen", b"Rontgen"),
        b"<" * (MAX_CONTENT_BYTES + 1),
        "ş".encode(),
    ],
)
def test_bytes_of_another_form_are_not_summed_up(content):
    with pytest.raises(Malformed):
        read_any_summary(content)


def test_a_training_is_summed_up_as_before():
    assert read_any_summary(SINGLE).workers == 1
    with pytest.raises(Malformed):
        read_other_summary(SINGLE)
