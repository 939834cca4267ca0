"""What a page's script comes to need is asked for by the page itself, and once."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visits


@pytest.mark.parametrize("path", ["/", "/viewers", "/voice", "/overlay"])
def test_no_module_waits_for_another_to_be_found(visit: Visits, path: str) -> None:
    visitor = visit()
    page = visitor.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "script" else None)
    page.goto(visitor.home + path, wait_until="load")
    page.wait_for_function("performance.getEntriesByType('resource').length > 0")
    named = page.eval_on_selector_all("link[rel=modulepreload]", "links => links.map((link) => link.href)")
    classic = page.eval_on_selector_all("script[src]", "scripts => scripts.map((script) => script.src)")
    assert len(named) > 5
    assert sorted(asked) == sorted([*named, *classic])
