"""The API page in a browser: Swagger UI in the product's colours, with nothing that cannot be seen."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visits
from tests.browser.test_live import SOON
from tests.web.conftest import Stage

# [what, contrast] of every shape of every icon in sight, against the nearest ground that is painted below it.
ICONS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => {
    const linear = (value) => (value > 0.03928 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92);
    const [r, g, b] = rgb.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const [r, g, b, alpha = 1] = numbers(getComputedStyle(each).backgroundColor);
      if (alpha > 0.5) return [r, g, b];
    }
  };
  return [...document.querySelectorAll("#api svg :is(path, polygon, rect, circle)")]
    .filter((shape) => shape.getBoundingClientRect().width && getComputedStyle(shape).fill !== "none")
    .map((shape) => {
      const below = ground(shape.ownerSVGElement);
      let alpha = 1;
      for (let each = shape; each.id !== "api"; each = each.parentElement) alpha *= getComputedStyle(each).opacity;
      const fill = numbers(getComputedStyle(shape).fill).slice(0, 3);
      const own = fill.map((value, index) => value * alpha + below[index] * (1 - alpha));
      const [dark, light] = [luminance(own), luminance(below)].sort((one, other) => one - other);
      return [shape.closest("button, a, [class]:not(svg)").className, (light + 0.05) / (dark + 0.05)];
    });
}"""


def test_the_api_page_is_drawn_from_this_machine_alone_and_can_be_read_on_a_phone(stage: Stage, visit: Visits) -> None:
    page = visit().open("/docs", ".opblock")  # once for all: it is the dearest page
    page.locator("[data-path='/api/stats']").first.click()
    expect(page.locator("body")).to_contain_text("messages_per_minute", timeout=SOON)
    icons = page.evaluate(ICONS)
    assert any("authorization__btn" in str(what) for what, _ in icons)
    assert [(what, round(contrast, 1)) for what, contrast in icons if contrast < 3] == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
