/** Who leads: by any of seven figures, for all time or in the stream that runs. */

import { platformBadge } from "./chat-line.js";
import { byId, empty, make, setText } from "./dom.js";
import { onlyServer } from "./http.js";
import { addressOf, leaders, pageOf } from "./viewer-api.js";
import { MEASURES, namesOf } from "./viewer-words.js";

const SHOWN = 10;
/** What a platform does not tell of would be waited for in vain. */
const FILLS = {
  coins: "Coins of TikTok gifts count, and bits on Twitch.",
  gifts: "TikTok gifts count, and subs given to others on Twitch.",
  likes: "Only TikTok LIVE tells of them. On Twitch, rank by watchtime, visits or comments.",
  shares: "Only TikTok LIVE tells of them. On Twitch, rank by watchtime, visits or comments.",
};

export class Leaders {
  constructor() {
    this.list = byId("leaders");
    this.type = byId("leaders-type");
    this.period = "all";
    this.list.replaceChildren(...Array.from({ length: SHOWN }, skeleton));
    this.type.addEventListener("change", () => this.load());
    byId("leaders-period").addEventListener("change", (event) => {
      this.period = event.target.value;
      this.load();
    });
  }

  async load() {
    const asked = (this.asked = {});
    const [type, period] = [this.type.value, this.period];
    try {
      const people = await leaders({ type, limit: SHOWN, scope: period });
      if (asked === this.asked) this.#show(people, type, period);
    } catch (error) {
      onlyServer(error);
      if (asked === this.asked && (!this.shown || this.shown !== `${type}/${period}`))
        this.list.replaceChildren(make("li", {}, empty("circle-alert", null, error.message)));
    }
  }

  #show(people, type, period) {
    this.shown = `${type}/${period}`;
    const [words, field, write] = MEASURES[type];
    const entries = people
      .map((viewer) => ({ viewer, count: viewer.value ?? viewer[field] ?? 0 }))
      .filter(({ count }) => count > 0);
    if (!entries.length) {
      const nothing =
        period === "stream" ? `No ${words.toLowerCase()} in this stream yet` : `No ${words.toLowerCase()} yet`;
      const next = period === "stream" ? "It fills as soon as a stream is running." : (FILLS[type] ?? "It fills with the first stream.");
      this.list.replaceChildren(make("li", {}, empty("trophy", nothing, next)));
      return;
    }
    if (this.list.querySelector(".empty, .skeleton")) this.list.replaceChildren();
    while (this.list.children.length > entries.length) this.list.lastElementChild.remove();
    while (this.list.children.length < entries.length) this.list.append(newRow(this.list.children.length + 1));
    for (const [index, entry] of entries.entries()) fill(this.list.children[index], entry, entries[0].count, write);
  }
}

function newRow(place) {
  const row = make("li.rank-row.person-row");
  row.bar = make("span.rank-bar", { "aria-hidden": "true" });
  row.mark = make("span.rank-mark");
  row.name = make("bdi");
  row.link = make("a.name.person-link", {}, row.name);
  row.count = make("span.rank-count");
  row.append(row.bar, make("span.rank-place", {}, String(place)), row.mark, row.link, row.count);
  return row;
}

function fill(row, { viewer, count }, most, write) {
  const address = addressOf(viewer);
  row.bar.style.transform = `scaleX(${Math.max(0.02, count / most).toFixed(4)})`;
  setText(row.name, namesOf(viewer).shown);
  row.name.title = namesOf(viewer).shown;
  setText(row.count, write(count));
  if (row.link.dataset.address === address) return;
  row.link.dataset.address = address;
  row.link.href = pageOf(address);
  row.mark.replaceChildren(platformBadge(viewer.platform));
}

function skeleton() {
  return make("li.rank-row", { "aria-hidden": "true" }, make("span.skeleton.skeleton-bar"));
}
