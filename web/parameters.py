"""Parameters in addresses: one that a route does not take is refused by its name, as fields of bodies are.

Passed over, a misspelt filter would list everybody, and a misspelt `dry_run` would do it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Response, current_app, request
from pydantic import AliasChoices, BaseModel

from web.errors import answer

EVERYWHERE = frozenset({"token", "_"})  # an overlay's; and what scripts add so that no cache answers
# Probes, shops, tills and PeerJS add what they like.
FREE = ("/health", "/metrics", "/track", "/api/sales", "/peerjs/")
SHOWN = 64  # letters of a name


def refuse_unknown() -> Response | None:
    """Before each request that asks for data; pages take whatever a link to them was given."""
    if not request.args or request.url_rule is None or request.url_rule.rule.startswith(FREE):
        return None
    taken = _taken(current_app.view_functions[request.url_rule.endpoint])
    if taken is None or not (unknown := [name for name in request.args if name not in taken | EVERYWHERE]):
        return None
    there_are = f"there are: {', '.join(sorted(taken))}" if taken else "this address takes none"
    details = [
        {"field": name[:SHOWN], "message": f"{name[:SHOWN]}: there is no such parameter; {there_are}"}
        for name in unknown
    ]
    return answer(422, details[0]["message"], details)


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to the API document what is answered then."""
    refused = {
        "description": "A parameter that is unknown",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ValidationError"}}},
    }
    for path, operations in document["paths"].items():
        if not path.startswith(FREE):
            for told in operations.values():
                told["responses"].setdefault("422", refused)
    return document


@cache
def _taken(view: Any) -> frozenset[str] | None:
    """The names of the parameters that a view takes; None where the API document does not know it."""
    told = getattr(view, "_spec", None)
    if not told or told.get("hide"):
        return None
    models = [model for model, location in told.get("args") or () if location == "query"]
    return frozenset(name for model in models for name in _names(model))


def _names(model: type[BaseModel]) -> list[str]:
    names: list[str] = []
    for name, field in model.model_fields.items():
        told = field.validation_alias or field.alias or name
        names.extend(str(one) for one in (told.choices if isinstance(told, AliasChoices) else (told,)))
    return names
