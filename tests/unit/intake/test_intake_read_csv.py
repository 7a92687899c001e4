import codecs
import tracemalloc

import pytest

from integrator.domain.findings import Finding
from integrator.intake.annotate import annotate
from integrator.intake.causes import Mark
from integrator.intake.gathering import place_of
from tests.factories import PROFESSIONAL, SGK, WORKER, record, submitted, tckn, workers
from tests.unit.intake.sheets import HEADINGS, codes, judged, read, row, write_csv


def test_a_row_has_the_content_it_has_in_json(tmp_path):
    [each] = read(write_csv(tmp_path / "a.csv", [row()]))
    [json_s] = submitted(record(veriSeti="egitim"))

    assert each.fault is None and each.remarks == ()
    assert {**each.fields, "egitimTarihi": "2025-10-23"} == dict(json_s.fields)
    assert each.content == json_s.content


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_separator_and_the_byte_order_mark_are_found_by_looking(tmp_path, delimiter, encoding):
    assert codes(write_csv(tmp_path / "a.csv", [row()], delimiter=delimiter, encoding=encoding)) == []


def test_windows_1254_is_read_and_told(tmp_path):
    assert codes(write_csv(tmp_path / "a.csv", [row()], encoding="cp1254")) == ["INT-INT-033"]


def test_a_line_that_names_its_separator_is_obeyed(tmp_path):
    path = write_csv(tmp_path / "a.csv", [row()], delimiter=",")
    path.write_bytes(b"sep=,\r\n" + path.read_bytes())

    assert codes(path) == []


def test_rows_of_one_number_are_one_record_and_its_parts_are_the_product(tmp_path):
    rows = [row(worker=w, EğitimKodu=c) for c in ("240", "390") for w in workers(3)]
    [each] = read(write_csv(tmp_path / "a.csv", rows))

    assert each.fields["calisan"] == workers(3)
    assert each.fields["egitim"] == [
        {"egitimKoduId": 240, "egitimSuresi": 40},
        {"egitimKoduId": 390, "egitimSuresi": 40},
    ]
    assert each.where == "row 2-7"


def test_a_pair_without_a_row_is_named(tmp_path):
    rows = [row(worker=w, EğitimKodu=c) for c in ("240", "390") for w in workers(3)][:-1]
    [(each, [finding])] = judged(write_csv(tmp_path / "a.csv", rows))

    assert (finding.code, finding.wanted) == ("INT-INT-027", "390")
    assert each.places[finding.path] == "K4"
    assert workers(3)[2] not in finding.seen


def test_a_row_that_names_only_a_worker_means_every_training(tmp_path):
    rows = [row(worker=workers(1)[0], EğitimKodu="240"), row(worker=workers(1)[0], EğitimKodu="390")]
    rows.append(["K-1", *[""] * 9, workers(2)[1]])
    [(each, findings)] = judged(write_csv(tmp_path / "a.csv", rows))

    assert findings == ()
    assert each.fields["calisan"] == workers(2)


def test_the_same_row_twice_is_told_at_the_second(tmp_path):
    [(each, [finding])] = judged(write_csv(tmp_path / "a.csv", [row(), row()]))

    assert (finding.code, each.places[finding.path]) == ("INT-INT-028", "K3")


def test_a_row_that_contradicts_the_first_is_told_at_its_cell(tmp_path):
    rows = [row(worker=workers(2)[0]), row(worker=workers(2)[1], EğitimTarihi="24.10.2025")]
    [(each, [finding])] = judged(write_csv(tmp_path / "a.csv", rows))

    assert (finding.code, finding.seen, finding.wanted) == ("INT-INT-026", "2025-10-24", "2025-10-23")
    assert place_of(each.places, finding.path) == "D3"


def test_a_finding_of_a_rule_leads_to_its_cell(tmp_path):
    rows = [row(worker=workers(2)[0]), row(worker="80000000131")]
    [(each, [finding])] = judged(write_csv(tmp_path / "a.csv", rows))

    assert (finding.code, place_of(each.places, finding.path)) == ("INT-VAL-010", "K3")


def test_rows_that_stand_apart_are_refused_both_times(tmp_path):
    rows = [row("A", workers(3)[0]), row("B", workers(3)[1]), row("A", workers(3)[2])]

    assert [(e.where, [f.code for f in found]) for e, found in judged(write_csv(tmp_path / "a.csv", rows))] == [
        ("row 2", ["INT-INT-029"]),
        ("row 3", []),
        ("row 4", ["INT-INT-029"]),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Kayıt": ""}, ["INT-INT-025"]),
        ({"Kayıt": "ORNEK-SATIR"}, ["INT-INT-034"]),
        ({"Kayıt": "egitim-80000000132-1"}, ["INT-INT-008"]),
        ({"İşyeriSGK": "2,9999E+25"}, ["INT-INT-021"]),
        ({"İşyeriSGK": "2.94E+25"}, ["INT-INT-021"]),
        ({"ÇalışanT.C.": "8E+10"}, ["INT-INT-021"]),
        ({"EğitimTarihi": "03/04/2025"}, ["INT-VAL-012"]),
        ({"EğitimTarihi": "23.10.25"}, ["INT-VAL-012"]),
        ({"EğitimTarihi": "31.02.2025"}, ["INT-VAL-012"]),
        ({"EğitimTarihi": ""}, ["INT-VAL-001"]),
        ({"EğitimYeri": "7"}, ["INT-VAL-013"]),
        ({"Süre": "kırk"}, ["INT-VAL-014"]),
    ],
    ids=str,
)
def test_a_trap_is_one_finding(tmp_path, changes, expected):
    assert codes(write_csv(tmp_path / "a.csv", [row(**changes)])) == expected


def test_a_label_of_another_code_is_not_believed(tmp_path):
    [code] = codes(write_csv(tmp_path / "a.csv", [row(EğitimYeri="1 - İşyeri dışında")]))

    assert code in ("INT-VAL-003", "INT-VAL-013")


@pytest.mark.parametrize(
    "changes",
    [
        {"ÇalışanT.C.": f"'{WORKER}"},
        {"ÇalışanT.C.": f"\u00a0{WORKER}\u200b"},
        {"ÇalışanT.C.": f"{WORKER[:3]} {WORKER[3:6]} {WORKER[6:]}"},
        {"İşyeriSGK": f"{SGK[0]} {SGK[1:5]}.{SGK[5:]}"},
        {"EğitimTarihi": "2025-10-23"},
        {"EğitimTarihi": "2025-10-23 00:00:00"},
        {"EğitimTarihi": "23/10/2025"},
        {"EğitimTarihi": "23 Ekim 2025"},
        {"EğitimTarihi": "23 EKİM 2025 Perşembe"},
        {"EğitimYeri": "1 - İşyerinde"},
        {"EğitimYeri": "İŞYERİNDE"},
        {"EğitimYeri": "işyerinde\u00a0"},
        {"EğitimYöntemi": "yüz yüze"},
        {"Süre": "40,0"},
    ],
    ids=str,
)
def test_what_a_spreadsheet_program_did_to_a_value_is_undone(tmp_path, changes):
    [each] = read(write_csv(tmp_path / "a.csv", [row(**changes)]))
    [plain] = read(write_csv(tmp_path / "b.csv", [row()]))

    assert each.content == plain.content


def test_headings_are_known_in_any_case_with_either_i_and_by_their_aliases(tmp_path):
    headings = ["KAYIT NO", "BELGE TİPİ", "Profesyonel TC", "egitim tarihi", "YER", "yontem", "SGK SİCİL NO",
                "egitici tc", "EĞİTİM KODU", "SURE", "PERSONEL TC"]  # fmt: skip

    assert codes(write_csv(tmp_path / "a.csv", [row()], headings=headings)) == []
    assert codes(write_csv(tmp_path / "b.csv", [row()], headings=[h.replace("İ", "I").lower() for h in headings])) == []


def test_an_unknown_column_is_left_out_and_told(tmp_path):
    path = write_csv(tmp_path / "a.csv", [[*row(), "Ayşe", "tanı"]], headings=[*HEADINGS, "Ad Soyad", "Tanı"])
    [(each, findings)] = judged(path)

    assert [(f.code, f.seen, f.wanted) for f in findings] == [
        ("INT-INT-053", "Ad Soyad", "L1"),
        ("INT-INT-053", "Tanı", "M1"),
    ]
    assert b"Ay" not in each.content


def test_a_missing_column_a_double_one_and_no_headings_are_told_once(tmp_path):
    assert codes(write_csv(tmp_path / "a.csv", [row()[:-1]] * 2, headings=HEADINGS[:-1])) == ["INT-INT-051"]
    assert codes(write_csv(tmp_path / "b.csv", [[*row(), "x"]], headings=[*HEADINGS, "TCKN"])) == ["INT-INT-052"]
    assert codes(write_csv(tmp_path / "c.csv", [row()] * 3, headings=None)) == ["INT-INT-050"]


def test_a_quoted_line_end_is_part_of_its_value_and_counts_as_one_row(tmp_path):
    path = write_csv(tmp_path / "a.csv", [[*row(), "iki\nsatır"], [*row("K-2"), ""]], headings=[*HEADINGS, "Not"])

    assert [each.where for each in read(path)] == ["row 2", "row 3"]


def test_a_row_with_more_values_than_headings_is_told(tmp_path):
    assert codes(write_csv(tmp_path / "a.csv", [[*row(), "", ""], [*row("K-2"), "x"]])) == ["INT-INT-040"]


def test_a_quote_that_never_closes_ends_in_a_finding(tmp_path):
    path = write_csv(tmp_path / "a.csv", [row(f"K-{n}") for n in range(3000)])
    path.write_bytes(path.read_bytes().replace(b"K-5;", b'"K-5;', 1))

    assert "INT-INT-041" in codes(path)


def test_a_line_of_great_length_stops_only_its_record(tmp_path):
    path = write_csv(tmp_path / "a.csv", [row("A"), row("B", worker="8" * 300_000), row("C")])

    assert [(each.kayit_no, [f.code for f in found]) for each, found in judged(path)][0::2] == [("A", []), ("C", [])]
    assert "INT-INT-003" in codes(path)


@pytest.mark.parametrize("bom", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_unicode_text_as_excel_saves_it_is_read_like_any_other(tmp_path, bom, delimiter):
    plain = write_csv(tmp_path / "a.csv", [row("Kİ-1"), row("Kİ-2")], delimiter=delimiter)
    text = plain.read_text(encoding="utf-8").replace("\n", "\r\n")
    wide = tmp_path / "b.csv"
    wide.write_bytes(bom + text.encode("utf-16-le" if bom == codecs.BOM_UTF16_LE else "utf-16-be"))

    assert [(each.kayit_no, each.fields, found) for each, found in judged(wide)] == [
        (each.kayit_no, each.fields, found) for each, found in judged(plain)
    ]
    assert len(read(wide)) == 2


@pytest.mark.parametrize(
    "content",
    [
        "Kayıt No;Eğitim Tarihi\n".encode("utf-16-le"),
        "Kayıt No;Eğitim Tarihi\n".encode("utf-16")[:-1],
        "Kayıt No;Eğitim Tarihi\n".encode("utf-32"),
        codecs.BOM_UTF16_LE + b"\x00\xd8a\x00",
        codecs.BOM_UTF16_LE,
        "Kayıt No;Eğitim\0Tarihi\n".encode("utf-16"),
    ],
    ids=["no BOM", "cut", "utf-32", "half a pair", "empty", "NUL"],
)
def test_text_in_a_broken_or_stranger_encoding_is_refused_with_what_to_do(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    assert codes(path)[0] in ("INT-INT-005", "INT-INT-050")


@pytest.mark.parametrize(("content", "code"), [('{"id": "a"}', "INT-INT-005"), ("<kayitlar/>", "INT-INT-015")])
def test_utf_16_is_taken_of_sheets_only(tmp_path, content, code):
    path = tmp_path / "a.txt"
    path.write_bytes(content.encode("utf-16"))

    assert codes(path) == [code]


def test_a_sheet_in_utf_16_comes_back_annotated(tmp_path):
    plain = write_csv(tmp_path / "a.csv", [row(Süre="x")])
    plain.write_bytes(plain.read_text(encoding="utf-8").encode("utf-16"))
    annotate("csv", plain, tmp_path / "b.csv", [Mark("J2", Finding("INT-VAL-014", "", "x", "1"), "Süre (dk)")],
             tally={}, language="en")  # fmt: skip

    assert "J2: " in (tmp_path / "b.csv").read_text(encoding="utf-8-sig")


def test_a_formula_in_csv_is_a_text_like_any_other(tmp_path):
    assert codes(write_csv(tmp_path / "a.csv", [row(ÇalışanT="=1+1")])) == ["INT-VAL-010"]


def test_eight_thousand_rows_pass_in_flat_memory(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(";".join(HEADINGS) + "\n")
        for number in range(8_000):
            each = row(f"K-{number // 50:05}", tckn(810_000_000 + number))
            file.write(";".join(each) + "\n")
    tracemalloc.start()

    count = 0
    for each in _stream(path):
        assert each.fault is None and not each.remarks
        count += len(each.fields["calisan"])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 8_000
    assert most < 2 << 20  # to keep them all takes 3.1 MB


def _stream(path):
    from integrator.intake.read_json import Caps
    from integrator.intake.recognise import read_records
    from tests.unit.intake.sheets import CATALOGUE

    return read_records(path, Caps(), CATALOGUE)


def test_the_professional_of_the_first_row_is_enough(tmp_path):
    rows = [row(worker=workers(2)[0]), ["K-1", "", "", "", "", "", "", "", "240", "40", workers(2)[1]]]
    [each] = read(write_csv(tmp_path / "a.csv", rows))

    assert each.fields["isgProfTckNo"] == PROFESSIONAL
    assert len(each.fields["calisan"]) == 2
