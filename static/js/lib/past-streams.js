/** The menu of the newest streams; asked for when it is opened. */

import { platformBadge } from "./chat-line.js";
import { empty, make, part } from "./dom.js";
import { channelName, clock, compact, day, roughly } from "./format.js";
import { getJson, query } from "./http.js";
import { closesByItself } from "./menu.js";

const SHOWN = 6;

export class PastStreams {
  constructor(menu, filter) {
    this.menu = menu;
    this.list = part(menu, "list");
    this.filter = filter;
    menu.addEventListener("toggle", () => menu.open && this.#load());
    closesByItself(menu);
  }

  async #load() {
    if (!this.list.childElementCount) this.list.append(empty(null, null, "Looking…"));
    try {
      const { data } = await getJson(`/api/streams${query({ page: 1, limit: SHOWN, ...this.filter() })}`);
      this.list.replaceChildren(
        ...(data.length
          ? data.map(line)
          : [empty(null, null, "No stream yet. The first one begins with the first message.")]),
      );
    } catch (error) {
      this.list.replaceChildren(empty("circle-alert", null, error.message));
    }
  }
}

function line(stream) {
  const title = `${day(stream.started_at)}, ${clock(stream.started_at)}`;
  const what = `${roughly(stream.duration_seconds)} · ${compact(stream.messages)} messages`;
  return make(
    "a.menu-item",
    { href: `/streams/${stream.id}` },
    platformBadge(stream.platform),
    make(
      "span.stream-line",
      {},
      make("span.line", {}, make("span", {}, title), stream.live && make("span.tag.accent", {}, "live")),
      make("span.panel-note", {}, `${channelName(stream.platform, stream.channel)} · ${what}`),
    ),
  );
}
