"""What the models find wrong with a question, in the words of this API: "minutes: must be at least 1"."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from rules.library_values import DAY_OR_TIME
from web.schemas import CURRENCY, DAY

# By pydantic's type of error; {…} are what it tells besides.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} of them",
    "too_long": "must have at most {max_length} of them",
    "value_error": "{error}",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("int_parsing_size", "float_parsing_size"), "is too large a number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("string_type", "string_unicode"), "must be text"),
    **dict.fromkeys(
        ("datetime_from_date_parsing", "datetime_parsing", "datetime_type"),
        "must be a time like 2026-11-21T18:30:00+01:00",
    ),
    "list_type": "must be a list",
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be a JSON object"),
}
_FORMS = {
    DAY: "must be a day like 2026-11-21",
    DAY_OR_TIME: "must be a day or time such as 2026-11-21 or 2026-11-21T18:30:00+01:00",
    CURRENCY: "must be three letters such as USD",
}


def faults(error: ValidationError) -> list[dict[str, str]]:
    """``[{"field", "message"}]``, in the order in which they were found. A field is named like ``tiers.0.name``."""
    return [_fault(one) for one in error.errors(include_url=False, include_input=False)]


def _fault(one: Any) -> dict[str, str]:
    field = ".".join(map(str, one["loc"]))
    if not field and one["type"] in ("model_type", "model_attributes_type"):
        return {"field": "", "message": "the body must be a JSON object"}
    return {"field": field, "message": f"{field}: {_words(one)}" if field else _words(one)}


def _words(one: Any) -> str:
    context = one.get("ctx", {})
    if one["type"] == "literal_error":
        return f"must be one of {str(context['expected']).replace(' or ', ', ').replace(chr(39), '')}"
    if one["type"] == "string_pattern_mismatch":
        return _FORMS.get(context["pattern"], "cannot be read: send what an answer has told")
    words = _WORDS.get(one["type"])
    return words.format(**context) if words else str(one["msg"])
