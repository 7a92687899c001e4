"""The names of codes as people read them, for the few codes that some messages hold."""

from __future__ import annotations

from collections.abc import Iterable

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.codes import CodeList

SERVED = "egitim_kodu"
CodeNames = dict[str, dict[str, dict[str, str]]]
"""Element -> code -> language -> name."""


def names_of(catalogue: Catalogue, pairs: Iterable[tuple[str, str]]) -> CodeNames:
    """The names of (element, code) pairs. Those of trainings come from the ministry's list; unknown ones have none."""
    lists: dict[str, CodeList] = {}
    list_of: dict[str, str] = {}
    for definition in catalogue.definitions:  # oldest first: of two versions the newer one's names are told
        lists |= definition.code_lists
        list_of |= {field.name: field.code_list for _, field in definition.every_field if field.code_list}
    lists |= {SERVED: {}, **catalogue.refreshed}
    names: CodeNames = {}
    for element, code in sorted(set(pairs)):
        listed = lists[list_of[element]].get(code)
        if listed:
            names.setdefault(element, {})[code] = {"tr": listed.tr, "en": listed.en}
    return names
