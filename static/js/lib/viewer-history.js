/** What a viewer did and what was changed of them: gifts, visits, everything, edits; each tab reads when it is opened. */

import { badge, byId, icon, make } from "./dom.js";
import { channelName, clock, compact, day, number, plural } from "./format.js";
import { happening, isChat } from "./happenings.js";
import { onlyServer } from "./http.js";
import { continuesStreak } from "./streaks.js";
import { historyOf } from "./viewer-api.js";
import { editWords } from "./viewer-edits.js";
import { drawHeatmap, gridOfTwo } from "./viewer-heatmap.js";
import { PagedList } from "./viewer-pages.js";
import { learnVoices } from "./viewer-voices.js";
import { moment, watched } from "./viewer-words.js";

export class History {
  constructor() {
    this.drawn = new Set();
    this.measure = "events";
  }

  /** Another person: every tab reads anew when it is shown next. */
  show(viewer) {
    this.viewer = viewer;
    this.drawn.clear();
    for (const name of ["gifts", "visits", "activity", "changes"]) byId(`panel-${name}`).replaceChildren();
  }

  /** The tab `name` is to be seen. */
  draw(name) {
    if (!this.viewer || this.drawn.has(name)) return;
    const parts = { gifts: giftsTab, visits: visitsTab, activity: activityTab, changes: changesTab }[name];
    if (!parts) return;
    this.drawn.add(name);
    byId(`panel-${name}`).replaceChildren(...parts(this.viewer));
  }
}

function pages(viewer, kind, options) {
  const list = new PagedList({ load: (before) => historyOf(viewer.address, kind, before), ...options });
  list.start();
  return list.element;
}

function section(title, ...content) {
  return make("section.history", {}, make("h3", {}, title), ...content);
}

function giftsTab(viewer) {
  const body = make("tbody");
  const table = make(
    "table.table.history-table",
    {},
    make("caption.visually-hidden", {}, "Gifts, newest first"),
    make("thead", {}, headings(["Gift"], ["Count", "number"], ["Coins", "number"], ["When", "number"])),
    body,
  );
  const row = (gift) =>
    make(
      "tr",
      {},
      make(
        "td",
        {},
        make("bdi", {}, gift.gift_name || "A gift"),
        gift.streak && gift.quantity > 1 && make("span.tag.in-line", {}, "streak"),
      ),
      make("td.number", {}, `×${number(gift.quantity)}`),
      make("td.number.money", {}, gift.coins ? compact(gift.coins) : "–"),
      make(
        "td.number.faint",
        {},
        make("time", { datetime: gift.at, title: moment(gift.at) }, `${day(gift.at)}, ${clock(gift.at)}`),
      ),
    );
  const given = viewer.total_gifts_sent; // what an import told has no row here
  const nothing = given
    ? ["gift", `${plural(given, "gift")}, none of them here`, "What was imported came as a sum."]
    : ["gift", "No gifts yet", "Gifts, subscriptions given to others and cheers stand here as they come."];
  const top = viewer.topGifts ?? [];
  return [
    ...(top.length ? [section("Most given", topGifts(top))] : []),
    section("All gifts", pages(viewer, "gifts", { list: body, root: table, row, nothing })),
  ];
}

function topGifts(gifts) {
  const most = Math.max(1, ...gifts.map(({ coins }) => coins));
  return make(
    "ol.rank",
    {},
    ...gifts.slice(0, 5).map(({ gift_name: name, quantity, coins }) => {
      const bar = make("span.rank-bar", { "aria-hidden": "true" });
      bar.style.transform = `scaleX(${Math.max(0.02, coins / most).toFixed(4)})`;
      const words = make("bdi.name", {}, name || "A gift");
      return make(
        "li.rank-row",
        {},
        bar,
        words,
        make("span.rank-count", {}, `×${number(quantity)}${coins ? ` · ${plural(coins, "coin")}` : ""}`),
      );
    }),
  );
}

function visitsTab(viewer) {
  const place = make("div");
  const draw = (measure) =>
    drawHeatmap(place, gridOfTwo(viewer.heatmap, viewer.heatmapCoins), measure, {
      caption: "When this viewer is here",
      nothing:
        measure === "coins"
          ? ["No coins yet", "Gifts colour the hours they came in."]
          : ["No hours yet", "What they do colours the hours of the week."],
    });
  draw("events");
  const rows = make("tbody");
  const table = make(
    "table.table.history-table",
    {},
    make("caption.visually-hidden", {}, "Visits, newest first"),
    make("thead", {}, headings(["Came"], ["Left", "number"], ["Watched", "number"], ["Channel", "number"])),
    rows,
  );
  const row = (visit) =>
    make(
      "tr",
      {},
      make("td", {}, make("time", { datetime: visit.joined_at }, `${day(visit.joined_at)}, ${clock(visit.joined_at)}`)),
      make("td.number", {}, visit.left_at ? clock(visit.left_at) : make("span.here", {}, "here now")),
      make("td.number", {}, watched(visit.duration_seconds)),
      make("td.number.channel", {}, channelCell(visit)),
    );
  const nothing = [
    "door-open",
    "No visits yet",
    "A visit begins when somebody joins or does something, and ends when they leave or fall silent.",
  ];
  return [
    section("Hours of the week", measureSwitch(draw), place),
    section("Visits", pages(viewer, "sessions", { list: rows, root: table, row, nothing })),
  ];
}

function measureSwitch(draw) {
  const group = make("fieldset.segments", {}, make("legend.visually-hidden", {}, "What is counted"));
  for (const [value, words] of [
    ["events", "Events"],
    ["coins", "Coins"],
  ])
    group.append(
      make(
        "label",
        {},
        make("input", { type: "radio", name: "viewer-measure", value, checked: value === "events" }),
        words,
      ),
    );
  group.addEventListener("change", (event) => draw(event.target.value));
  return group;
}

function channelCell({ platform, channel, stream_id: stream }) {
  if (!channel) return "–";
  const name = make("bdi", {}, channelName(platform, channel));
  return stream ? make("a.link", { href: `/streams/${stream}` }, name) : name;
}

function activityTab(viewer) {
  const list = make("ol.deeds");
  let lastDay = "";
  const later = [];
  const row = (deed) => {
    // Of a streak of gifts its last tick says all.
    if (later.some((one) => continuesStreak(deed, one))) return null;
    if (deed.extra?.streak) later.splice(0, later.length, deed, ...later.slice(0, 4));
    const today = day(deed.at);
    const first = today !== lastDay;
    lastDay = today;
    return make("li.deed", {}, first && make("span.deed-day", {}, today), ...deedParts(deed));
  };
  const nothing = ["activity", "Nothing yet", "Messages, gifts, likes, shares and visits stand here as they happen."];
  return [section("Everything they did", pages(viewer, "interactions", { list, row, nothing, end: forgotten }))];
}

function forgotten({ kept_since: since }) {
  return since ? `What they did before ${day(since)} has been deleted; their totals still count it.` : "";
}

function deedParts(deed) {
  const when = make("time.when", { datetime: deed.at, title: moment(deed.at) }, clock(deed.at));
  if (isChat(deed)) {
    const bits = deed.amount > 0 && make("span.tag.money", {}, icon("gem"), plural(deed.amount, "bit"));
    const words = deed.removed ? make("span.tag", {}, "removed") : null;
    return [
      when,
      icon("message-square", "badge"),
      make("span.deed-words", {}, bits, words, make("bdi", {}, deed.text || "…")),
    ];
  }
  const { icon: symbol, colour, words } = happening(deed);
  const said = deed.text ? [": ", make("bdi", {}, deed.text)] : [];
  return [when, icon(symbol, `badge ${colour}`.trim()), make("span.deed-words.deed-event", {}, words, ...said)];
}

function changesTab(viewer) {
  const list = make("ol.deeds");
  const load = async (before) => {
    const [answer] = await Promise.all([
      historyOf(viewer.address, "edits", before),
      learnVoices().catch(onlyServer), // a voice whose name could not be read is told by its code
    ]);
    return answer;
  };
  const row = (edit) =>
    make(
      "li.deed",
      {},
      make("time.when.wide", { datetime: edit.at, title: moment(edit.at) }, `${day(edit.at)}, ${clock(edit.at)}`),
      badge("pencil", "Changed by", ""),
      make("span.deed-words", {}, make("b", {}, make("bdi", {}, edit.editor || "somebody")), " ", ...editWords(edit)),
    );
  const nothing = [
    "scroll-text",
    "No changes yet",
    "Who changes a note, a tier or a mark is kept here, with what it was before.",
  ];
  return [section("Who changed what", pages(viewer, "edits", { load, list, row, nothing })), ...namesPart(viewer)];
}

function namesPart({ names }) {
  if (!names?.length) return [];
  const rows = names.map(({ username, display_name: shown, until }) =>
    make(
      "li.deed",
      {},
      make("time.when.wide", { datetime: until }, `until ${day(until)}`),
      make(
        "span.deed-words",
        {},
        make("bdi", {}, shown && shown !== username ? `${shown} (@${username})` : `@${username}`),
      ),
    ),
  );
  return [section("Former names", make("ol.deeds", {}, ...rows))];
}

function headings(...columns) {
  return make(
    "tr",
    {},
    ...columns.map(([words, className]) => make(className ? `th.${className}` : "th", { scope: "col" }, words)),
  );
}
