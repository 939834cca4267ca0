"""The shapes of the library's records, as the API document shows them: made from the descriptions of the six kinds.

The document says what fits; the order checks it, because it has the words for what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from analytics.library_records import STATES, Kind, Reference
from rules.library_values import Moment
from web.schemas import Order, Pagination, Question, with_its_plus

MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}


class RecordPages(Pagination):
    total_is_exact: bool = Field(alias="totalIsExact", description="false: there are more than `total`")


class Deleted(BaseModel):
    success: Literal[True]
    id: int


@dataclass(frozen=True, slots=True)
class Shapes:
    """``given``: a whole record, ``changes``: a part of one, ``record``: one as it is answered."""

    query: type[BaseModel]
    given: type[BaseModel]
    changes: type[BaseModel]
    record: type[BaseModel]
    page: type[BaseModel]


def shapes_of(kind: Kind) -> Shapes:
    name = kind.one.title()
    record = _record(kind, f"{name}Record")
    page = create_model(
        f"{name}RecordPage",
        success=(Literal[True], ...),
        data=(list[record], ...),  # type: ignore[valid-type]
        pagination=(RecordPages, ...),
    )
    required = [field.name for field in kind.fields if field.required]
    return Shapes(
        _query(kind, f"{name}RecordQuery"),
        _given(kind, f"{name}Given", required),
        _given(kind, f"{name}Changes", []),
        record,
        page,
    )


def _given(kind: Kind, name: str, required: list[str]) -> type[BaseModel]:
    schema: dict[str, Any] = {"additionalProperties": False} | ({"required": required} if required else {})
    fields: dict[str, Any] = {}
    for field in kind.fields:
        shape = field.value.schema()
        if field.nullable:
            shape = _or_null(shape)
        fields[field.name] = (Any, Field(None, json_schema_extra=shape, description=field.about or None))
    config = ConfigDict(extra="allow", json_schema_extra=schema)
    return create_model(name, __config__=config, **fields)


def _record(kind: Kind, name: str) -> type[BaseModel]:
    told: dict[str, Any] = {"id": {"type": "integer"}}
    for field in kind.fields:
        if not field.value.hidden:
            shape = MOMENT if field.column.endswith("_ms") else {"type": field.value.schema()["type"]}
            told[field.name] = _or_null(shape) if field.nullable else shape
    for label in kind.labels:
        told[label.name] = _or_null({"type": "string"}) if label.nullable else {"type": "string"}
    for figure in kind.figures:
        shape = {key: value for key, value in figure.value.schema().items() if key in ("type", "enum")}
        told[figure.name] = _or_null(shape) if figure.nullable else shape
    told |= {"created_at": MOMENT, "updated_at": MOMENT}
    fields: dict[str, Any] = {key: (Any, Field(json_schema_extra=shape)) for key, shape in told.items()}
    return create_model(name, **fields)


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    return shape | {"type": [shape["type"], "null"]}


def _query(kind: Kind, name: str) -> type[BaseModel]:
    sorts = tuple(kind.sorts)
    order = "desc" if kind.descending else "asc"
    fields: dict[str, Any] = {
        "page": (int, Field(1, ge=1, le=10_000_000)),
        "limit": (int, Field(50, ge=1, le=200)),
        "sort": (Literal[sorts], sorts[0]),
        "order": (Order, order),
    }
    if kind.searched:
        about = f"a part of {' or '.join(kind.searched)}"
        fields["search"] = (str, Field("", max_length=256, description=about))
    for one in kind.filters:
        fields[one.name] = (_type_of_filter(one) | None, Field(None, description=one.about or None, **_bounds(one)))
    return create_model(name, __base__=Question, **fields)


def _type_of_filter(one: Any) -> Any:
    if one.how == "state":
        return Literal[STATES]
    if isinstance(one.value, Moment):
        return Annotated[str, BeforeValidator(with_its_plus)]
    return int if isinstance(one.value, Reference) else str


def _bounds(one: Any) -> dict[str, Any]:
    if one.value is None:
        return {}
    shape = one.value.schema()
    names = {"minimum": "ge", "maximum": "le", "minLength": "min_length", "maxLength": "max_length"}
    bounds: dict[str, Any] = {names[key]: value for key, value in shape.items() if key in names}
    return bounds | ({"pattern": shape["pattern"]} if "pattern" in shape else {})
