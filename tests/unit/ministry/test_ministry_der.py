import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrator.ministry import der
from integrator.ministry.der import NotDer, read_whole


def whole_tree(element):
    return [whole_tree(child) for child in element.children()] if element.tag & 0x20 else element.content


@settings(deadline=None)
@given(st.integers(0, 70_000))
def test_a_value_of_any_length_reads_back(toy, size):
    element = read_whole(toy.tlv(der.OCTET_STRING, b"x" * size))

    assert (element.tag, len(element.content)) == (der.OCTET_STRING, size)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x04",
        b"\x04\x05abc",
        b"\x04\x03abcd",
        b"\x30\x80\x00\x00",
        b"\x04\x81\x01a",
        b"\x04\x82\x00\x80" + b"a" * 128,
        b"\x04\x85\x00\x00\x00\x00\x01a",
        b"\x1f\x81\x01\x01a",
        b"\x04\x84\xff\xff\xff\xffa",
    ],
)
def test_what_is_not_the_shortest_definite_form_is_refused(octets):
    with pytest.raises(NotDer):
        read_whole(octets)


def test_a_child_may_not_reach_beyond_its_parent():
    with pytest.raises(NotDer):
        read_whole(b"\x30\x03\x04\x02a").children()


def test_a_primitive_value_has_no_children():
    with pytest.raises(NotDer):
        read_whole(b"\x04\x01a").children()


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(octets):
    try:
        whole_tree(read_whole(octets))
    except NotDer:
        pass
