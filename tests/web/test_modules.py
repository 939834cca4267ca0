"""A page's modules as one script: all it needs, each in its own scope, in the order in which they need one another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.config import ROOT
from web.joined import STATIC
from web.modules import joined, needed

PAGES = {file.stem for file in (STATIC / "js" / "pages").glob("*.js")}


def written(folder: Path, **modules: str) -> Path:
    (folder / "lib").mkdir()
    for name, text in modules.items():
        (folder / ("page.js" if name == "page" else f"lib/{name}.js")).write_text(text, encoding="utf-8")
    return folder


def test_what_a_module_needs_comes_before_it_through_all_generations(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        page='import { a,\n  b } from "./lib/one.js";\nimport "./vendor/it.js?v=2";\n',
        one='import { c } from "./two.js";\n// import "./four.js" from before\n',
        two='import { d } from "./three.js";\n',
        three="",
        frame='import { c } from "./two.js";\n',
    )
    order = ["lib/three.js", "lib/two.js", "lib/one.js", "vendor/it.js?v=2", "page.js"]
    assert needed(root, ["page.js"]) == order
    assert needed(root, ["page.js", "lib/frame.js"]) == [*order, "lib/frame.js"]


def test_each_module_keeps_its_scope_and_hands_over_what_it_exports(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        page='import { say as tell } from "./lib/one.js";\nimport * as one from "./lib/one.js";\n'
        'import { io } from "./vendor/it.js?v=2";\ntell(one.WORDS, io);\n',
        one='const own = 1;\nexport const WORDS = "import it";\nexport async function say() {}\nexport class Kind {}\n',
    )
    assert joined(root, needed(root, ["page.js"]), "../vendor/").splitlines() == [
        'import * as m1 from "../vendor/it.js?v=2";',
        "// lib/one.js",
        "const m0 = (() => {",
        "const own = 1;",
        'const WORDS = "import it";',
        "async function say() {}",
        "class Kind {}",
        "",
        "return { WORDS, say, Kind };",
        "})();",
        "// page.js",
        "const m2 = (() => {",
        "const { say: tell } = m0;",
        "const one = m0;",
        "const { io } = m1;",
        "tell(one.WORDS, io);",
        "",
        "return {  };",
        "})();",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "export default 1;\n",
        "export let changing = 1;\n",
        'export { one } from "./lib/one.js";\n',
        'const later = () => import("./lib/one.js");\n',
        "const here = import.meta.url;\n",
        "import one from './lib/one.js';\n",
    ],
)
def test_what_would_mean_something_else_when_joined_is_refused(tmp_path: Path, text: str) -> None:
    root = written(tmp_path, page=text, one="")
    with pytest.raises(ValueError, match=r"page\.js: cannot be joined"):
        joined(root, needed(root, ["page.js"]), "../vendor/")


def test_modules_that_need_each_other_are_refused(tmp_path: Path) -> None:
    root = written(tmp_path, page='import { a } from "./lib/one.js";\n', one='import { b } from "../page.js";\n')
    with pytest.raises(ValueError, match=r"circle: page\.js → lib/one\.js → page\.js"):
        needed(root, ["page.js"])


@pytest.mark.parametrize("page", sorted(PAGES))
def test_all_that_a_page_s_script_needs_is_there_and_can_be_joined(page: str) -> None:
    found = needed(STATIC, [f"js/pages/{page}.js", "js/lib/calm.js"])
    assert len(found) == len(set(found))
    assert [file for file in found if not (STATIC / file.partition("?")[0]).is_file()] == []
    text = joined(STATIC, found, "../vendor/")
    assert not re.search(r"^export\b", text, re.MULTILINE)


def test_every_template_names_scripts_and_sheets_through_the_macros_that_join_them() -> None:
    for template in (ROOT / "templates").glob("*.html"):
        if template.name != "parts.html":
            text = template.read_text(encoding="utf-8")
            assert 'type="module"' not in text, template.name
            assert "css/" not in text, template.name
