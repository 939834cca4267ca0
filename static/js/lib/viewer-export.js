/** The menu that downloads what the list shows. */

import { byId, part, setText } from "./dom.js";
import { exportUrl } from "./viewer-api.js";

const WORDS = { all: "Everybody", vip: "VIPs only", active: "Active in 30 days only", favorites: "Favourites only" };

export class ExportMenu {
  constructor() {
    this.menu = byId("export");
    this.menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.menu.open) return;
      this.menu.open = false;
      this.menu.querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => {
      if (this.menu.open && (!this.menu.contains(event.target) || event.target.closest("a"))) this.menu.open = false;
    });
  }

  /** The downloads follow the filter; what is searched for is not part of it. */
  show({ filter }) {
    setText(part(this.menu, "scope"), `${WORDS[filter]}, as the filter says`);
    for (const link of this.menu.querySelectorAll("[data-format]"))
      link.href = exportUrl({ format: link.dataset.format, filter: filter === "all" ? "" : filter });
  }
}
