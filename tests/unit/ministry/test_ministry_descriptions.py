"""The published descriptions against the tables of the public contract, copied here word by word (2.1 to 2.4)."""

import json
import re

import pytest

from integrator.ministry.published import published_folder, read_openapi, read_wsdl

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
# name: type occurrence; "0..n" carries nillable="true"
LISTED = """
egitimObject | egitimKoduId : long 0..1 · egitimSuresi : double 1
calisanObject | calisanTckNo : long 0..1
"""
GENERATION_1 = """
egitimDVO | belgeTipi : long 0..1 · calisanTckNo : long 0..1 · egiticiTckNo : long 0..1 · egitimKoduId : long 0..1 · egitimSuresi : double 1 · egitimTarihi : string 0..1 · egitimTur : int 1 · egitimYer : int 1 · firmaKodu : string 0..1 · isgProfTckNo : long 0..1 · isyeriId : long 0..1 · sgkTescilNo : string 0..1 · sorguNo : long 0..1
egitimCevapDVO | message : string 0..1 · sorguNo : long 0..1 · status : int 1
isyeriCevapDVO | calisanSayisi : long 1 · message : string 0..1 · naceKodu : string 0..1 · sorguNo : long 1 · status : int 1 · tehlikeSinifi : string 0..1
egitimBildirimSorguDVO | baslangicTarihi : string 0..1 · bitisTarihi : string 0..1 · calisanTckNo : long 1 · isgProfTckNo : long 1 · sorguNo : long 1
egitimBildirimSorgulaCevapDVO | calisanTcNo : long 0..1 · egitimKoduId : long 0..1 · egitimSuresi : double 1 · egitimTarihi : string 0..1 · message : string 0..1 · sorguNo : long 0..1 · status : int 1
"""  # noqa: E501 - as the table of the contract has it
SHARED = """
isyeriDVO | belgeTipi : long 0..1 · isgProfTckNo : string 0..1 · isyeriSgkNo : string 0..1 · sorguNo : long 1
profesyonelYetkilimiDVO | isProfesyonel : int 1 · isgProfTc : long 0..1 · isyeriSgkNo : string 0..1 · sorguNo : long 0..1
profesyonelYetkilimiCevapDVO | message : string 0..1 · sorguNo : long 0..1 · status : int 1 · yetkilimiBoolean : boolean 1
egitimKodu | aciklama : string 0..1 · aktif : long 0..1 · kodu : long 0..1
egitimKoduListesi | egitimListesi : egitimKodu 0..n · message : string 0..1 · status : int 1
"""  # noqa: E501
LIST_DVO = "belgeTipi : long 0..1 · calisan : calisanObject 0..n · egiticiTckNo : long 0..1 · egitim : egitimObject 0..n · egitimTarihi : string 0..1 · egitimTur : int 1 · egitimYer : int 1 · firmaKodu : string 0..1 · imzaliDeger : string 0..1 · isgProfTckNo : long 0..1 · isyeriId : long 0..1 · sgkTescilNo : string 0..1 · sorguNo : long 0..1"  # noqa: E501
GENERATION_2 = f"""
cokluEgitimDVO | {LIST_DVO}
kayitBilgisi | calisan : calisanObject 0..1 · egitim : egitimObject 0..1 · message : string 0..1 · status : int 1
cokluEgitimCevapDVO | basariliKayitBilgisi : kayitBilgisi 0..n · message : string 0..1 · sorguNo : long 0..1 · status : int 1
"""  # noqa: E501
GENERATION_3 = f"""
egitimDVO | {LIST_DVO}
egitimCevapDVO | message : string 0..1 · sorguNo : string 0..1 · status : int 1
isyeriCevapDVO | adUnvan : string 0..1 · calisanSayisi : long 1 · message : string 0..1 · naceKodu : string 0..1 · status : int 1 · tehlikeSinifi : string 0..1
"""  # noqa: E501
# name: children in wire order -> response type and occurrence
CALLS = """
isyeriBilgisi | isyeriDVO : isyeriDVO · firmaKodu : string · parola : string | isyeriCevapDVO 0..1
profYetkilimiSorgula | ProfesyonelYetkilimiDVO : profesyonelYetkilimiDVO · firmaKodu : string · parola : string | profesyonelYetkilimiCevapDVO 0..1
EgitimKoduBilgisi | | egitimKoduListesi 0..1
"""  # noqa: E501
PAIR_QUERY = "egitimBildirimSorgula | EgitimBildirimSorguDVO : egitimBildirimSorguDVO · firmaKodu : string · parola : string | egitimBildirimSorgulaCevapDVO 0..n"  # noqa: E501
SAVE = "{} | egitim : {} · firmaKodu : string · parola : string | {} 0..1"
CALLS_OF = {
    "soap-g1": [SAVE.format("egitimBildirimKaydet", "egitimDVO", "egitimCevapDVO"), PAIR_QUERY],
    "soap-g2": [SAVE.format("cokluEgitimBildirimKaydet", "cokluEgitimDVO", "cokluEgitimCevapDVO"), PAIR_QUERY],
    "soap-g3": [
        SAVE.format("egitimBildirimKaydet", "egitimDVO", "egitimCevapDVO"),
        "egitimBildirimSorgula | sorguNo : string · firmaKodu : string · parola : string | egitimCevapDVO 0..n",
    ],
}
TYPES_OF = {
    "soap-g1": GENERATION_1 + SHARED,
    "soap-g2": "\n".join(line for line in GENERATION_1.splitlines()[3:]) + SHARED + LISTED + GENERATION_2,
    "soap-g3": SHARED + LISTED + GENERATION_3,
}
NAMESPACES = {
    "soap-g1": "http://ws.csgbwebservices.csgb.gov.tr/",
    "soap-g2": "http://ws.csgbwebservices.csgb.gov.tr/",
    "soap-g3": "http://ws.ibys.ailevecalisma.gov.tr/",
}
GENERATIONS = tuple(TYPES_OF)


def table(text):
    rows = (line.split(" | ") for line in text.strip().splitlines() if line.strip())
    return {name: [" ".join(one.split()) for one in fields.split("·")] for name, fields in rows}


def occurrence(element):
    if element.get("maxOccurs") == "unbounded":
        return "0..n"
    return "0..1" if element.get("minOccurs") == "0" else "1"


def types(generation):
    return {
        one.get("name"): one.findall(f"{XS}sequence/{XS}element")
        for one in read_wsdl(generation).root.iter(f"{XS}complexType")
    }


def written(elements):
    return [f"{one.get('name')} : {one.get('type').partition(':')[2]} {occurrence(one)}" for one in elements]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_type_has_the_fields_of_the_contract_in_their_order(generation):
    found = {name: written(elements) for name, elements in types(generation).items()}
    dvo = found["egitimDVO"] if generation == "soap-g1" else []
    if dvo:  # the one field that the generated type does not have; its row is in docs/divergences.md
        dvo.remove("imzaliDeger : string 0..1")

    expected = table(TYPES_OF[generation])
    operations = {name for name in found if name.removesuffix("Response") in calls(generation)}
    assert {name: fields for name, fields in found.items() if name in expected} == expected
    assert set(found) - operations == set(expected)


def test_the_signature_of_generation_1_stands_where_generation_2_has_it():
    names = [one.get("name") for one in types("soap-g1")["egitimDVO"]]

    assert names[names.index("imzaliDeger") - 1 : names.index("imzaliDeger") + 2] == [
        "firmaKodu",
        "imzaliDeger",
        "isgProfTckNo",
    ]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_list_is_nillable_but_returns_and_numbers(generation):
    many = [one for elements in types(generation).values() for one in elements if occurrence(one) == "0..n"]

    assert all((one.get("nillable") == "true") == (one.get("name") not in ("return", "sorguNo")) for one in many)


def calls(generation):
    rows = [line.split("|") for line in [*CALLS_OF[generation], *CALLS.strip().splitlines()]]
    return {name.strip(): (parameters.strip(), cevap.strip()) for name, parameters, cevap in rows}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_operation_has_its_parameters_and_its_return(generation):
    found = types(generation)

    for name, (parameters, cevap) in calls(generation).items():
        children = [f"{one.get('name')} : {one.get('type').partition(':')[2]}" for one in found[name]]
        assert " · ".join(children) == parameters
        assert written(found[f"{name}Response"]) == [f"return : {cevap}"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_port_type_bindings_and_elements_name_the_same_operations(generation):
    root = read_wsdl(generation).root
    groups = [*root.iter(f"{WSDL}portType"), *root.iter(f"{WSDL}binding")]

    named = [{one.get("name") for one in group.findall(f"{WSDL}operation")} for group in groups]
    elements = {one.get("name").removesuffix("Response") for one in root.find(f".//{XS}schema").findall(f"{XS}element")}

    assert named == [set(calls(generation))] * 3
    assert elements == set(calls(generation))
    assert root.find(f"{WSDL}portType").get("name") == "IsgIbysWs"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_namespace_and_form_are_those_of_the_contract(generation):
    wsdl = read_wsdl(generation)
    schema = wsdl.root.find(f".//{XS}schema")

    assert (wsdl.namespace, schema.get("targetNamespace")) == (NAMESPACES[generation],) * 2
    assert schema.get("elementFormDefault") == "unqualified"
    assert wsdl.octets.count(b'soapAction=""') == 10


BODIES = {
    "EgitimBilgisi": "sertifikaTipi number · isgProfTcKNo number · egitimKodu string · egitimSuresi number · egitimTarihi string · egitimYeri number · egitimYontemi number · egiticiTcKNo number · isyeriSgkSicilNo string · calisanTcKNo number · zamanDamgasi string · imzalayanKimlikNo number",  # noqa: E501
    "MuayeneBilgisi": "ihKimlikNo number · calisanMeslegi string · rontgenYapildiMi number · isitmeTestiYapildiMi number · solunumFonkTestiYapildiMi number · kanTetkikiYapildiMi number · idrarTetkikiYapildiMi number · isyeriSgkSicilNo string · calisanTcKNo number · sonucVeKanaat string · muayeneRaporTarihi string · raporGecerlikTarihi string · zamanDamgasi string · imzalayanKimlikNo number · raporTuru string · calismaOrtamiDTO CalismaOrtami · calismaSekliDTO CalismaSekli · kullanilanIsEkipmanlari array",  # noqa: E501
    "CalismaOrtami": "fizikiOrtamSinifi array · havaSinifi array · gurultuSinifi array · elektrikSinifi array · tozYonetmeligiSinifi array · kimyasalMaddeSinifi array · biyolojikEtkenlerSinifi array",  # noqa: E501
    "CalismaSekli": "calismaPozisyonu number · calismaZamani number · aracKullanimi number",
    "HizmetVerilenIsyeri": "sgkSicilNo string · hizmetBaslangicTarih string",
    "Sonuc": "sonuc string · aciklama string",
}
PATHS = [
    "/egitimBilgisiIslemleri/egitimBilgisiBildir",
    "/muayeneBilgisiIslemleri/muayeneBilgisiBildir",
    "/hizmetVerilenIsyeriIslemleri/hizmetVerilenIsyeriBildir",
    "/isgProfesyoneliIslemleri/isgProfesyoneliDogrula",
    "/calisanSigortalilikIslemleri/calisanSigortalilikKontrolu",
]


def kind(schema):
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else schema["type"].replace("integer", "number")


@pytest.mark.parametrize("name", BODIES)
def test_every_body_of_generation_4_has_the_fields_of_the_contract_in_their_order(name):
    properties = read_openapi("json-g4")["components"]["schemas"][name]["properties"]

    assert " · ".join(f"{field} {kind(schema)}" for field, schema in properties.items()) == BODIES[name]


def test_the_openapi_has_the_five_paths_and_says_what_is_assumed():
    document = read_openapi("json-g4")
    schemas = document["components"]["schemas"]
    operations = [path["post"] for path in document["paths"].values()]

    assert (document["openapi"], list(document["paths"])) == ("3.1.0", PATHS)
    assert [one["operationId"] for one in operations] == [path.rpartition("/")[2] for path in PATHS]
    assert {name for name, schema in schemas.items() if schema["x-status"] == "assumed"} == set(schemas) - set(BODIES)
    assert {one["x-status"] for one in operations} == {"seen", "assumed"}
    assert document["components"]["securitySchemes"]["firma"]["scheme"] == "basic"


def test_every_reference_of_the_openapi_leads_somewhere():
    document = read_openapi("json-g4")

    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        found = document
        for step in reference.split("/"):
            found = found[step]
        assert found["type"] == "object"


def test_every_pattern_and_required_field_of_the_openapi_makes_sense():
    for schema in read_openapi("json-g4")["components"]["schemas"].values():
        assert set(schema["required"]) <= set(schema["properties"])
        for field in schema["properties"].values():
            re.compile(field.get("pattern", ""))


def test_no_address_of_a_ministry_stands_outside_the_namespaces():
    for path in (published_folder() / "schemas").rglob("ibys.wsdl"):
        namespace = read_wsdl(path.parent.name).namespace
        assert ".gov.tr" not in path.read_text().replace(namespace, "")
    assert ".gov.tr" not in json.dumps(read_openapi("json-g4"))
