import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.findings import Severity
from integrator.domain.workplaces import Isyeri, TehlikeSinifi
from integrator.validate.check import check
from integrator.validate.context import RULES
from integrator.validate.rules import FAMILIES, rules_of
from tests.factories import PROFESSIONAL, REPO, SGK, VECTORS, codes_of, record, submitted
from tests.fakes import START

EXAMINATION = json.loads((REPO / "datasets/muayene/2023-03/ornekler/periodic/record.json").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 21)
BOUNDARIES = [date.fromisoformat(each) for each in json.loads(VECTORS.read_text())["training_rule_boundaries"]]


class Mirror:
    """What a look-up would say."""

    def __init__(self, isyeri=None, belge_tipi=None):
        self._isyeri, self._belge_tipi = isyeri, belge_tipi
        self.asked = []

    def isyeri(self, sgk_tescil_no):
        self.asked.append(sgk_tescil_no)
        return self._isyeri

    def belge_tipi(self, tckn):
        self.asked.append(tckn)
        return self._belge_tipi


def judge(raw, known=None, today=TODAY, **options):
    return check(submitted(raw)[0], read_catalogue(), today=today, known=known, **options)


def told(raw, known=None):
    return [(each.code, str(each.severity)) for each in judge(raw, known).findings]


def training(day, kind, sinif=None, minutes=960, **more):
    local = {"egitimCesidi": kind, **({"tehlikeSinifi": sinif} if sinif else {}), **more.pop("local", {})}
    return record(egitimTarihi=str(day), egitim=[{"egitimKoduId": 240, "egitimSuresi": minutes}], yerel=local, **more)


def test_every_family_of_rules_was_found_and_every_rule_cites():
    assert FAMILIES == ["codes", "days", "lists", "people", "training", "workplaces"]
    assert all(each.cites and each.judge.__doc__ for each in RULES)
    assert {each.judge.__module__.rpartition(".")[2] for each in RULES} == set(FAMILIES)


def test_a_set_is_judged_by_the_rules_that_speak_of_it():
    names = {judge.__name__ for judge in rules_of("hizmet_verilen_isyeri")}

    assert "service_does_not_end_before_it_begins" in names
    assert "codes_are_listed" in names
    assert "method_is_allowed" not in names


# A remote training on each boundary day and the days beside it: (from, kind, class, size) -> what is told.
REMOTE = [
    (date(2018, 1, 1), "temel", "INT-VAL-043"), (date(2018, 5, 24), "temel", "INT-VAL-035"),
    (date(2025, 3, 5), "temel", "INT-VAL-035"), (date(2026, 4, 2), "temel", "INT-VAL-043"),
    (date(2018, 1, 1), "tekrar", "INT-VAL-043"), (date(2018, 5, 24), "tekrar", ""),
    (date(2025, 3, 5), "tekrar", "INT-VAL-043"), (date(2026, 4, 2), "tekrar", "INT-VAL-043"),
    (date(2018, 1, 1), "isebaslama", "INT-VAL-035"), (date(2026, 4, 2), "isebaslama", "INT-VAL-035"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["temel", "tekrar", "isebaslama"])
@pytest.mark.parametrize("day", sorted({day + timedelta(off) for day in BOUNDARIES for off in (-1, 0, 1)}))
def test_a_remote_training_goes_by_the_text_of_its_day(day, kind):
    version = "2018-10" if day >= date(2018, 10, 15) else None
    found = judge(training(day, kind, "cok", egitimTur=0, version=version)).findings
    expected = [code for since, of_kind, code in REMOTE if of_kind == kind and since <= day][-1]

    assert [each.code for each in found if each.path == "egitimTur"] == ([expected] if expected else [])


@pytest.mark.parametrize(("day", "severity"), [("2026-04-01", "error"), ("2026-04-02", "warning")])
def test_a_text_known_at_second_hand_only_warns(day, severity):
    assert told(training(day, "isebaslama", egitimTur=0)) == [("INT-VAL-035", severity)]


@pytest.mark.parametrize(
    ("day", "kind", "sinif", "minutes", "codes"),
    [
        ("2026-04-01", "temel", "cok", 960, []),
        ("2026-04-01", "temel", "cok", 959, ["INT-VAL-036"]),
        ("2026-04-02", "temel", "cok", 720, []),
        ("2026-04-02", "temel", "cok", 719, ["INT-VAL-036"]),
        ("2026-04-01", "tekrar", "cok", 720, ["INT-VAL-036"]),
        ("2026-04-02", "tekrar", "cok", 360, []),
        ("2026-04-02", "tekrar", "az", 359, ["INT-VAL-036"]),
        ("2018-05-24", "isebaslama", None, 119, ["INT-VAL-036"]),
        ("2018-05-23", "isebaslama", None, 119, []),
        ("2025-06-01", "temel", "az", 59, ["INT-VAL-036", "INT-VAL-038"]),
        ("2025-06-01", "temel", "az", 60, ["INT-VAL-036"]),
        ("2018-05-23", "temel", "az", 239, ["INT-VAL-036", "INT-VAL-038"]),
        ("2025-06-01", "temel", None, 1, []),
        ("2025-06-01", "ilave", "cok", 1, []),
        ("2025-06-01", "diger", "cok", 1, []),
    ],
)
def test_minutes_go_by_the_text_of_the_day_and_only_warn(day, kind, sinif, minutes, codes):
    found = judge(training(day, kind, sinif, minutes))

    assert codes_of(found.findings) == codes
    assert found.kayit is not None


def test_what_a_look_up_says_outranks_what_the_sender_tells():
    mirror = Mirror(Isyeri(TehlikeSinifi.COK, 40, kamu=False))
    found = judge(training("2025-06-01", "temel", "az", 480), mirror)

    assert codes_of(found.findings) == ["INT-VAL-036"]
    assert SGK in mirror.asked


def test_a_training_without_its_kind_asks_no_look_up_about_the_workplace():
    mirror = Mirror()
    judge(record(egitimTur=0), mirror)

    assert SGK not in mirror.asked


@pytest.mark.parametrize(
    ("size", "public", "codes"),
    [(9, 0, []), (10, 0, ["INT-VAL-035"]), (10, 1, []), (None, None, [])],
)
def test_size_and_standing_decide_where_they_are_known(size, public, codes):
    local = {name: value for name, value in (("calisanSayisi", size), ("kamu", public)) if value is not None}
    found = judge(training("2025-03-05", "temel", "az", 480, egitimTur=0, local=local))

    assert codes_of(found.findings) == codes


@pytest.mark.parametrize(
    ("kind", "expected"), [(None, []), ("1", []), ("2", [("INT-VAL-045", "error")]), ("3", [("INT-VAL-045", "error")])]
)
def test_only_a_physician_reports_an_examination(kind, expected):
    assert told(EXAMINATION, Mirror(belge_tipi=kind)) == expected


@pytest.mark.parametrize(("kind", "expected"), [(None, []), ("2", []), ("1", [("INT-VAL-042", "warning")])])
def test_the_certificate_kind_is_compared_with_what_is_known(kind, expected):
    assert told(record(), Mirror(belge_tipi=kind)) == expected


@pytest.mark.parametrize(("sinif", "years"), [("az", 5), ("tehlikeli", 3), ("cok", 1), (None, 5)])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_an_examination_is_valid_to_the_last_day_of_its_period(sinif, years, off):
    last = date(2025 + years, 10, 23) + timedelta(days=off)
    local = {"yerel": {"tehlikeSinifi": sinif}} if sinif else {}

    assert codes_of(judge({**EXAMINATION, **local, "raporSonGecerlilikTarihi": str(last)}).findings) == (
        ["INT-VAL-034"] if off > 0 else []
    )


@pytest.mark.parametrize(
    ("day", "version"),
    [("2023-02-28", "2022-02"), ("2023-03-01", "2023-03"), ("2023-03-31", "2023-03"), ("2023-04-01", "2023-03")],
)
def test_the_day_of_the_report_chooses_the_version(day, version):
    found = judge({**EXAMINATION, "raporTarihi": day, "raporSonGecerlilikTarihi": day})

    assert found.kayit.version == version


@pytest.mark.parametrize(("day", "codes"), [("2023-03-31", []), ("2023-04-01", ["INT-VAL-001", "INT-VAL-005"])])
def test_the_older_version_is_taken_by_name_to_its_last_day(day, codes):
    raw = {**EXAMINATION, "version": "2022-02", "raporTarihi": day, "raporSonGecerlilikTarihi": day}
    del raw["calisanMeslegi"]

    assert codes_of(judge(raw).findings) == codes


def test_before_the_first_version_an_examination_cannot_be_reported():
    assert "INT-VAL-005" in codes_of(judge({**EXAMINATION, "raporTarihi": "2022-01-31"}).findings)


@pytest.mark.parametrize(
    ("asked", "version"), [({}, "2018-10"), ({"metot": "soap-g2"}, "2018-10"), ({"metot": "json-g4"}, "2018-10")]
)
def test_the_json_form_is_taken_only_when_it_is_asked_for(asked, version):
    assert judge(record(), **asked).kayit.version == version


def test_the_json_form_is_taken_when_the_record_names_it():
    assert judge(record(version="2026-06")).kayit.version == "2026-06"


@pytest.mark.parametrize("number", ["11111111110", "99999999990", "10000000146", "12345678950"])
@pytest.mark.parametrize("name", ["isgProfTckNo", "egiticiTckNo", "calisan"])
def test_a_placeholder_is_nobodys_number(name, number):
    [finding] = list(judge(record(**{name: [number] if name == "calisan" else number})).findings)

    assert (finding.code, finding.severity) == ("INT-VAL-018", Severity.ERROR)
    assert number not in json.dumps(finding.as_json())


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.lists(st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)


@given(st.sampled_from([*EXAMINATION, "tani", "yerel"]), values)
def test_no_value_makes_the_check_of_an_examination_raise_or_show_itself(name, value):
    found = check(submitted({**EXAMINATION, name: value})[0], read_catalogue(), today=START.date())

    assert found.kayit is not None or found.findings


@given(
    st.text(alphabet="abcçdefgğhıijklmnoöprsştuüvyz", min_size=6, max_size=18).map("jj{}".format),  # no word of ours
    st.sampled_from([*EXAMINATION, "tani", "yerel", "not"]),
)
def test_words_given_in_an_examination_are_in_no_finding_and_no_kept_byte(word, name):
    if name in ("id", "veriSeti"):
        return
    found = check(submitted({**EXAMINATION, name: word})[0], read_catalogue(), today=START.date())
    shown = json.dumps([each.as_json() for each in found.findings], ensure_ascii=False)

    if name not in (
        "isyeriHekimiTcKimlikNo",
        "calisanTcKimlikNo",
        "sgkTescilNo",
        "raporTarihi",
        "raporSonGecerlilikTarihi",
    ):
        assert word not in shown.replace(name, "")
    assert word.encode() not in found.content


def test_what_is_kept_of_a_training_is_what_was_submitted():
    raw = submitted(record())[0]

    assert judge(record()).content == raw.content
    assert PROFESSIONAL.encode() in raw.content
