/** What keeps channels from being heard, in words and with the time of the next try; nothing while all is well. */

import { platformBadge } from "./chat-line.js";
import { everySecond, serverNow } from "./clock.js";
import { icon, make, setText } from "./dom.js";
import { channelName } from "./format.js";

/** state → [colour role, words where no reason is told]; of one that stopped, what is told is of before. */
const TROUBLES = {
  waiting: ["attention", "no connection"],
  failed: ["danger", "this channel cannot be read"],
  stopped: ["danger", "the collector is not running"],
};

export class Troubles {
  constructor(list) {
    this.list = list;
    this.known = new Map();
    this.rows = [];
    everySecond(() => this.#tellCountdowns());
  }

  show(channels) {
    const groups = new Map();
    for (const channel of channels.map((each) => this.#remembered(each)).filter(Boolean)) {
      const key = JSON.stringify([channel.platform, channel.state, channel.detail, channel.retry_at]);
      groups.set(key, [...(groups.get(key) ?? []), channel]);
    }
    const signature = JSON.stringify([...groups].map(([key, { length }]) => [key, length]));
    if (signature === this.signature) return;
    this.signature = signature;
    this.rows = [...groups.values()].map((group) => row(group));
    this.list.hidden = !this.rows.length;
    this.list.replaceChildren(...this.rows);
    this.#tellCountdowns();
  }

  /** While it tries again, its trouble stands as it was: a line that comes and goes cannot be read. */
  #remembered(channel) {
    const key = `${channel.platform}/${channel.name}`;
    const before = this.known.get(key);
    const trouble = channel.state in TROUBLES ? channel : channel.state === "connecting" && before;
    if (!trouble) this.known.delete(key);
    else this.known.set(key, trouble === channel ? channel : { ...before, retry_at: null });
    return this.known.get(key);
  }

  #tellCountdowns() {
    for (const { retryAt, next } of this.rows) setText(next, retryAt ? untilNextTry(retryAt) : "");
  }
}

function row(group) {
  const { platform, state, detail, retry_at: retryAt } = group[0];
  const [colour, words] = TROUBLES[state];
  const reason = (state !== "stopped" && detail) || words;
  const names = group.map(({ name }) => channelName(platform, name)).join(", ");
  const next = make("span.when");
  const line = make(
    "li.trouble",
    { "data-state": colour },
    icon("circle-alert"),
    make("span.row-body", {}, platformBadge(platform), " ", make("b", {}, names), ": ", make("bdi", {}, reason)),
    next,
  );
  return Object.assign(line, { retryAt: retryAt && Date.parse(retryAt), next });
}

function untilNextTry(retryAt) {
  const left = Math.ceil((retryAt - serverNow()) / 1000);
  if (left <= 0) return "trying again now";
  return `trying again in ${left > 90 ? `${Math.ceil(left / 60)} min` : `${left} s`}`;
}
