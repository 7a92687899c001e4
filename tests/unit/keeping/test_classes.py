from datetime import date

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.errors import NotFound
from integrator.keeping.classes import class_named, class_of, classes, workers_of
from tests.factories import PROFESSIONAL, WORKER

LEFT = {"leaving": date(2025, 12, 31)}


def test_every_published_set_has_one_class():
    for name in {each.veri_seti for each in read_catalogue().definitions}:
        assert class_of(name, [{}]).name


def test_every_named_person_is_a_field_of_its_sets():
    fields = {f.name for each in read_catalogue().definitions for f in each.fields}

    assert {name for each in classes().values() for name in each.persons} <= fields


def test_a_health_file_is_kept_fifteen_years_after_leaving():
    assert class_of("muayene", [LEFT]).ends_on(date(2020, 1, 1), [LEFT]) == date(2040, 12, 31)


def test_an_exposed_workers_health_file_is_kept_forty_years_after_exposure_ends():
    told = {**LEFT, "exposure": date(2010, 1, 1), "exposure_end": date(2024, 6, 30)}
    kind = class_of("muayene", [told])

    assert kind.name == "health_exposure"
    assert kind.ends_on(date(2020, 1, 1), [told]) == date(2064, 6, 30)


def test_exposure_without_an_end_is_kept():
    told = {**LEFT, "exposure": date(2010, 1, 1)}

    assert class_of("muayene", [told]).ends_on(date(2020, 1, 1), [told]) is None


def test_a_clock_never_starts_before_the_record():
    assert class_named("training").ends_on(date(2030, 1, 1), [LEFT]) == date(2040, 1, 1)


def test_the_29th_of_february_ends_on_the_first_of_march():
    assert class_named("training").ends_on(date(2024, 1, 1), [{"leaving": date(2024, 2, 29)}]) == date(2034, 3, 1)


def test_an_unknown_class_is_told():
    with pytest.raises(NotFound, match="training"):
        class_named("nothing")


def test_workers_are_found_in_lists_of_numbers_and_of_objects():
    lists = f'egitim/2018-10/{{"calisan": ["{WORKER}"], "isgProfTckNo": "{PROFESSIONAL}"}}'.encode()
    objects = f'egitim/2018-10/{{"calisan": [{{"calisanTckNo": {WORKER}}}]}}'.encode()

    assert workers_of(lists, ["calisan"]) == workers_of(objects, ["calisan"]) == {WORKER}
