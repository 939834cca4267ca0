"""Whether a browser sends a request for a page of ours."""

from __future__ import annotations

from typing import Any

from werkzeug.wsgi import get_host

OUR_OWN = ("same-origin", "none")  # "none": somebody has typed the address


def comes_from_elsewhere(environ: dict[str, Any]) -> bool:
    """Whether a browser says that it sends this for a page of another site. Programs say nothing of the kind."""
    if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in OUR_OWN:
        return True
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and origin.partition("://")[2] != get_host(environ)
