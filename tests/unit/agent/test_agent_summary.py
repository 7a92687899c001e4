from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.agent.summary import MAX_CONTENT_BYTES, read_summary
from integrator.domain.errors import Malformed
from integrator.sign.canonical import canonical
from tests.factories import PROFESSIONAL, SINGLE, WORKER, definition, values, workers

NAMES = {"egitimKoduId": {"240": {"tr": "İş ve sosyal güvenlik", "en": "Law"}}, "egitimYer": {"1": {"en": "Inside"}}}


def listed(count=3):
    return canonical(
        values(
            calisan=[{"calisanTckNo": each} for each in workers(count)],
            egitim=[{"egitimKoduId": "24", "egitimSuresi": 40.0}, {"egitimKoduId": "240", "egitimSuresi": 12.5}],
        ),
        definition("2018-10"),
    )


def test_the_single_form_is_told_in_both_languages():
    summary = read_summary(SINGLE)

    assert summary.sentence("en", NAMES) == (
        "Training notification: 23.10.2025, workplace 29999010100001230069994000, place 1 (Inside), mode 1; workers 1; "
        "training codes: 240 (Law) 40.0 min. Signer 81*******04, certificate type 2; trainer 81*******04."
    )
    assert "çalışan sayısı 1; eğitim kodları: 240 (İş ve sosyal güvenlik) 40.0 dk." in summary.sentence("tr", NAMES)


def test_the_list_form_counts_its_workers_and_names_every_training():
    summary = read_summary(listed(3))

    assert summary.workers == 3
    assert summary.trainings == (("24", "40.0"), ("240", "12.5"))


def test_no_whole_identity_number_is_told_or_shown():
    summary = read_summary(SINGLE)

    told = summary.sentence("tr", NAMES) + summary.sentence("en", {}) + repr(summary)
    assert PROFESSIONAL not in told
    assert WORKER not in told


@given(st.integers(0, len(SINGLE)), st.text(alphabet="<>/&! ax1\n\t\x1b\"'", min_size=1, max_size=6))
def test_nothing_can_be_slipped_in_without_being_told_or_refused(place, more):
    changed = SINGLE[:place] + more.encode() + SINGLE[place:]

    try:
        summary = read_summary(changed)
    except Malformed:
        return
    honest = read_summary(SINGLE)
    assert (summary.values, summary.workers, summary.trainings) != (honest.values, honest.workers, honest.trainings)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        SINGLE + b"\n",
        b"\xef\xbb\xbf" + SINGLE,
        SINGLE.replace(b"<belgeTipi>2</belgeTipi>", b""),
        SINGLE.replace(b"<belgeTipi>2</belgeTipi>", b"<belgeTipi>2</belgeTipi>" * 2),
        SINGLE.replace(b"<belgeTipi>2</belgeTipi>", b"<belgeTipi>2</belgeTipi><borc>1000000</borc>"),
        SINGLE.replace(b"<egitimSuresi>40.0</egitimSuresi>", b""),
        SINGLE.replace(b"<calisanTckNo>80000000132</calisanTckNo>", b""),
        SINGLE.replace(b"40.0", "４０".encode()),
        SINGLE.replace(b"40.0", b"40.0<!-- -->"),
        SINGLE.replace(b"40.0", b"\x1b[2J"),
        SINGLE.replace(b"40.0", b"0" * MAX_CONTENT_BYTES),
    ],
)
def test_bytes_that_cannot_be_told_whole_are_not_summed_up(content):
    with pytest.raises(Malformed):
        read_summary(content)


def test_a_name_cannot_play_tricks_on_the_terminal():
    names = {"egitimKoduId": {"240": {"en": "Law\x1b[2J\r\n" + "x" * 500}}}

    told = read_summary(SINGLE).sentence("en", names)

    assert "\x1b" not in told
    assert "\n" not in told
    assert "240 (Law" in told
    assert len(told) < 400


def test_the_largest_message_fits():
    values_ = values(
        calisan=[{"calisanTckNo": each} for each in workers(100)],
        egitim=[{"egitimKoduId": str(100 + each), "egitimSuresi": 40.0} for each in range(10)],
    )

    assert read_summary(canonical(values_, definition("2018-10"))).workers == 100
