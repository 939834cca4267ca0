/** The range of time, kept in the address so that it can be bookmarked and gone back to. */

const RANGES = ["1h", "24h", "7d", "30d", "all"];
export const DEFAULT_RANGE = "24h";

export class RangePicker {
  /** `changed(range)` is called when another one is chosen. */
  constructor(fieldset, changed) {
    this.fieldset = fieldset;
    this.changed = changed;
    this.#follow();
    fieldset.addEventListener("change", (event) => this.#choose(event.target.value));
    addEventListener("popstate", () => {
      const before = this.value;
      this.#follow();
      if (this.value !== before) changed(this.value);
    });
  }

  #follow() {
    const asked = new URLSearchParams(location.search).get("range");
    this.value = RANGES.includes(asked) ? asked : DEFAULT_RANGE;
    this.fieldset.querySelector(`[value="${this.value}"]`).checked = true;
  }

  #choose(range) {
    this.value = range;
    const url = new URL(location.href);
    if (range === DEFAULT_RANGE) url.searchParams.delete("range");
    else url.searchParams.set("range", range);
    history.pushState(null, "", url);
    this.changed(range);
  }
}
