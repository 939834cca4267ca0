/** The menu that downloads what the list shows. */

import { byId, part, setText } from "./dom.js";
import { closesByItself } from "./menu.js";
import { exportUrl } from "./viewer-api.js";

const WORDS = { all: "Everybody", vip: "VIPs only", active: "Active in 30 days only", favorites: "Favourites only" };

export class ExportMenu {
  constructor() {
    this.menu = byId("export");
    closesByItself(this.menu);
  }

  /** The downloads follow the filter; what is searched for is not part of it. */
  show({ filter }) {
    setText(part(this.menu, "scope"), `${WORDS[filter]}, as the filter says`);
    for (const link of this.menu.querySelectorAll("[data-format]"))
      link.href = exportUrl({ format: link.dataset.format, filter: filter === "all" ? "" : filter });
  }
}
