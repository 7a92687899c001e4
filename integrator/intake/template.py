"""The template workbook of a veri seti: headings with notes, drop-downs from its code lists, an example.

Made from the definition alone, so a new version or veri seti has its template at once. Everything is written as text:
no label of a code list can become a formula. The example row is refused when it is sent (INT-INT-034).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from math import ceil
from pathlib import Path
from typing import Any

import xlsxwriter

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.columns import KAYIT_NO, VERI_SETI, VERSION, Column, columns_of
from integrator.catalogue.definitions import Definition
from integrator.intake.gathering import EXAMPLE_ID

RECORDS, PEOPLE, LISTS, EXPLANATION = "Kayıtlar", "Çalışanlar", "Listeler", "Açıklama"
FILLED_ROWS = 20_000
WIDE, NARROW, LINE_POINTS = 62, 26, 15
EXAMPLE_DAY = date(2025, 10, 23)
_EXAMPLES = {  # belong to nobody
    "tckn": "80000000132",
    "sgk_tescil_no": "29999010100001230069994000",
    "meslek": "2263.01",
    "flag": "1",
}
_WIDTHS = {
    "tckn": 17,
    "sgk_tescil_no": 31,
    "code": 26,
    "choice": 26,
    "codes": 30,
    "text": 40,
    "date": 14,
    "minutes": 11,
    "": 16,
}
_TEXT_LENGTHS = {"tckn": 11, "sgk_tescil_no": 26}
_KINDS = {
    "tckn": ("11 rakam, metin", "11 digits, text"),
    "sgk_tescil_no": ("26 rakam, metin", "26 digits, text"),
    "code": ("listeden", "from the list"),
    "codes": ("listeden kodlar, ; ile", "codes from the list, parted by ;"),
    "choice": ("listeden", "from the list"),
    "meslek": ("meslek kodu, metin (2263.01)", "occupation code, text (2263.01)"),
    "flag": ("1 evet, 0 hayır", "1 yes, 0 no"),
    "count": ("sayı", "a number"),
    "date": ("tarih (23.10.2025)", "a day (23.10.2025)"),
    "minutes": ("dakika, sayı", "minutes, a number"),
}
_STATUS = {
    "official": ("resmî", "official"),
    "assumed": ("varsayım: bakanlığın metni açık değil", "assumed: the ministry's text is not public"),
    "draft": ("taslak: yayımlanmış metin yok", "draft: there is no public text"),
}
_HOW_FLAT = (
    (
        "Her satır bir kayıttır. Kayıt No her satırda başka olmalı.",
        "Each row is one record. Each has a record number of its own.",
    ),
)
_HOW_PRODUCT = (
    (
        "Her satır bir çalışan ve bir eğitim konusudur. Aynı eğitimin satırlarına aynı Kayıt No'yu yazın.",
        "Each row is one worker and one subject. Rows of one training bear the same record number.",
    ),
    (
        "Aynı kaydın bütün konuları bütün çalışanlara verilmiş sayılır; eksik kalan çift size söylenir.",
        "All subjects of a record count as given to all of its workers; a missing pair is told.",
    ),
    (
        "Kısa yol: kaydı bir kez Kayıtlar sayfasına yazın, çalışanlarını Çalışanlar sayfasına alt alta yazın.",
        "Short cut: write the record once on the sheet Kayıtlar and list its workers on the sheet Çalışanlar.",
    ),
)
_HOW = (
    (
        "Kimlik ve SGK numaraları metindir: sütun biçimini değiştirmeyin, başka yerden Değer olarak yapıştırın.",
        "Identity and SGK numbers are text: keep the column's format, and paste as values.",
    ),
    (
        "Formül, birleştirilmiş hücre, gizli satır ve makro alınmaz. Adı tanınmayan sütunlar okunmaz, gönderilmez.",
        "No formulas, merged cells, hidden rows or macros. Columns with other headings are not read and not sent.",
    ),
    (
        "Gri örnek satırı silin; gönderilirse geri çevrilir. Numaraları uydurmadır.",
        "Delete the grey example row; sent, it is refused. Its numbers are invented.",
    ),
    (
        "Gönderme: ibys submit DOSYA.xlsx --annotated SONUC.xlsx. Hatalı hücreler boyanmış, açıklamalı geri gelir.",
        "To send: ibys submit FILE.xlsx --annotated RESULT.xlsx. Faulty cells come back coloured, with comments.",
    ),
    (
        "Düzeltip aynı dosyayı yeniden gönderin: alınmış kayıtlar iki kez gitmez, Kayıt No'yu değiştirmeyin.",
        "Mend and send the same file again: what was taken is not sent twice. Keep the record numbers.",
    ),
)


def write_template(path: Path, definition: Definition, catalogue: Catalogue) -> list[Column]:
    """Write the workbook of `definition` to `path`; returns the columns of its first sheet in their order."""
    return _Template(path, definition, catalogue).write()


class _Template:
    def __init__(self, path: Path, definition: Definition, catalogue: Catalogue) -> None:
        self._definition = definition
        self._catalogue = catalogue
        self._book: Any = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
        self._book.set_properties({"title": definition.title_tr, "comments": definition.version})
        make = self._book.add_format
        head = {"bold": True, "text_wrap": True, "valign": "top", "border": 1}
        self._required = make({**head, "bg_color": "#1F4E79", "font_color": "#FFFFFF"})
        self._optional = make({**head, "bg_color": "#DDEBF7"})
        self._text = make({"num_format": "@"})
        self._day = make({"num_format": "dd.mm.yyyy"})
        self._number = make({"num_format": "0.##"})
        self._example = {
            kind: make({"num_format": form, "italic": True, "font_color": "#808080", "bg_color": "#F2F2F2"})
            for kind, form in (("", "@"), ("date", "dd.mm.yyyy"), ("minutes", "0.##"))
        }
        self._wrapped = make({"text_wrap": True, "valign": "top"})
        self._bold = make({"bold": True})

    def write(self) -> list[Column]:
        columns = [each for each in columns_of(self._definition) if each.path not in (VERI_SETI, VERSION)]
        records = self._book.add_worksheet(RECORDS)
        people = self._people_columns(columns)
        second = self._book.add_worksheet(PEOPLE) if people else None
        explanation = self._book.add_worksheet(EXPLANATION)
        ranges = self._write_lists(columns)
        self._write_table(records, columns, ranges)
        if second:
            self._write_table(second, people, ranges)
        self._explain(explanation, columns)
        self._book.close()
        return columns

    def _people_columns(self, columns: Sequence[Column]) -> list[Column]:
        """Kayıt No and the one member of the first list of the product; empty where there is no such list."""
        lists = [self._definition.field_by_name[name] for name, _ in self._definition.pairs]
        single = next((each.name for each in lists if len(each.members) == 1), None)
        return [each for each in columns if each.path == KAYIT_NO or each.inside == single] if single else []

    def _write_lists(self, columns: Sequence[Column]) -> dict[str, str]:
        """The sheet of drop-down values; code list -> the range of its labels."""
        sheet = self._book.add_worksheet(LISTS)
        ranges: dict[str, str] = {}
        for column in columns:
            name = column.field.code_list if column.field else None
            if not name or name in ranges:
                continue
            at = len(ranges)
            labels = self._labels(name)
            if not labels:  # a list that the ministry fills, not yet served
                continue
            sheet.set_column(at, at, 34)
            sheet.write_string(0, at, f"Liste: {column.tr}", self._bold)
            for number, label in enumerate(labels, 1):
                sheet.write_string(number, at, label)
            letter = xlsxwriter.utility.xl_col_to_name(at)
            ranges[name] = f"={LISTS}!${letter}$2:${letter}${len(labels) + 1}"
        return ranges

    def _labels(self, name: str) -> list[str]:
        codes = self._catalogue.code_list(self._definition, name).values()
        return [f"{each.code} - {each.tr}" for each in codes if each.active and each.valid_until is None]

    def _write_table(self, sheet: Any, columns: Sequence[Column], ranges: dict[str, str]) -> None:
        sheet.freeze_panes(1, 1)
        sheet.set_row(0, 32)
        for at, column in enumerate(columns):
            kind = column.field.kind if column.field else ""
            required = column.field is None or column.field.required
            formats = {"date": self._day, "minutes": self._number}
            sheet.set_column(at, at, _WIDTHS.get(kind, 20), formats.get(kind, self._text))
            sheet.write_string(0, at, column.tr, self._required if required else self._optional)
            note = "\n".join(filter(None, (column.note_tr, column.note_en)))
            if note:
                sheet.write_comment(0, at, note, {"x_scale": 2.2, "y_scale": 1.4, "author": "ibys"})
            self._write_example(sheet, at, column, kind)
            rule = self._rule(column, kind, ranges)
            if rule:
                sheet.data_validation(1, at, FILLED_ROWS, at, rule)

    def _write_example(self, sheet: Any, at: int, column: Column, kind: str) -> None:
        if kind == "date":
            sheet.write_datetime(1, at, datetime.combine(EXAMPLE_DAY, datetime.min.time()), self._example["date"])
        elif kind == "minutes":
            sheet.write_number(1, at, 40, self._example["minutes"])
        else:
            sheet.write_string(1, at, self._example_text(column, kind), self._example[""])

    def _example_text(self, column: Column, kind: str) -> str:
        if column.path == KAYIT_NO:
            return EXAMPLE_ID
        if kind in ("code", "codes", "choice") and column.field and column.field.code_list:
            return next(iter(self._labels(column.field.code_list)), "")
        return _EXAMPLES.get(kind, "")

    def _rule(self, column: Column, kind: str, ranges: dict[str, str]) -> dict[str, Any] | None:
        """What Excel itself should watch over. It only warns: the gateway judges."""
        told = {"error_title": column.tr[:32], "error_type": "warning", "error_message": column.note_tr[:250]}
        if column.field and column.field.code_list in ranges:
            only_one = kind != "codes"  # of several codes Excel would say that they are not on the list
            return {**told, "validate": "list", "source": ranges[column.field.code_list], "show_error": only_one}
        if kind == "flag":
            return {**told, "validate": "list", "source": ["1", "0"]}
        if kind in _TEXT_LENGTHS:
            return {**told, "validate": "length", "criteria": "==", "value": _TEXT_LENGTHS[kind]}
        if kind == "date":
            return {**told, "validate": "date", "criteria": ">=", "value": date(2018, 1, 1)}
        if kind == "minutes":
            return {**told, "validate": "decimal", "criteria": "between", "minimum": 0.01, "maximum": 1440}
        return None

    def _explain(self, sheet: Any, columns: Sequence[Column]) -> None:
        definition = self._definition
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_column(0, 1, WIDE, self._wrapped)
        sheet.set_column(2, 5, NARROW, self._wrapped)
        status = _STATUS[definition.status]
        rows: list[tuple[str, str]] = [
            (definition.title_tr, definition.title_en),
            (f"Sürüm {definition.version} ({status[0]})", f"Version {definition.version} ({status[1]})"),
            ("", ""),
            *(_HOW_PRODUCT if definition.pairs else _HOW_FLAT),
            *_HOW,
            ("", ""),
        ]
        for number, texts in enumerate(rows):
            _make_room(sheet, number, texts)
            for at, each in enumerate(texts):
                sheet.write_string(number, at, each, self._bold if number == 0 else self._wrapped)
        heads = (
            "Ne yazılır",
            "What is wanted",
            "Sütun / Column",
            "Alan / Field",
            "Biçim / Form",
            "Zorunlu / Compulsory",
        )
        for at, head in enumerate(heads):
            sheet.write_string(len(rows), at, head, self._bold)
        for number, column in enumerate(columns, len(rows) + 1):
            kinds = _KINDS.get(column.field.kind if column.field else "", ("metin", "text"))
            required = "evet / yes" if column.field is None or column.field.required else "hayır / no"
            cells = (column.note_tr, column.note_en, column.tr, column.path, " / ".join(kinds), required)
            _make_room(sheet, number, cells)
            for at, text in enumerate(cells):
                sheet.write_string(number, at, text, self._wrapped)


def _make_room(sheet: Any, number: int, texts: Sequence[str]) -> None:
    """A row as high as its longest text: LibreOffice gives wrapped rows of others' files no height of their own."""
    widths = (WIDE, WIDE, NARROW, NARROW, NARROW, NARROW)
    lines = max(ceil(len(text) / (0.9 * width)) for text, width in zip(texts, widths, strict=False))
    sheet.set_row(number, LINE_POINTS * max(lines, 1))
