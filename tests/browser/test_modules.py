"""A page asks for few files, by itself and once: nothing waits for another to be found."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visits
from tests.processes import wait_until

MOST_SCRIPTS = 5  # its own, the charts with what is drawn on them, the live line, and figures that count


@pytest.mark.parametrize("path", ["/", "/viewers", "/voice", "/overlay"])
def test_no_module_waits_for_another_to_be_found(visit: Visits, path: str) -> None:
    visitor = visit()
    page = visitor.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "script" else None)
    page.goto(visitor.home + path, wait_until="load")
    wait_until(lambda: page.evaluate("performance.getEntriesByType('resource').length > 0"), "it is loaded", 20)
    named = page.eval_on_selector_all("link[rel=modulepreload]", "links => links.map((link) => link.href)")
    classic = page.eval_on_selector_all("script[src]", "scripts => scripts.map((script) => script.src)")
    assert sorted(asked) == sorted([*named, *classic])
    assert len(asked) <= MOST_SCRIPTS
