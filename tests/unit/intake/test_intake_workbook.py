import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from datetime import date

import pytest

from integrator.intake.gathering import place_of
from tests.factories import WORKER, tckn, workers
from tests.unit.intake.sheets import HEADINGS, codes, judged, read, row, write_csv, write_xlsx


def spoiled(path, out, change):
    """The archive again with every part as `change(name, content)` gives it; None leaves it out."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out


def extended(path, **parts):
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return path


def test_a_workbook_has_the_content_of_the_same_rows_in_csv(tmp_path):
    rows = [row(worker=each) for each in workers(3)]

    ours = read(write_xlsx(tmp_path / "a.xlsx", rows))
    theirs = read(write_csv(tmp_path / "a.csv", rows))

    assert [each.content for each in ours] == [each.content for each in theirs]
    assert ours[0].where == "Kayıtlar!2-4"


def test_dates_and_numbers_may_be_cells_of_their_kind(tmp_path):
    plain = read(write_csv(tmp_path / "a.csv", [row()]))
    typed = row(EğitimTarihi=date(2025, 10, 23), EğitimYeri=1, EğitimKodu=240, Süre=40, ÇalışanT=int(WORKER))

    for options in ({}, {"date_1904": True}):
        assert [each.content for each in read(write_xlsx(tmp_path / "b.xlsx", [typed], options=options))] == [
            plain[0].content
        ]


def test_the_name_of_a_file_does_not_decide(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", [row()])
    shutil.copy(path, tmp_path / "a.json")

    assert codes(tmp_path / "a.json") == []


@pytest.mark.parametrize(
    ("changes", "expected", "cell"),
    [
        ({"ÇalışanT": "=A1"}, "INT-INT-020", "Kayıtlar!K2"),
        ({"ÇalışanT": '=HYPERLINK("http://x","80000000132")'}, "INT-INT-020", "Kayıtlar!K2"),
        ({"EğitimTarihi": "=TODAY()"}, "INT-INT-020", "Kayıtlar!D2"),
        ({"İşyeriSGK": 2.999901010000123e25}, "INT-INT-021", "Kayıtlar!G2"),
        ({"EğitimTarihi": 45953}, "INT-INT-030", "Kayıtlar!D2"),
        ({"EğitimTarihi": "03/04/2025"}, "INT-VAL-012", "Kayıtlar!D2"),
        ({"ÇalışanT": "80000000131"}, "INT-VAL-010", "Kayıtlar!K2"),
    ],
    ids=str,
)
def test_a_trap_is_one_finding_at_its_cell(tmp_path, changes, expected, cell):
    [(each, [finding])] = judged(write_xlsx(tmp_path / "a.xlsx", [row(**changes)]))

    assert (finding.code, place_of(each.places, finding.path)) == (expected, cell)
    assert finding.sentence("tr") and finding.sentence("en")


def test_a_bare_number_in_a_date_column_is_told_with_the_day_it_would_be(tmp_path):
    [(_, [finding])] = judged(write_xlsx(tmp_path / "a.xlsx", [row(EğitimTarihi=45953)]))

    assert finding.wanted == "2025-10-23 ?"


def test_a_formula_does_not_hide_the_faults_beside_it(tmp_path):
    assert codes(write_xlsx(tmp_path / "a.xlsx", [row(ÇalışanT="=A1", EğitimYeri="7")])) == [
        "INT-INT-020",
        "INT-VAL-013",
    ]


def test_an_error_value_is_told(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", [row()])
    plain, error = b'<c r="K2" t="s"><v>', b'<c r="K2" t="e"><v>#N/A</v></c><c r="L2" t="s"><v>'
    spoiled(path, tmp_path / "b.xlsx", lambda _, content: content.replace(plain, error))

    assert codes(tmp_path / "b.xlsx") == ["INT-INT-032"]


def test_merged_cells_are_told_once_for_each_row_they_touch(tmp_path):
    def merge(book, sheet):
        sheet.merge_range("A2:A3", "K-1")

    rows = [row(worker=workers(2)[0]), [None, *row(worker=workers(2)[1])[1:]]]

    assert codes(write_xlsx(tmp_path / "a.xlsx", rows, prepare=merge)) == ["INT-INT-022", "INT-INT-025"]


def test_a_merged_title_above_the_headings_is_nobodys_concern(tmp_path):
    def merge(book, sheet):
        sheet.merge_range("A1:F1", "Ekim eğitimleri")

    path = write_xlsx(tmp_path / "a.xlsx", [[], [], HEADINGS, row()], headings=None, prepare=merge)

    assert codes(path) == []
    assert read(path)[0].where == "Kayıtlar!4"


def test_a_hidden_row_stops_its_record_and_no_other(tmp_path):
    def hide(book, sheet):
        sheet.set_row(2, None, None, {"hidden": True})

    rows = [row("A", workers(3)[0]), row("B", workers(3)[1]), row("C", workers(3)[2])]
    found = judged(write_xlsx(tmp_path / "a.xlsx", rows, prepare=hide))

    assert [[f.code for f in findings] for _, findings in found] == [[], ["INT-INT-023"], []]


def test_a_hidden_sheet_is_not_read_and_told(tmp_path):
    def hide(book, sheet):
        book.get_worksheet_by_name("Gizli").hide()

    path = write_xlsx(tmp_path / "a.xlsx", [row()], more=[("Gizli", [HEADINGS, row("K-2")])], prepare=hide)
    found = judged(path)

    assert [(each.kayit_no, [f.code for f in findings]) for each, findings in found] == [("K-1", ["INT-INT-024"])]


def test_a_sheet_of_workers_belongs_to_the_records_of_the_first(tmp_path):
    sessions = [[*row("K-1")[:-1]], [*row("K-1", EğitimKodu="390")[:-1]], [*row("K-2")[:-1]]]
    people = [["Kayıt No", "Çalışan T.C. Kimlik No"], *[["K-1", each] for each in workers(3)], ["K-2", workers(1)[0]]]
    path = write_xlsx(tmp_path / "a.xlsx", sessions, headings=HEADINGS[:-1], more=[("Çalışanlar", people)])
    found = judged(path)

    assert [(len(each.fields["egitim"]), each.fields["calisan"], findings) for each, findings in found] == [
        (2, workers(3), ()),
        (1, workers(1), ()),
    ]


def test_a_worker_of_an_unknown_record_is_told(tmp_path):
    people = [["Kayıt No", "Çalışan T.C. Kimlik No"], ["K-1", WORKER], ["K-9", WORKER]]
    path = write_xlsx(tmp_path / "a.xlsx", [row()[:-1]], headings=HEADINGS[:-1], more=[("Çalışanlar", people)])

    assert [(each.places[""], [f.code for f in findings]) for each, findings in judged(path)][1] == (
        "Çalışanlar!A3",
        ["INT-INT-036"],
    )


def test_comments_and_styled_empty_rows_to_the_last_are_passed_over(tmp_path):
    def litter(book, sheet):
        sheet.write_comment("A2", "dikkat")
        style = book.add_format({"bg_color": "yellow"})
        sheet.write_blank(1_048_575, 0, None, style)
        for number in range(10, 2000):
            sheet.write_blank(number, 0, None, style)

    assert codes(write_xlsx(tmp_path / "a.xlsx", [row()], prepare=litter)) == []


def test_rich_text_and_inline_strings_are_read(tmp_path):
    def rich(book, sheet):
        bold = book.add_format({"bold": True})
        sheet.write_rich_string(1, 10, WORKER[:4], bold, WORKER[4:])

    assert codes(write_xlsx(tmp_path / "a.xlsx", [row()], prepare=rich)) == []
    assert codes(write_xlsx(tmp_path / "b.xlsx", [row()], options={"in_memory": True, "constant_memory": True})) == []


def test_another_programs_workbook_is_read(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for each in (HEADINGS, row()):
        book.active.append(each)
    book.save(tmp_path / "a.xlsx")

    assert codes(tmp_path / "a.xlsx") == []


REFUSED = {
    "vba": (lambda path: extended(path, xl__vbaProject_dot_bin=b"x"), "INT-INT-011"),
    "xlsb": (lambda path: extended(path, xl__workbook_dot_bin=b"x"), "INT-INT-011"),
    "docx": (lambda path: extended(path, word__document_dot_xml=b"x"), "INT-INT-011"),
    "ods": (lambda path: extended(path, mimetype=b"x", content_dot_xml=b"x"), "INT-INT-011"),
    "a member twice": (lambda path: extended(path, xl__Workbook_dot_xml=b"<a/>"), "INT-INT-014"),
    "many members": (lambda path: extended(path, **{f"m{n}": b"" for n in range(2100)}), "INT-INT-013"),
    "bomb by ratio": (lambda path: extended(path, xl__bomb_dot_xml=b"0" * 60_000_000), "INT-INT-013"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_workbook_is_refused_in_words(tmp_path, name):
    spoil, expected = REFUSED[name]

    assert codes(spoil(write_xlsx(tmp_path / "a.xlsx", [row()]))) == [expected]


def test_a_bomb_is_refused_without_being_unpacked(tmp_path):
    path = extended(write_xlsx(tmp_path / "a.xlsx", [row()]), xl__bomb_dot_xml=b"0" * 60_000_000)
    tracemalloc.start()

    read(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 5 << 20


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "_rels/.rels"]
)
@pytest.mark.parametrize("spoil", ["doctype", "cut", "utf-16", "absent", "empty"])
def test_a_spoiled_part_ends_in_a_finding(tmp_path, part, spoil):
    def change(name, content):
        if name != part:
            return content
        return {
            "doctype": content.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>', 1),
            "cut": content[: len(content) // 2],
            "utf-16": content.decode().encode("utf-16"),
            "absent": None,
            "empty": b"",
        }[spoil]

    path = spoiled(write_xlsx(tmp_path / "a.xlsx", [row()]), tmp_path / "b.xlsx", change)

    assert codes(path) in (["INT-INT-014"], ["INT-INT-011"], ["INT-INT-050"])


def test_a_damaged_archive_ends_in_a_finding(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", [row()])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    assert codes(path) == ["INT-INT-014"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "INT-INT-011"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "INT-INT-012"),
        (b"%PDF-1.7", "INT-INT-011"),
        (b"\x1f\x8b\x08", "INT-INT-011"),
    ],
)
def test_old_locked_and_foreign_files_are_refused_with_what_to_do(tmp_path, content, expected):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    [(_, [finding])] = judged(path)

    assert finding.code == expected
    assert "Excel" in finding.sentence("tr") or "parola" in finding.sentence("tr")


def test_twenty_thousand_rows_pass_in_flat_memory(tmp_path):
    rows = (row(f"K-{number // 50:05}", tckn(810_000_000 + number)) for number in range(20_000))
    path = write_xlsx(tmp_path / "a.xlsx", list(rows))
    program = (
        "import resource, sys; from pathlib import Path; from tests.unit.intake.sheets import *\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "count = sum(len(e.fields['calisan']) for e in read_records(Path(sys.argv[1]), Caps(), CATALOGUE))\n"
        "print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    from tests.factories import REPO

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=REPO, capture_output=True, text=True, check=True
    )
    count, grown = map(int, done.stdout.split())

    assert count == 20_000
    assert grown < 40 << 10  # kB
