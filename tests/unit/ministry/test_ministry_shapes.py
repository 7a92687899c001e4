import pytest
from lxml import etree

from integrator.ministry.bildirim import Unreadable
from integrator.ministry.published import read_wsdl
from integrator.ministry.shapes import Shapes

NIL = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'


@pytest.fixture(scope="module")
def shapes():
    return Shapes(read_wsdl("soap-g2"))


def read(shapes, inner, type_name="cokluEgitimDVO"):
    return shapes.read(etree.fromstring(f"<x>{inner}</x>"), type_name)


def test_fields_come_out_in_python_types(shapes):
    inner = "<belgeTipi> 2\n</belgeTipi><egitim><egitimSuresi>4e1</egitimSuresi></egitim>"
    inner += "<sgkTescilNo>01</sgkTescilNo>"

    assert read(shapes, inner) == {"belgeTipi": 2, "egitim": [{"egitimSuresi": 40.0}], "sgkTescilNo": "01"}


def test_a_nil_member_is_none(shapes):
    assert read(shapes, f"<calisan {NIL}/>") == {"calisan": [None]}


@pytest.mark.parametrize(
    "inner",
    [
        "<unknown/>",
        "<egitimYer>1</egitimYer><egitimTur>0</egitimTur>",
        "<egitimYer>1</egitimYer><egitimYer>1</egitimYer>",
        "<egitimYer>x</egitimYer>",
        "<egitimYer>2147483648</egitimYer>",
        "<sorguNo>9223372036854775808</sorguNo>",
        "<sorguNo>1_0</sorguNo>",
        "<sorguNo>٣</sorguNo>",
        "<sorguNo><b/>1</sorguNo>",
        "<sorguNo/>",
        "<egitim><egitimSuresi>40,5</egitimSuresi></egitim>",
        "<calisan><calisanTcNo>1</calisanTcNo></calisan>",
    ],
)
def test_what_the_type_does_not_allow_is_unreadable(shapes, inner):
    with pytest.raises(Unreadable):
        read(shapes, inner)


def test_an_answer_is_written_in_schema_order(shapes):
    written = shapes.write("isyeriCevapDVO", {"status": 200, "naceKodu": "41 & <1>", "calisanSayisi": 3, "sorguNo": 9})

    assert written == (
        "<calisanSayisi>3</calisanSayisi><naceKodu>41 &amp; &lt;1&gt;</naceKodu>"
        "<sorguNo>9</sorguNo><status>200</status>"
    )


def test_a_mandatory_field_without_a_value_is_zero(shapes):
    assert shapes.write("profesyonelYetkilimiCevapDVO", {"status": 213}) == (
        "<status>213</status><yetkilimiBoolean>false</yetkilimiBoolean>"
    )
