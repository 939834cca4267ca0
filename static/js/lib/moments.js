/** Hype moments: the list, the time to copy for the clip, and the dialog with what made one. */

import { platformBadge } from "./chat-line.js";
import { byId, empty, icon, make, part, unseen } from "./dom.js";
import { channelName, clock, day, decimal, duration, number, tenths } from "./format.js";
import { toast } from "./toast.js";

const TO_COME = "When chat runs hot, the moment is kept here with its cause.";

export class Moments {
  /** `none`: what is said where there is no moment. */
  constructor(list, { linkToStream = false, none = TO_COME } = {}) {
    this.list = list;
    this.none = none;
    this.linkToStream = linkToStream;
    this.dialog = byId("moment");
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  /** Newest first; `several` where more than one channel is shown. */
  show(moments, { several = false } = {}) {
    const named = several || new Set(moments.map(({ platform, channel }) => `${platform}/${channel}`)).size > 1;
    const told = moments.map(({ stream_id: of, at, cause, times_usual: times }) => [of, at, cause, times]);
    const signature = JSON.stringify([named, told]);
    if (signature === this.signature) return;
    this.signature = signature;
    const rows = moments.map((moment) => this.#row(moment, named));
    this.list.replaceChildren(...(rows.length ? rows : [make("li", {}, empty("flame", null, this.none))]));
  }

  #row(moment, named) {
    const open = make(
      "button.moment-open",
      { type: "button", "aria-haspopup": "dialog" },
      make("span.moment-at", {}, duration(moment.offset_seconds)),
      make("span.moment-times", {}, `×${tenths(moment.times_usual)}`, unseen(" of usual")),
      named && whose(moment),
      make("bdi.said.row-body", {}, moment.cause),
    );
    open.addEventListener("click", () => this.#open(moment, named));
    return make("li.moment", {}, open, copyButton(moment));
  }

  #open(moment, named) {
    part(this.dialog, "title").textContent = `×${decimal(moment.times_usual)} of usual at ${moment.time}`;
    part(this.dialog, "note").textContent = moment.cause;
    const blocks = [named && whose(moment), facts(moment), termsBlock(moment.terms ?? []), quotesBlock(moment.messages_sample ?? [])];
    part(this.dialog, "body").replaceChildren(...blocks.filter(Boolean));
    const link =
      this.linkToStream &&
      make("a.button.small", { href: `/streams/${moment.stream_id}` }, icon("history"), "Open the stream");
    part(this.dialog, "foot").replaceChildren(...[link, copyButton(moment)].filter(Boolean));
    this.dialog.showModal();
  }
}

function whose({ platform, channel }) {
  return make("span.moment-channel", {}, platformBadge(platform), make("bdi.name", {}, channelName(platform, channel)));
}

function copyButton(moment) {
  const offset = duration(moment.offset_seconds);
  const button = make(
    "button.button.small",
    { type: "button", title: `Copy ${offset}, the time in the recording` },
    icon("copy"),
    "Copy time",
  );
  button.append(make("span.visually-hidden", {}, ` ${offset}`));
  button.addEventListener("click", async () =>
    toast(
      ...((await copied(offset))
        ? [`Copied ${offset}`, { icon: "check" }]
        : [`Copying is not allowed here: ${offset}`, { icon: "circle-alert", attention: true }]),
    ),
  );
  return button;
}

/** The clipboard needs https or localhost; the older way works over plain http in a home network too. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make("textarea.visually-hidden", { "aria-hidden": "true" });
    field.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

function facts(moment) {
  const pairs = [
    ["In the stream", duration(moment.offset_seconds)],
    ["When", `${clock(moment.at)}, ${day(moment.at)}`],
    ["Messages that minute", number(moment.messages)],
  ];
  return make(
    "dl.facts",
    {},
    ...pairs.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))),
  );
}

function termsBlock(terms) {
  if (!terms.length) return null;
  const tags = terms.map(({ term, count, emote }) =>
    make(emote ? "li.tag.accent" : "li.tag", {}, emote && icon("smile"), make("bdi", {}, term), ` ×${number(count)}`),
  );
  return make("section", {}, make("h3", {}, "What was said most"), make("ul.terms", {}, ...tags));
}

function quotesBlock(messages) {
  if (!messages.length) return null;
  const quotes = messages.map(({ user, message }) =>
    make("li.quote", {}, make("b", {}, make("bdi", {}, user)), make("bdi", {}, message)),
  );
  return make("section", {}, make("h3", {}, "From the chat"), make("ul.quotes", {}, ...quotes));
}
