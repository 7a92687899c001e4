import pytest

from integrator.protect.safe_xml import UnsafeXml, XmlCaps, parse_xml


def refusal(content, caps=None):
    with pytest.raises(UnsafeXml) as raised:
        parse_xml(content, caps or XmlCaps())
    return str(raised.value)


def test_plain_xml_is_parsed_whatever_plain_encoding_it_declares():
    assert parse_xml('<?xml version="1.0" encoding="ISO-8859-9"?><a>ş</a>'.encode("iso-8859-9")).text == "ş"
    assert parse_xml(b"\xef\xbb\xbf<a>\xc5\x9f</a>").text == "ş"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE a><a/>", "a DOCTYPE"),
        ("<a/>".encode("utf-16"), "UTF-16, UTF-32 or a null character"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "the encoding utf-7"),
        (b'<?xml version="1.1"?><a/>', "a version of XML other than 1.0"),
        (b"a", "not XML in a plain encoding"),
        (b"", "not XML in a plain encoding"),
        (b"<a>&b;</a>", "not well-formed"),
        (b"<a><b></a>", "not well-formed"),
    ],
)
def test_what_is_not_plain_is_refused_in_words(content, words):
    assert refusal(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<a><b><c/></b></a>", "more than 2 levels"),
        (b'<a x="1" y="2" z="3"/>', "more than 2 attributes"),
        (b'<a x="12345678901"/>', "an attribute of great length"),
        (b"<a>12345678901</a>", "a text of great length"),
        (b"<a>" + b"<b/>" * 10 + b"</a>", "more than 8 tags"),
        (b"<a>" + b" " * 100 + b"</a>", "more than 100 bytes"),
    ],
)
def test_what_is_too_much_is_refused_in_words(content, words):
    assert refusal(content, XmlCaps(content_bytes=100, tags=8, depth=2, attributes=2, characters=10)) == words


def test_what_lies_at_the_caps_is_taken():
    caps = XmlCaps(content_bytes=100, tags=8, depth=2, attributes=2, characters=10)

    assert parse_xml(b'<a><b x="1234567890" y="2">1234567890</b></a>', caps).tag == "a"
