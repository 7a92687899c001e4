import io
import json

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.intake.read_json import Caps
from integrator.intake.read_xml import read_xml
from tests.corpus.xml.hostile import FIELDS, GOOD
from tests.factories import record, submitted

CATALOGUE = read_catalogue()


def xml(content, caps=None):
    content = content if isinstance(content, bytes) else content.encode()
    return list(read_xml(io.BytesIO(content), caps or Caps(), CATALOGUE))


def test_a_record_in_xml_has_the_content_it_has_in_json():
    [ours] = xml(GOOD)
    [json_s] = submitted(record("X-1", veriSeti="egitim"))

    assert ours.fault is None
    assert (ours.kayit_no, ours.veri_seti, ours.version) == ("X-1", "egitim", None)
    assert ours.content == json_s.content


def test_several_records_stand_in_kayitlar_and_are_numbered():
    found = xml(
        f"<?xml version='1.0' encoding='utf-8'?>\n<kayitlar>\n {GOOD}\n{GOOD.replace('X-1', 'X-2')}\n</kayitlar>\n"
    )

    assert [(each.where, each.kayit_no) for each in found] == [("record 1", "X-1"), ("record 2", "X-2")]


def test_the_version_may_be_named():
    [each] = xml(GOOD.replace("<egitim-kaydi ", '<egitim-kaydi version="2018-07" '))

    assert each.version == "2018-07"


def test_a_byte_order_mark_and_space_around_values_are_passed_over():
    [each] = xml(b"\xef\xbb\xbf" + GOOD.replace("<egitimYer>1<", "<egitimYer>\n 1 <").encode())

    assert each.fields["egitimYer"] == 1


def test_one_record_with_a_field_twice_does_not_stop_the_others():
    bad = GOOD.replace("<egitimYer>1", "<egitimYer>0</egitimYer><egitimYer>1")
    found = xml(f"<kayitlar>{bad}{GOOD}</kayitlar>")

    assert [each.fault.code if each.fault else each.kayit_no for each in found] == ["INT-INT-006", "X-1"]


def test_from_ill_formed_xml_nothing_is_taken():
    [only] = xml(f"<kayitlar>{GOOD}<oops></kayitlar>")

    assert only.fault.code == "INT-INT-001"
    assert "line 1" in only.fault.seen


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<a/>", "INT-INT-016"),
        ("<kayitlar><a/></kayitlar>", "INT-INT-016"),
        (GOOD.replace("X-1", "80000000132"), "INT-INT-008"),
        ("<!-- -->" + GOOD, "INT-INT-015"),
        ("<egitim-kaydi>" + "<a>" * 9 + "</a>" * 9 + "</egitim-kaydi>", "INT-INT-004"),
        (GOOD.encode("utf-16"), "INT-INT-015"),
        (GOOD.replace("<egitimYer>1", "<egitimYer>ş").encode("cp1254"), "INT-INT-005"),
    ],
)
def test_what_is_no_record_of_ours_is_one_finding(content, code):
    [only] = xml(content)

    assert only.fault.code == code
    assert only.fault.sentence("tr") and only.fault.sentence("en")


def test_a_record_above_the_cap_is_refused():
    [only] = xml(
        GOOD.replace("<egitim>", "<calisan><calisanTckNo>1</calisanTckNo></calisan>" * 9000 + "<egitim>"),
        Caps(record_bytes=1000),
    )

    assert only.fault.code == "INT-INT-003"


def test_an_unknown_veri_seti_is_left_to_the_check():
    [each] = xml(GOOD.replace("egitim-kaydi", "sefer-kaydi"))

    assert each.veri_seti == "sefer"


def test_three_thousand_records_pass_in_flat_memory():
    import tracemalloc

    class Endless(io.RawIOBase):
        def __init__(self):
            self.seek(0)

        def seek(self, at, whence=0):
            self.pieces = iter([b"<kayitlar>", *(GOOD.encode() for _ in range(0))])
            self.left, self.begun = 3_000, False

        def readable(self):
            return True

        def read(self, size=-1):
            if not self.begun:
                self.begun = True
                return b"<kayitlar>"
            if self.left == 0:
                self.left = -1
                return b"</kayitlar>"
            if self.left < 0:
                return b""
            self.left -= 100
            return GOOD.encode() * 100

    tracemalloc.start()
    count = sum(each.fault is None for each in read_xml(Endless(), Caps(), CATALOGUE))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 3_000
    assert most < 4 << 20  # to keep them all takes 6.4 MB and more


def test_fields_are_those_of_the_schema():
    assert "egitim-kaydi" not in FIELDS
    assert json.dumps(xml(GOOD)[0].fields)
