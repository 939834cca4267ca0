"""What pages weigh on their way to a browser that comes for the first time, and for the second."""

from __future__ import annotations

import pytest

from benchmarks.pages import LIGHT_KB, PAGES, visited
from tests.browser.conftest import Visits

SETTLED_SECONDS = 1.0  # what a busy machine has not asked for by then would count as asked for anew
FROM_CACHE = 0.2  # of what came first: what is asked for anew are the page itself and its answers


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/docs"])
def test_a_page_is_light_and_what_it_is_made_of_is_kept(visit: Visits, path: str) -> None:
    visitor = visit(forgives=("net::",))
    page, first = visited(visitor.context, visitor.home + path, SETTLED_SECONDS)
    page.close()
    page, again = visited(visitor.context, visitor.home + path, SETTLED_SECONDS)
    assert 50 < first < LIGHT_KB
    assert again < first * FROM_CACHE
