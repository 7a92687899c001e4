import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.ministry.bildirim import Unreadable
from integrator.ministry.json_shapes import JsonShapes, NotJson, parse

SCHEMA = {
    "components": {
        "schemas": {
            "A": {
                "type": "object",
                "required": ["number", "inner"],
                "properties": {
                    "number": {"type": "integer", "enum": [1, 2]},
                    "text": {"type": "string", "pattern": "^[0-9]{2}$"},
                    "list": {"type": "array", "items": {"type": "integer"}},
                    "inner": {"$ref": "#/components/schemas/B"},
                },
            },
            "B": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}},
        }
    }
}
GOOD = {"number": 1, "inner": {"x": 0.5}}


def check(content):
    JsonShapes(SCHEMA).check(content, "A")


@pytest.mark.parametrize("change", [{}, {"text": "01"}, {"text": None}, {"list": []}, {"list": [1, 2]}])
def test_what_the_schema_allows_passes(change):
    check(GOOD | change)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"number": None}, "number"),
        ({"number": 3}, "number"),
        ({"number": True}, "number"),
        ({"number": 1.0}, "number"),
        ({"number": "1"}, "number"),
        ({"text": "٠١"}, "text"),
        ({"text": "01\n"}, "text"),
        ({"list": [1, "2"]}, "list"),
        ({"list": 1}, "list"),
        ({"inner": {}}, "x"),
        ({"inner": {"x": 1, "y": 2}}, "y"),
        ({"other": 1}, "other"),
    ],
)
def test_the_first_field_it_does_not_allow_is_named(change, named):
    with pytest.raises(Unreadable, match=named):
        check(GOOD | change)


@given(st.binary(max_size=60))
def test_any_bytes_are_one_object_or_none(body):
    try:
        assert isinstance(parse(body), dict)
    except NotJson:
        pass
