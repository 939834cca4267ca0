"""Takes README's picture from the running product: ``.venv/bin/python -m bin.picture`` beside bin/dev."""

from __future__ import annotations

import shutil
import sys

from playwright.sync_api import sync_playwright

from core.config import ROOT

PICTURE = ROOT / "docs" / "dashboard.png"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def take(url: str, browser: str) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.wait_for_selector("#chat > *")
        page.wait_for_timeout(8_000)  # counters have counted, and a few live events have come in
        page.screenshot(path=PICTURE)
        chromium.close()


def main() -> int:
    browser = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if browser is None:
        print("picture: needs Chromium", file=sys.stderr)
        return 1
    PICTURE.parent.mkdir(exist_ok=True)
    take(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000", browser)
    print(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
