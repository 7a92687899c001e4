import pytest

from integrator.ministry.isgkatip.minutes import required


@pytest.mark.parametrize(
    ("workers", "tehlike_sinifi", "igu", "ih", "dsp"),
    [
        (35, "Tehlikeli", 700, 350, 0),
        (60, "Çok Tehlikeli", 2400, 900, 900),
        (9, "Çok Tehlikeli", 360, 135, 0),
        (12, "Az Tehlikeli", 120, 60, 0),
        (10, "Çok Tehlikeli", 400, 150, 100),
        (250, "ÇOK TEHLİKELİ", 11_700, 3750, 5000),
        (1001, "Az Tehlikeli", 11_710, 5005, 0),
        (0, "Tehlikeli", 0, 0, 0),
    ],
)
def test_the_least_minutes_are_those_of_the_regulations(workers, tehlike_sinifi, igu, ih, dsp):
    assert [required(tehlike_sinifi, workers, tur) for tur in ("103", "140", "dsp")] == [igu, ih, dsp]


def test_nothing_is_claimed_of_a_class_or_kind_without_a_rate():
    assert required("", 10, "103") is None
    assert required("Tehlikeli", 10, "gezici_arac") is None
