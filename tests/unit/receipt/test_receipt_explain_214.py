from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.audit.verify import verify
from integrator.deliver.soap import SOAP11
from integrator.deliver.soap_g2 import SAVE, read_save
from integrator.domain.identifiers import is_tckn
from integrator.domain.outcomes import Kind, Outcome, Reply, Sonuc
from integrator.domain.texts import catalogue
from integrator.log import set_up_log
from integrator.pipeline import accept, dispatch
from integrator.queue import bodies, readings
from integrator.receipt.echoed import xml_in
from integrator.receipt.explain_214 import explain, first_difference, words_of_214
from integrator.receipt.markup import cut_sheet, path_at, read_page, read_tree
from integrator.receipt.values import Cause
from integrator.store.engine import reading
from tests.factories import KURUM, PROFESSIONAL, SINGLE, WORKER, content_of, record, submitted, tckn
from tests.fakes import FakeMinistry

A, B, C = tckn(810_000_000), tckn(810_000_007), tckn(810_000_014)
LISTS = (
    '<?xml version="1.0" encoding="UTF-8"?><EgitimDVO><egitimBildirim><belgeTipi>2</belgeTipi>'
    f"<isgProfTckNo>{PROFESSIONAL}</isgProfTckNo>"
    + "".join(f"<calisan><calisanTckNo>{each}</calisanTckNo></calisan>" for each in (A, B, C))
    + "".join(
        f"<egitim><egitimKoduId>{code}</egitimKoduId><egitimSuresi>40.0</egitimSuresi></egitim>" for code in (24, 240)
    )
    + "<egitimTarihi>23-10-2025</egitimTarihi><egitimYer>1</egitimYer></egitimBildirim></EgitimDVO>"
).encode()
WORDS = SINGLE.replace(b"<egitimYer>1<", "<egitimYer>Şişli Iğdır &amp; İzmir<".encode())


def swap(content: bytes, one: bytes, other: bytes) -> bytes:
    return content.replace(one, b"\0").replace(other, one).replace(b"\0", other)


def turned(content: bytes, *pairs: tuple[str, str]) -> bytes:
    for old, new in pairs:
        assert old.encode() in content
        content = content.replace(old.encode(), new.encode())
    return content


STANDALONE = ('encoding="UTF-8"', 'encoding="UTF-8" standalone="no"')
PLAIN_40 = ("40.0", "40")
ENTRY = "<calisan><calisanTckNo>{}</calisanTckNo></calisan>"

# name of the cause, ours, theirs, the last step of the element's path
PLANTED = [
    ("standalone", SINGLE, turned(SINGLE, STANDALONE), "(prolog)"),
    ("standalone", SINGLE, turned(SINGLE, ('"UTF-8"', '"UTF-8" standalone="yes"')), "(prolog)"),
    ("standalone", turned(SINGLE, STANDALONE), SINGLE, "(prolog)"),
    ("bom", SINGLE, b"\xef\xbb\xbf" + SINGLE, "(prolog)"),
    ("bom", b"\xef\xbb\xbf" + SINGLE, SINGLE, "(prolog)"),
    ("declaration_missing", SINGLE, SINGLE.partition(b"?>")[2], "(prolog)"),
    ("declaration_quotes", SINGLE, turned(SINGLE, ('"', "'")), "(prolog)"),
    ("encoding_name", SINGLE, turned(SINGLE, ("UTF-8", "utf-8")), "(prolog)"),
    ("declaration_form", SINGLE, turned(SINGLE, ('"?>', '" ?>')), "(prolog)"),
    ("prolog_break", SINGLE, turned(SINGLE, ("?><", "?>\n<")), "(prolog)"),
    ("prolog_break", SINGLE, turned(SINGLE, ("?><", "?>\r\n<")), "(prolog)"),
    ("trailing_space", SINGLE, SINGLE + b"\n", ""),
    ("leading_space", SINGLE, b"\n" + SINGLE, "(prolog)"),
    ("indentation", SINGLE, turned(SINGLE, ("><", ">\n  <")) + b"\n", "EgitimDVO"),
    ("indentation", SINGLE, turned(SINGLE, ("><", ">\r\n\t<")), "EgitimDVO"),
    ("line_ends", turned(SINGLE, ("><", ">\n<")), turned(SINGLE, ("><", ">\r\n<")), ""),
    ("encoding", SINGLE, SINGLE.decode().encode("utf-16"), ""),
    ("encoding", SINGLE, turned(SINGLE, ("UTF-8", "UTF-16")).decode().encode("utf-16-be"), ""),
    ("encoding", WORDS, WORDS.decode().replace("UTF-8", "ISO-8859-9").encode("iso-8859-9"), ""),
    ("encoding", WORDS, WORDS.decode().encode("cp1254"), ""),
    ("double_text", SINGLE, turned(SINGLE, PLAIN_40), "egitimSuresi"),
    ("double_text", SINGLE, turned(SINGLE, ("40.0", "40.00")), "egitimSuresi"),
    ("double_text", SINGLE, turned(SINGLE, ("40.0", "4.0E1")), "egitimSuresi"),
    ("double_text", SINGLE, turned(SINGLE, ("40.0", "40,0")), "egitimSuresi"),
    ("leading_zero", SINGLE, turned(SINGLE, (">240<", ">0240<")), "egitimKoduId"),
    ("date_form", SINGLE, turned(SINGLE, ("23-10-2025", "23.10.2025")), "egitimTarihi"),
    ("date_form", SINGLE, turned(SINGLE, ("23-10-2025", "2025-10-23")), "egitimTarihi"),
    ("date_form", SINGLE, turned(SINGLE, ("23-10-2025", "2025-10-23T00:00:00+03:00")), "egitimTarihi"),
    ("value_space", SINGLE, turned(SINGLE, ("23-10-2025", " 23-10-2025")), "egitimTarihi"),
    ("escaping", SINGLE, turned(SINGLE, ("23-10-2025", "23&#45;10&#x2D;2025")), "egitimTarihi"),
    ("escaping", WORDS, turned(WORDS, ("&amp;", "&#38;")), "egitimYer"),
    ("escaping", WORDS, turned(WORDS, ("Şişli Iğdır &amp; İzmir", "<![CDATA[Şişli Iğdır & İzmir]]>")), "egitimYer"),
    ("dotless_i", SINGLE, turned(SINGLE, ("egitimTarihi", "egıtımTarıhı")), "egitimTarihi"),
    ("dotless_i", WORDS, turned(WORDS, ("Iğdır", "İğdir")), "egitimYer"),
    ("turkish_letter", WORDS, turned(WORDS, ("Şişli", "Sisli")), "egitimYer"),
    ("turkish_letter", WORDS, turned(WORDS, ("Şişli", "?i?li")), "egitimYer"),
    ("turkish_letter", WORDS, turned(WORDS, ("ğ", "g\u0306")), "egitimYer"),
    ("mojibake", WORDS, turned(WORDS, ("Şişli", "Şişli".encode().decode("iso-8859-9"))), "egitimYer"),
    ("mojibake", WORDS, turned(WORDS, ("ğ", "ÄŸ")), "egitimYer"),
    ("mojibake", WORDS, turned(WORDS, ("Şiş", "Å\u009eiÅŸ")), "egitimYer"),
    ("value", SINGLE, turned(SINGLE, (WORKER, A)), "calisanTckNo"),
    ("value", SINGLE, turned(SINGLE, ("23-10", "24-10")), "egitimTarihi"),
    (
        "element_order",
        SINGLE,
        swap(SINGLE, b"<egitimYer>1</egitimYer>", b"<egitimTur>1</egitimTur>"),
        "egitimBildirim",
    ),
    ("list_order", LISTS, swap(LISTS, A.encode(), C.encode()), "calisan"),
    ("list_order", LISTS, swap(LISTS, b">24<", b">240<"), "egitim"),
    ("element_missing", LISTS, turned(LISTS, (ENTRY.format(B), 2 * ENTRY.format(B))), "calisan"),
    ("element_missing", SINGLE, turned(SINGLE, ("<egitimTur>", "<isyeriId>7</isyeriId><egitimTur>")), "isyeriId"),
    ("element_extra", SINGLE, turned(SINGLE, ("<egitimTur>1</egitimTur>", "")), "egitimTur"),
    ("element_extra", LISTS, turned(LISTS, (ENTRY.format(B), "")), "calisan"),
    ("name_case", SINGLE, turned(SINGLE, ("EgitimDVO", "egitimDVO")), "EgitimDVO"),
    ("tag_form", SINGLE, turned(SINGLE, ("<EgitimDVO>", '<EgitimDVO xmlns="http://x/">')), "EgitimDVO"),
    ("tag_form", SINGLE, turned(SINGLE, ("EgitimDVO", "ns2:EgitimDVO")), "EgitimDVO"),
    ("root_name", SINGLE, turned(SINGLE, ("EgitimDVO", "MuayeneDVO")), "EgitimDVO"),
    ("empty_form", turned(SINGLE, (">1</egitimYer>", "></egitimYer>")),
     turned(SINGLE, ("<egitimYer>1</egitimYer>", "<egitimYer/>")), "egitimYer"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cause", "ours", "theirs", "step"), PLANTED, ids=lambda value: value if type(value) is str else ""
)
def test_a_planted_cause_is_named_alone_and_with_certainty(cause, ours, theirs, step):
    found = explain(ours, theirs)

    assert [each.cause.word for each in found.causes] == [cause]
    assert found.certain
    assert found.causes[0].element.rpartition("/")[2] == step
    assert found.offset == next(
        (at for at, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other),
        min(map(len, (ours, theirs))),
    )


@pytest.mark.parametrize(
    ("causes", "ours", "theirs"),
    [
        ({"standalone", "double_text"}, SINGLE, turned(SINGLE, STANDALONE, PLAIN_40)),
        ({"bom", "indentation"}, SINGLE, b"\xef\xbb\xbf" + turned(SINGLE, ("><", ">\n<"))),
        ({"list_order", "double_text"}, LISTS, swap(turned(LISTS, PLAIN_40), A.encode(), C.encode())),
        ({"leading_zero", "value_space"}, SINGLE, turned(SINGLE, (">240<", "> 0240<"))),
        ({"dotless_i", "name_case"}, SINGLE, turned(SINGLE, ("EgitimDVO", "egıtımdvo"))),
        ({"standalone", "name_case", "element_extra"}, SINGLE,
         b'<?xml version="1.0" encoding="UTF-8" standalone="no"?><egitimDVO/>'),
        ({"declaration_quotes", "standalone", "prolog_break", "date_form"}, SINGLE,
         turned(SINGLE, STANDALONE, ('"', "'"), ("?><", "?> <"), ("23-10-2025", "23.10.2025"))),
    ],
)  # fmt: skip
def test_several_causes_are_named_together(causes, ours, theirs):
    found = explain(ours, theirs)

    assert {each.cause.word for each in found.causes} == causes
    assert found.certain


@pytest.mark.parametrize("name", ["UTF\0-8", "idna", "rot13", "unicode_escape", "\u0131so-8859-9", ""])
def test_any_name_of_an_encoding_can_be_read(name):
    found = explain(SINGLE, turned(SINGLE, ("UTF-8", name)))

    assert [each.cause for each in found.causes] == [Cause.ENCODING_NAME]


def test_equal_bytes_point_at_the_signature():
    found = explain(SINGLE, SINGLE)

    assert (found.equal, found.certain, found.offset) == (True, True, None)
    assert "ibys verify" in found.causes[0].sentence("en")


@pytest.mark.parametrize(
    ("cause", "theirs"),
    [
        (Cause.NO_XML, b""),
        (Cause.NO_XML, b"  \n"),
        (Cause.NO_XML, "İmzalı içerik hatalı".encode()),
        (Cause.NO_XML, b'<?xml version="1.0"?><S:Envelope xmlns:S="x"><message>214</message></S:Envelope>'),
        (Cause.BROKEN_XML, SINGLE[:200]),
        (Cause.BROKEN_XML, SINGLE + SINGLE),
        (Cause.BROKEN_XML, b'<?xml version="1.0"?><!DOCTYPE x><EgitimDVO/>'),
        (Cause.BROKEN_XML, b"<a>" * 200),
        (Cause.TOO_LARGE, SINGLE.replace(b"40.0", b"4" * 200_000)),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said_to_be_so(cause, theirs):
    found = explain(SINGLE, theirs)

    assert cause in [each.cause for each in found.causes]
    assert not found.certain


ALTERED = turned(SINGLE, PLAIN_40)


@pytest.mark.parametrize(
    "message",
    [
        "İmzalı içerik hatalı. XML'inizi karşılaştırınız: ".encode() + ALTERED,
        b"Hata 214: " + ALTERED + b" -- lutfen kontrol ediniz.",
        b"Hata: " + ALTERED.partition(b"?>")[2].join([b'<?xml version="1.0" encoding="UTF-8"?>', b""]),
        b"Sizin: " + SINGLE + b" Bizim: " + ALTERED,
        b"Hata: " + ALTERED.replace(b"<", b"&lt;").replace(b">", b"&gt;").replace(b'"', b"&quot;"),
        b'<?xml version="1.0"?><S:Envelope xmlns:S="x"><message>Hata: '
        + ALTERED.replace(b"<", b"&lt;").replace(b">", b"&gt;")
        + b"</message></S:Envelope>",
        b'<?xml version="1.0"?><S:Envelope xmlns:S="x"><message><![CDATA[Hata: '
        + ALTERED
        + b"]]></message></S:Envelope>",
    ],
)
def test_the_xml_is_found_in_the_ministrys_words(message):
    assert xml_in(message, b"EgitimDVO") == ALTERED
    assert [each.cause for each in explain(SINGLE, message).causes] == [Cause.DOUBLE_TEXT]


def test_an_xml_without_declaration_is_found_by_its_root():
    message = b"Hata <1>: " + ALTERED.partition(b"?>")[2].replace(b"EgitimDVO", b"egitimDVO")

    assert xml_in(message, b"EgitimDVO").startswith(b"<egitimDVO>")


def test_both_sides_are_shown_around_the_place_with_numbers_masked():
    found = explain(SINGLE, turned(SINGLE, (WORKER, A)))

    assert found.element == "EgitimDVO/egitimBildirim/calisanTckNo"
    assert "<calisanTckNo>80*******32</calisanTckNo>" in found.ours
    assert found.ours[: found.column] == found.theirs[: found.column]
    shown = json.dumps(found.as_json())
    assert WORKER not in shown
    assert A not in shown
    assert PROFESSIONAL not in shown


def test_controls_are_made_visible():
    found = explain(SINGLE, turned(SINGLE, ("23-10", "\x1b[31m\u202e23-10")))

    assert "\x1b" not in found.theirs + found.causes[0].theirs
    assert "\u202e" not in found.theirs + found.causes[0].theirs


def test_every_cause_has_a_text_in_both_languages():
    assert {cause.value for cause in Cause} <= set(catalogue())
    assert {code for code in catalogue() if code.startswith("INT-RCP")} == {cause.value for cause in Cause}


def leaks(shown: str) -> list[str]:
    return [run for run in re.findall(r"(?=([0-9]{11}))", shown) if is_tckn(run)]


PIECES = st.sampled_from([
    b"<", b">", b"</", b"/>", b"<?xml", b"?>", b"<![CDATA[", b"]]>", b"<!--", b"&lt;", b"&#56;", b"&amp;", b'"', b"'",
    b"<EgitimDVO>", b"</EgitimDVO>", b"<a>", b"</a>", b"<a/>", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b" standalone='no'",
    b"\n", WORKER.encode(), A.encode(), WORKER.encode("utf-16-le"), b"40.0", b"1E99", "ıİşÅŸ".encode(), b"<Envelope>",
    SINGLE, LISTS,
])  # fmt: skip
NOISE = st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=25).map(b"".join)


@given(ours=st.one_of(NOISE, st.just(SINGLE), st.just(LISTS)), theirs=NOISE)
def test_nothing_raises_and_no_identity_number_is_shown(ours, theirs):
    found = explain(ours, theirs)

    assert found.causes
    assert leaks(json.dumps(found.as_json(), ensure_ascii=False)) == []
    assert leaks(repr(found)) == []
    assert found.codes.startswith("INT-RCP-")


@given(st.integers(0, len(LISTS) - 1), st.binary(max_size=3), st.integers(0, 60))
def test_any_damage_to_a_message_is_placed_and_masked(at, put, cut):
    theirs = LISTS[:at] + put + LISTS[at + cut :]
    found = explain(LISTS, theirs)

    assert found.equal == (xml_in(theirs, b"EgitimDVO") == LISTS)
    if not found.equal and found.offset is not None:
        assert LISTS[: found.offset] == xml_in(theirs, b"EgitimDVO")[: found.offset]
    assert leaks(json.dumps(found.as_json(), ensure_ascii=False)) == []


@given(st.binary(max_size=400))
def test_a_page_and_a_sheet_lose_nothing(content):
    page = read_page(content)
    sheet = cut_sheet(page.text)

    assert page.bom + page.text.encode(page.encoding) == content
    assert sheet.lead + sheet.declaration + sheet.gap + sheet.body + sheet.tail == page.text


def test_the_tree_keeps_every_character():
    body = '<a x="1"> <b/>t<!-- < --><c >1<![CDATA[<]]></c></a >'
    tree = read_tree(body)

    assert tree is not None
    assert tree.raw == body
    assert [node.raw for _, node in tree.children] == ["<b/>", "<c >1<![CDATA[<]]></c>"]


def test_a_place_is_named_by_its_path():
    assert path_at(LISTS, LISTS.index(B.encode())) == "EgitimDVO/egitimBildirim/calisan[2]/calisanTckNo"
    assert path_at(LISTS, 3) == "(prolog)"
    assert path_at(LISTS, len(LISTS)) == "(end)"


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_the_first_difference_is_the_common_prefix(prefix, one, other):
    at = first_difference(prefix + one, prefix + other)

    assert (prefix + one)[:at] == (prefix + other)[:at]
    assert at == min(len(prefix + one), len(prefix + other)) or (prefix + one)[at] != (prefix + other)[at]


def large(entry: str, count: int = 1650) -> bytes:
    listed = "".join(entry.format(tckn(810_000_000 + 7 * each)) for each in range(count))
    return LISTS.replace(b"<egitimTarihi>", listed.encode() + b"<egitimTarihi>", 1)


@pytest.mark.parametrize(
    ("theirs", "cause"),
    [
        (large(ENTRY).replace(b"><", b">\n<"), "indentation"),
        (large(ENTRY + "\n"), "indentation"),
        (large("<calisan><calisanTckNo>0{}</calisanTckNo></calisan>"), "leading_zero"),
        (large(ENTRY).replace(b"1</", b"2</"), "value"),
        (large(ENTRY, 100), "element_extra"),
        (large(ENTRY)[:60_000], "broken_xml"),
    ],
    ids=["pretty", "breaks", "zeros", "values", "fewer", "cut"],
)
def test_a_hundred_thousand_bytes_take_less_than_a_tenth_of_a_second(theirs, cause):
    ours = large(ENTRY)
    spent = []
    for _ in range(3):
        before = time.process_time()
        found = explain(ours, theirs)
        spent.append(time.process_time() - before)

    assert len(ours) > 95_000
    assert cause in {each.cause.word for each in found.causes}
    assert min(spent) < 0.1, spent


@pytest.mark.parametrize(
    "theirs",
    [b"<" * 10_000_000, b"<a>" * 3_300_000, b"&lt;" * 2_500_000, b"1" * 10_000_000, b"<a " * 3_300_000,
     b"<![CDATA[" * 1_100_000, SINGLE + b" " * 10_000_000, b"<?xml " * 1_600_000, "ş".encode("utf-16") * 2_500_000],
    ids=["lt", "open", "entities", "digits", "tags", "cdata", "spaces", "declarations", "utf-16"],
)  # fmt: skip
def test_ten_megabytes_of_anything_end_soon(theirs):
    before = time.process_time()
    found = explain(SINGLE, theirs)

    assert found.causes
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(Kind.OWN_FAULT, "214", "XML: <a/>"), "XML: <a/>"),
        (Outcome(Kind.OWN_FAULT, "214"), ""),
        (Outcome(Kind.OWN_FAULT, "214", parts=(Sonuc(("w", "c"), "214", "<b/>"),)), "<b/>"),
        (Outcome(Kind.PARTIAL, "214", parts=(Sonuc(("w", "c"), "200"), Sonuc(("w", "d"), "214", "<b/>"))), "<b/>"),
        (Outcome(Kind.OWN_FAULT, "220", "<a/>"), None),
        (Outcome(Kind.UNKNOWN_CODE, "777", parts=(Sonuc(("w", "c"), "214", "<b/>"),)), None),
        (Outcome(Kind.ACCEPTED, "200"), None),
    ],
)
def test_only_a_214_that_settles_the_message_is_explained(outcome, words):
    assert words_of_214(outcome) == words


class Blaming(FakeMinistry):
    """Answers 214 with `words` to the first message it gets, and stores the others."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self.turn = lambda canonical: canonical

    def _answer(self, sorgu_no, dvo, fault):
        return Reply(sorgu_no, "214", self.words) if len(self.sent) == 1 else super()._answer(sorgu_no, dvo, fault)


@pytest.fixture
def ministry():
    return Blaming()


@pytest.fixture
def delivered(gateway, ministry, capsys):
    """Accepts three records one by one, has the first blamed with `words`; gives (row, explanation) and the log."""

    def deliver(words):
        from dataclasses import replace

        set_up_log()
        slow = replace(gateway, pace=replace(gateway.pace, window=1, concurrency=1))
        for number in range(3):
            list(accept(slow, KURUM, submitted(record(f"K-{number}", calisan=[WORKER]))))
        ministry.words = words
        dispatch(slow)
        with reading(slow.database) as tx:
            found = [readings.read_one(tx, KURUM, 10_000_000_001 + each) for each in range(3)]
            audit = verify(tx, slow.checkpoint_key.public, slow.checkpoint_key.origin)
        return found, audit, capsys.readouterr().err

    return deliver


def test_a_214_is_explained_sealed_logged_and_its_cause_shown_on_the_stopped_ones(gateway, delivered):
    found, audit, log = delivered("Hata: " + turned(LISTS, PLAIN_40).decode())

    first, *others = found
    assert (first["row"]["state"], first["row"]["last_code"]) == ("refused", "214")
    told = bodies.open_explanation(
        content_of(gateway, KURUM, 10_000_000_001), KURUM, 10_000_000_001, first["refused_parts"]
    )
    assert told is not None
    codes = ",".join(each["code"] for each in told["causes"])
    assert codes
    assert [(each["row"]["state"], each["row"]["reason"]) for each in others] == [
        ("quarantined", f"own_fault:{codes}"[:64].rstrip(","))
    ] * 2
    lines = [json.loads(line) for line in log.splitlines()]
    line = next(each for each in lines if each["event"] == "receipt.explained")
    assert (line["cause"], line["sorgu_no"], line["code"]) == (codes, 10_000_000_001, "214")
    assert WORKER not in log
    assert PROFESSIONAL not in log
    assert WORKER not in json.dumps(told)
    assert audit.broken is None


def test_the_message_of_a_reply_keeps_the_space_around_its_xml():
    namespace = "http://x/"
    escaped = ALTERED.decode().replace("&", "&amp;").replace("<", "&lt;")
    body = (
        f'<S:Envelope xmlns:S="{SOAP11}"><S:Body><n:{SAVE}Response xmlns:n="{namespace}"><return>'
        f"<message>Hata: {escaped}\n</message><sorguNo>7</sorguNo><status>214</status></return>"
        f"</n:{SAVE}Response></S:Body></S:Envelope>"
    )
    said = read_save(body.encode(), namespace)

    assert isinstance(said, Reply)
    assert {each.cause for each in explain(SINGLE, said.message.encode()).causes} == {
        Cause.DOUBLE_TEXT,
        Cause.TRAILING_SPACE,
    }


@pytest.mark.parametrize("words", ["", "İmzalı içerik hatalı", "<", "<?xml"])
def test_a_214_without_xml_ends_the_same_way(gateway, delivered, words):
    found, audit, _ = delivered(words)

    told = bodies.open_explanation(
        content_of(gateway, KURUM, 10_000_000_001), KURUM, 10_000_000_001, found[0]["refused_parts"]
    )
    assert told is not None
    assert told["causes"]
    assert [each["row"]["state"] for each in found] == ["refused", "quarantined", "quarantined"]
    assert (
        bodies.open_refused(
            content_of(gateway, KURUM, 10_000_000_001), KURUM, 10_000_000_001, found[0]["refused_parts"]
        )
        == []
    )
    assert audit.broken is None
