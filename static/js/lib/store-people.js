/** The people of a segment, and what one of them did, in one dialog: a list, and a journey to go back from. */

import { byId, empty, icon, make, part, setText } from "./dom.js";
import { day, plural, roughly } from "./format.js";
import { onlyServer } from "./http.js";
import { journeyOf } from "./store-api.js";
import { moment, since, stepIcon, stepWords, timeOf } from "./store-words.js";

/** What a journey shows, in words. */
const FLAGS = {
  converted: ["Bought", "money"],
  repeat_buyer: ["Bought again", "money"],
  direct_purchase: ["Bought without looking", "accent"],
  came_back: ["Came back after buying", "accent"],
  abandoned_cart: ["Left a cart behind", "attention"],
  browser: ["Looked at products", ""],
  bounced: ["Left after one page", ""],
  signed_up: ["Signed up", "accent"],
};

export class PeopleDialog {
  /** `range()` answers the range that is looked at. */
  constructor({ range }) {
    this.range = range;
    this.dialog = byId("people");
    this.title = part(this.dialog, "title");
    this.note = part(this.dialog, "note");
    this.body = part(this.dialog, "body");
    this.back = part(this.dialog, "back");
    this.back.addEventListener("click", () => this.#list({ focus: true }));
    this.dialog.addEventListener("close", () => (this.asked = null));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  /** {label, rule, people: the newest, count: how many there are}. */
  openSegment(segment) {
    this.segment = segment;
    this.#open();
    this.#list();
  }

  openPerson(userId) {
    this.segment = null;
    this.#open();
    this.#journey(userId);
  }

  #open() {
    if (!this.dialog.open) this.dialog.showModal();
    this.title.focus();
  }

  #head(title, note, { back = false } = {}) {
    this.title.replaceChildren(make("bdi", {}, title));
    setText(this.note, note);
    this.back.hidden = !back;
    this.body.scrollTop = 0;
  }

  #list({ focus = false } = {}) {
    const { label, rule, people, count } = this.segment;
    const last = this.asked;
    this.asked = null;
    const some = count > people.length ? `the newest ${people.length} of ` : "";
    this.#head(label, `${rule} · ${some}${plural(count, "visitor")}`);
    const nobody = empty("users-round", "Nobody here in this range", "Visitors appear here as soon as they fit.");
    const rows = people.map((person) => this.#person(person));
    this.body.replaceChildren(rows.length ? make("ul.people-list", {}, ...rows) : nobody);
    if (focus) (rows.find((row) => row.userId === last)?.firstElementChild ?? this.title).focus();
  }

  #person({ user_id: id, total_events: events, last_event: last }) {
    const button = make(
      "button.people-row",
      { type: "button" },
      icon("user-round"),
      make("bdi.name", { title: id }, id),
      make("span.when", {}, `${plural(events, "event")} · `, since(last)),
      icon("chevron-right"),
    );
    button.addEventListener("click", () => this.#journey(id));
    return Object.assign(make("li", {}, button), { userId: id });
  }

  async #journey(userId) {
    this.asked = userId;
    this.#head(userId, " ", { back: Boolean(this.segment) });
    this.body.replaceChildren(...Array.from({ length: 5 }, () => make("span.skeleton.people-wait")));
    this.title.focus();
    try {
      const found = await journeyOf(userId, this.range());
      if (this.asked === userId) this.#showJourney(found);
    } catch (error) {
      onlyServer(error);
      if (this.asked === userId) this.#explain(userId, error.message);
    }
  }

  #showJourney({ activity, pattern, keptSince }) {
    const deleted = keptSince ? `Events from before ${day(keptSince)} have been deleted.` : "";
    if (!activity) {
      const words = deleted || "They did nothing in this range. Another one may show them.";
      this.body.replaceChildren(empty("user-round", "No journey to show", words));
      return;
    }
    const length = (Date.parse(activity.last_event) - Date.parse(activity.first_event)) / 1000;
    const over = length < 60 ? "" : ` over ${spanWords(length)}`;
    const some = activity.total_events > activity.journey.length ? `the last ${activity.journey.length} of ` : "";
    const events = `${some}${plural(activity.total_events, "event")}`;
    setText(this.note, `${events}${over}, until ${moment(activity.last_event)}`);
    const flags = (pattern?.flags ?? []).map((flag) => flagTag(flag));
    this.body.replaceChildren(
      flags.length ? make("p.journey-flags", {}, ...flags) : "",
      deleted ? make("p.journey-kept", {}, deleted) : "",
      make("ol.journey", {}, ...activity.journey.map((step, at) => stepRow(step, activity.journey[at - 1]))),
    );
  }

  #explain(userId, words) {
    const again = make("button.button.small", { type: "button" }, icon("refresh-cw"), "Try again");
    again.addEventListener("click", () => this.#journey(userId));
    const note = empty("circle-alert", "The journey could not be read", words);
    note.append(again);
    this.body.replaceChildren(note);
  }
}

const spanWords = (seconds) =>
  seconds < 172_800 ? roughly(seconds) : plural(Math.round(seconds / 86_400), "day");

function flagTag(flag) {
  const [words, tone] = FLAGS[flag] ?? [flag.replaceAll("_", " "), ""];
  return make(tone ? `span.tag.${tone}` : "span.tag", {}, words);
}

function stepRow(step, before) {
  const gap = before ? (Date.parse(step.timestamp) - Date.parse(before.timestamp)) / 1000 : null;
  const isNewDay = !before || day(before.timestamp) !== day(step.timestamp);
  return make(
    `li.journey-step.step-${step.event_type}`,
    {},
    make("span.step-mark", {}, icon(stepIcon(step.event_type))),
    make("span.name", {}, stepWords(step.event_type)),
    make("span.when", {}, isNewDay && before ? "another day" : gap === null ? "" : `+ ${roughly(gap)}`),
    timeOf(step.timestamp),
  );
}
