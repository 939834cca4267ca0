/** Who is here now. */

import { byId, part, setText } from "./dom.js";
import { plural } from "./format.js";
import { onlyServer } from "./http.js";
import { activeSessions, addressOf } from "./viewer-api.js";

export class Presence {
  /** `changed(addresses)` is called with a set of lower-case addresses. */
  constructor(changed) {
    this.changed = changed;
    this.here = new Set();
  }

  async load() {
    try {
      const { count, sessions } = await activeSessions();
      this.here = new Set(sessions.map((session) => key(session)));
      this.count = count;
      this.#tell();
    } catch (error) {
      onlyServer(error);
      // The list is whole without the dots; the next news or round asks again.
    }
  }

  set(viewer, isHere) {
    const known = this.here.has(key(viewer));
    if (known === isHere) return;
    this.here[isHere ? "add" : "delete"](key(viewer));
    this.count = Math.max(0, (this.count ?? 0) + (isHere ? 1 : -1));
    this.#tell();
  }

  /** Profiles say it too: of more people than the list of sessions names. */
  learn(viewers) {
    for (const viewer of viewers) this.here[viewer.is_online ? "add" : "delete"](key(viewer));
    this.changed(this.here);
  }

  has(viewer) {
    return this.here.has(key(viewer));
  }

  #tell() {
    const chip = byId("online");
    chip.hidden = !this.count;
    // More may watch, as the live page tells: these are known by name.
    setText(part(chip, "text"), `${plural(this.count, "known viewer")} here now`);
    this.changed(this.here);
  }
}

const key = (viewer) => addressOf(viewer).toLowerCase();
