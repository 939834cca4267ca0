"""Every page names all modules that its script comes to need, so that a slow line is waited for once."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from core.config import ROOT
from web.modules import needed
from web.pages import STATIC

PAGES = {file.stem for file in (STATIC / "js" / "pages").glob("*.js")}


def test_what_a_module_needs_is_found_through_all_generations(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "page.js").write_text('import { a,\n  b } from "./lib/one.js";\nimport "./vendor/it.js?v=2";\n')
    (tmp_path / "lib" / "one.js").write_text(
        "export { c } from './two.js';\nconst later = () => import('./three.js');\n"
    )
    (tmp_path / "lib" / "two.js").write_text('import { page } from "../page.js";\n// import "./four.js" from before\n')
    assert needed(tmp_path, "page.js") == ["lib/one.js", "vendor/it.js?v=2", "lib/two.js"]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_all_that_a_page_s_script_needs_is_there(page: str) -> None:
    found = needed(STATIC, f"js/pages/{page}.js")
    assert len(found) == len(set(found))
    assert [file for file in found if not (STATIC / file.partition("?")[0]).is_file()] == []


def test_every_template_names_its_script_through_the_macro_that_names_its_modules() -> None:
    for template in (ROOT / "templates").glob("*.html"):
        if template.name != "parts.html":
            assert 'type="module"' not in template.read_text(encoding="utf-8"), template.name


def test_a_page_names_each_module_once_at_the_address_its_script_asks_for(client: httpx.Client) -> None:
    page = client.get("/viewers").text
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
    assert len(named) == len(set(named)) > 30
    assert "/static/js/lib/dom.js" in named
    assert named == [f"/static/{file}" for file in needed(STATIC, "js/pages/viewers.js")]
    assert page.index(named[-1]) < page.index('<script type="module" src="/static/js/pages/viewers.js?v=')
