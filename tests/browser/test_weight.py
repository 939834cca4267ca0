"""What pages weigh on their way to a browser that comes for the first time, and for the second."""

from __future__ import annotations

import pytest

from benchmarks.pages import LIGHT_KB, PAGES, visited
from tests.browser.conftest import Visits

FROM_CACHE = 0.3  # of what came first: what is asked for anew are the page itself and its answers


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/docs"])
def test_a_page_is_light_and_what_it_is_made_of_is_kept(visit: Visits, path: str) -> None:
    visitor = visit(forgives=("net::",))
    page, first = visited(visitor.context, visitor.home + path, 0.3)
    page.close()
    page, again = visited(visitor.context, visitor.home + path, 0.3)
    assert 50 < first < LIGHT_KB
    assert again < first * FROM_CACHE
