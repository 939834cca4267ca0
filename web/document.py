"""What the API document says of all calls alike: their groups, names and options, who gets in, and what a time is."""

from __future__ import annotations

import re
from typing import Any

# In the order of /docs. Blueprints share them; left to itself the framework names each as often as it has blueprints.
TAGS = {
    "Live": "What happens now",
    "Past streams": "Streams that were, with their chat",
    "Viewers": "Everybody who was ever here",
    "Store": "What visitors of the shop do",
    "Revenue": "What is earned, and who looked at the shop",
    "Library": "Members, plans, titles, what was watched and paid",
    "Team": "Accounts and API tokens",
    "Settings": "What is no secret of `.env`",
    "Voice": "The team's voice room",
    "Overlay": "What overlays in OBS ask for",
    "Operations": "For whoever runs it",
}
SCHEMAS = "#/components/schemas/"
SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "overlay": {"type": "apiKey", "in": "query", "name": "token", "description": "`OVERLAY_TOKEN`, or one of yours"},
    "track": {"type": "apiKey", "in": "header", "name": "X-Track-Key", "description": "`TRACK_KEY`, or one of yours"},
    "signature": {"type": "apiKey", "in": "header", "name": "X-Signature"},
}
PARAMETERS = {
    "limit": "how many at most",
    "page": "which page, from 1 on; what moves up the list while you read is told twice or not at all",
    "sort": "by what the list is ordered",
    "sortBy": "by what the list is ordered",
    "order": "upwards or downwards, in whatever capitals",
    "type": "what the board counts",
    "days": "how many days ahead; 0 is today",
    "format": "the form of the file",
    "filter": "only these; active: seen within 30 days",
    "method": "only payments by this method",
    "currency": "only this currency",
    "content_type": "only titles of this kind",
    "plan_id": "only those of this plan",
    "user_id": "only those of this user",
    "content_id": "only those of this title",
    "since": "from that moment on: a day, or ISO 8601",
}
VARIABLES = {
    "username": "a name, or `twitch:name`, `tiktok:name`; a bare name on both platforms is TikTok's",
    "record_id": "the record's `id`",
    "user_id": "the user's `id`",
    "stream_id": "the stream's `id`",
    "anomaly_id": "the anomaly's `id`",
    "account_id": "the account's `id`",
    "token_id": "the token's `id`, as the list tells it",  # nosec B105
    "name": "the login, as the list tells it",
    "key": "always `peerjs`",
}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    document = _each_shape_once(document)
    document["tags"] = [{"name": name, "description": about} for name, about in TAGS.items()]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = _name(method, path)
            for parameter in operation.get("parameters", ()):
                _explain(parameter)
    for shape, schema in document["components"]["schemas"].items():
        schema["title"] = shape  # what generators call a class
        for name, told in schema.get("properties", {}).items():
            if told.get("default", ...) is None:
                del told["default"]  # left out is not the same as null, which most fields refuse
            if re.search("_at$|[a-z]At$", name):
                _is_a_time(told)
    return document


def _each_shape_once(document: dict[str, Any]) -> dict[str, Any]:
    """The framework copies shapes into each answer that has them, as `ViewersAnswer.Profile`. Alike ones become one."""
    while names := _doubles(document["components"]["schemas"]):
        document = _renamed(document, names)
    rest = [name for name in document["components"]["schemas"] if "." in name]
    return _renamed(document, {name: name.replace(".", "") for name in rest})


def _doubles(schemas: dict[str, Any]) -> dict[str, str]:
    alike: dict[str, list[str]] = {}
    for name in schemas:
        alike.setdefault(name.rpartition(".")[2], []).append(name)
    return {
        name: short
        for short, group in alike.items()
        if all(schemas[name] == schemas[group[0]] for name in group)
        for name in group
        if name != short
    }


def _renamed(document: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """With other names of schemas, wherever something refers to them."""
    references = {f"{SCHEMAS}{name}": f"{SCHEMAS}{other}" for name, other in names.items()}

    def renamed(told: Any) -> Any:
        if isinstance(told, dict):
            return {
                key: references.get(value, value) if key == "$ref" else renamed(value) for key, value in told.items()
            }
        return [renamed(one) for one in told] if isinstance(told, list) else told

    document = renamed(document)
    components = document["components"]
    components["schemas"] = {names.get(name, name): schema for name, schema in components["schemas"].items()}
    return document


def _name(method: str, path: str) -> str:
    """Of the path, which stays: a client made from the document keeps its names when a view gets another."""
    return "_".join([method, *re.findall(r"\w+", path)])


def _explain(parameter: dict[str, Any]) -> None:
    known = VARIABLES if parameter["in"] == "path" else PARAMETERS
    if parameter["name"] in known and "description" not in {*parameter, *parameter["schema"]}:
        parameter["description"] = known[parameter["name"]]


def _is_a_time(told: dict[str, Any]) -> None:
    for shape in told.get("anyOf", [told]):
        if "string" in shape.get("type", ()) and "pattern" not in shape:  # where there is one, a day will do
            shape["format"] = "date-time"
