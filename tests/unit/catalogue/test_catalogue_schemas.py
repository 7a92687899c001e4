"""The definitions and their XSDs say the same: names, order, types, lengths, occurrence. Neither can drift alone."""

import json

import pytest
from lxml import etree

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.published import published
from tests.factories import REPO, SGK, WORKER

XS = "{http://www.w3.org/2001/XMLSchema}"
DEFINITIONS = read_catalogue().definitions
SIGNED = [each for each in DEFINITIONS if each.signed]

# What the type of a kind must take and must refuse, as the record or the signed XML writes it.
TAKES = {
    "tckn": ([WORKER], [WORKER[:-1], WORKER + "0", "0" + WORKER[1:], "8000000013a"]),
    "sgk_tescil_no": ([SGK], [SGK[:-1], SGK + "0", "0" + SGK[1:]]),
    "meslek": (["2263.01", "0110.00"], ["2263", "2263.1", "22630.01", "2263,01"]),
    "flag": (["0", "1"], ["2", "", "true", "01"]),
    "code": ([], ["", "01x", "-1", "1.0", "x"]),
    "codes": ([], ["", "01x", "-1", "1.0", "x"]),
    "minutes": (["40.0", "0.01", "1440.0", "37.5"], ["40", "", "-1.0", "4E1", "40.000"]),
}
DAYS = {"kayit": (["2025-10-23"], ["23-10-2025", ""]), "imzali": (["23-10-2025"], ["2025-10-23", "32-10-2025", ""])}


def ident(definition):
    return f"{definition.veri_seti}/{definition.version}"


def tree_of(definition, name):
    return etree.parse(published("schemas", definition.veri_seti, definition.version, f"{name}.xsd"))


def types_of(definition):
    return etree.parse(published("schemas", definition.veri_seti, "types.xsd"))


def elements(parent):
    return parent.find(f"{XS}complexType").find(f"{XS}sequence").findall(f"{XS}element")


def occurrence(element):
    return int(element.get("minOccurs", "1")), int(element.get("maxOccurs", "1"))


def is_taken(definition, type_name, value):
    """Whether the XSD's type takes the text: judged by lxml in a schema of one element."""
    schema = etree.fromstring(etree.tostring(types_of(definition)))
    etree.SubElement(schema, f"{XS}element", name="x", type=type_name, nsmap={"xs": XS[1:-1]})
    probe = etree.Element("x")
    probe.text = value
    return etree.XMLSchema(schema).validate(probe)


def assert_type(definition, field, type_name, form):
    good, bad = DAYS[form] if field.kind == "date" else TAKES.get(field.kind, ([], []))
    if field.kind in ("code", "codes"):
        good = list(definition.code_lists[field.code_list])
    if field.kind == "text":
        good, bad = ["x", "x" * field.max], ["", "x" * (field.max + 1)]
    assert [value for value in good if not is_taken(definition, type_name, value)] == [], field.name
    assert [value for value in bad if is_taken(definition, type_name, value)] == [], field.name


def assert_members(definition, field, type_name, form):
    listed = next(each for each in types_of(definition).getroot() if each.get("name") == type_name)
    inner = listed.find(f"{XS}sequence").findall(f"{XS}element")
    assert [each.get("name") for each in inner] == [each.name for each in field.members]
    for member, element in zip(field.members, inner, strict=True):
        assert occurrence(element) == (1, 1)
        assert_type(definition, member, element.get("type"), form)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=ident)
def test_the_record_schema_has_the_fields_of_the_definition(definition):
    [root] = tree_of(definition, "kayit").getroot().findall(f"{XS}element")
    found = elements(root)

    assert root.get("name") == f"{definition.veri_seti.replace('_', '-')}-kaydi"
    assert [each.get("name") for each in found] == [each.name for each in definition.fields]
    for field, element in zip(definition.fields, found, strict=True):
        most = field.max if field.kind in ("list", "codes") else 1
        assert occurrence(element) == (int(field.required), most), field.name
        if field.kind == "list":
            assert_members(definition, field, element.get("type"), "kayit")
        else:
            assert_type(definition, field, element.get("type"), "kayit")


def paths_of(element, prefix=""):
    """(path, element) of every leaf under a record element, wrappers in the path."""
    for each in elements(element):
        if each.get("type") is None:
            yield from paths_of(each, f"{prefix}{each.get('name')}/")
        else:
            yield prefix + each.get("name"), each


@pytest.mark.parametrize("definition", SIGNED, ids=ident)
def test_the_signed_schema_has_the_order_of_the_definition(definition):
    form = definition.signed
    [root] = tree_of(definition, "imzali").getroot().findall(f"{XS}element")
    [record] = elements(root)
    found = list(paths_of(record))

    assert (root.get("name"), record.get("name")) == (form.root, form.record)
    assert [path for path, _ in found] == [path.rpartition(".")[2] if "." in path else path for path in form.order]
    for path, (_, element) in zip(form.order, found, strict=True):
        name, _, member = path.rpartition("/")[2].partition(".")
        field = definition.field_by_name[name]
        if member:
            inner = next(each for each in field.members if each.name == member)
            assert occurrence(element) == (1, 1)
            assert_type(definition, inner, element.get("type"), "imzali")
        elif field.kind == "list":
            assert occurrence(element) == (1, definition.limits[name].max)
            assert_members(definition, field, element.get("type"), "imzali")
        else:
            assert occurrence(element) == (int(field.required), field.max if field.kind == "codes" else 1), name
            assert_type(definition, field, element.get("type"), "imzali")


def test_every_version_has_its_schemas():
    assert [ident(each) for each in DEFINITIONS if each.schema is None] == []


@pytest.mark.parametrize("definition", DEFINITIONS, ids=ident)
def test_every_field_says_its_words_its_source_and_its_name_on_the_wire(definition):
    for path, field in definition.every_field:
        assert field.tr, path
        assert field.en, path
        assert field.source, path
        assert field.wire or definition.status == "draft", path
    assert [each.name for each in definition.local if not (each.tr and each.en and each.source)] == []


OPENAPI = REPO / "schemas" / "json-g4" / "openapi.json"
BODIES = {
    ("egitim", "2026-06"): "EgitimBilgisi",
    ("muayene", "2023-03"): "MuayeneBilgisi",
    ("hizmet_verilen_isyeri", "2026-06"): "HizmetVerilenIsyeri",
}


def names_in(schema, schemas):
    """``a.b`` for every property, references followed."""
    for name, each in schema["properties"].items():
        inner = schemas[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        if "properties" in inner:
            yield from (f"{name}.{below}" for below in names_in(inner, schemas))
        else:
            yield name


@pytest.mark.skipif(not OPENAPI.exists(), reason="NOTICE: the OpenAPI of the JSON generation is not in this checkout")
@pytest.mark.parametrize("version", BODIES, ids="/".join)
def test_the_names_of_the_json_generation_are_those_of_its_openapi(version):
    definition = read_catalogue().definition(*version)
    schemas = json.loads(OPENAPI.read_text(encoding="utf-8"))["components"]["schemas"]
    ours = [field.wire["json-g4"].name for _, field in definition.every_field if "json-g4" in field.wire]

    at_sending = [each["name"] for each in definition.at_sending]
    assert sorted([*ours, *at_sending]) == sorted(names_in(schemas[BODIES[version]], schemas))
