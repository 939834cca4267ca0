"""Lists of JSON files, item by item: the same as reading them whole, wherever a chunk ends."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.json_lists import Damaged, items, lists_in

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(
    st.dictionaries(st.text(), st.lists(values, max_size=6), max_size=4),
    st.integers(1, 40),
    st.sampled_from([None, 1, 4]),
    st.booleans(),
)
def test_every_list_is_read_as_it_is(document, chunk_bytes, indent, only_ascii):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lists.json"
        text = json.dumps(document, indent=indent, ensure_ascii=only_ascii)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            text.encode()
        except UnicodeEncodeError:
            with pytest.raises(Damaged, match="UTF-8"):
                lists_in(file, chunk_bytes)
            return
        found = lists_in(file, chunk_bytes)
        assert {one.key: one.count for one in found} == {key: len(value) for key, value in document.items()}
        assert {one.key: list(items(one, chunk_bytes)) for one in found} == document


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the file holds a list"),
        ("[1, 2] [3]", "line 1: something follows the end of the list"),
        ('"users"', "line 1: the file holds a list"),
        ('{"users": {}}', 'line 1: "users" is not a list'),
        ('{"users": 5}', 'line 1: "users" is not a list'),
        ('{\n"users": [\n{"a": 1},\n{"a": }\n]}', "line 4: this is no valid JSON"),
        ('{\n"users": [\n{"a": 1}\n{"a": 2}]}', "line 4: a comma or the end of the list"),
        ('{"users": [1,', "line 1: the file ends too early"),
        ('{"users": [1, ]}', "line 1: this is no valid JSON"),
        ('{"users": [1]', "line 1: a comma or the end of the object"),
        ('{"users": [1],}', "line 1: this is no valid JSON"),
        ('{"users": []} {"more": []}', "line 1: something follows"),
        ('{"users": ["never ends]}', "line 1: this is no valid JSON"),
        ('{"users": [NaN]}', "line 1: NaN is no number"),
        ("{5: []}", "line 1: a list's name is expected"),
        ('{"users": [' + "[" * 100_000, "line 1: this is nested too deeply"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(tmp_path, text, message):
    file = tmp_path / "lists.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Damaged) as caught:
        lists_in(file)
    assert str(caught.value).startswith(message)


def test_a_byte_order_mark_is_passed_over_and_other_encodings_are_not_guessed(tmp_path):
    file = tmp_path / "lists.json"
    file.write_text('{"users": [1]}', encoding="utf-8-sig")
    assert [list(items(one)) for one in lists_in(file)] == [[1]]
    file.write_text('{"users": ["Zoë"]}', encoding="latin-1")
    with pytest.raises(Damaged, match="UTF-8"):
        lists_in(file)
