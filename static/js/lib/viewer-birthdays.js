/** Whose birthday comes next. */

import { byId, empty, icon, make } from "./dom.js";
import { onlyServer } from "./http.js";
import { avatar } from "./person.js";
import { addressOf, birthdays, pageOf } from "./viewer-api.js";
import { tierBadge } from "./viewer-badges.js";
import { birthdayWords, namesOf, personOf } from "./viewer-words.js";

const MOST = 12;

export class Birthdays {
  constructor() {
    this.list = byId("birthdays");
    this.days = 7;
    this.list.replaceChildren(...Array.from({ length: 3 }, skeleton));
    byId("birthday-days").addEventListener("change", (event) => {
      this.days = Number(event.target.value);
      this.load();
    });
  }

  async load() {
    try {
      const people = await birthdays(this.days, MOST);
      const told = JSON.stringify(
        people.map((one) => [addressOf(one), one.display_name, one.days_until, one.vip_tier]),
      );
      if (told === this.told) return;
      this.told = told;
      this.list.replaceChildren(...(people.length ? people.map(row) : [this.#nobody()]));
    } catch (error) {
      onlyServer(error);
      if (!this.told) this.list.replaceChildren(make("li", {}, empty("circle-alert", null, error.message)));
    }
  }

  #nobody() {
    const words = `None in the next ${this.days} days. Open a viewer and note their birthday to be told in time.`;
    return make("li", {}, empty("cake", null, words));
  }
}

function row(viewer) {
  const { shown } = namesOf(viewer);
  const address = addressOf(viewer);
  const today = viewer.days_until === 0;
  return make(
    "li.row.person-row",
    {},
    avatar(personOf(viewer)),
    make(
      "div.row-body",
      {},
      make(
        "span.line",
        {},
        make(
          "a.name.person-link",
          { href: pageOf(address), "data-address": address },
          make("bdi", { title: shown }, shown),
        ),
        viewer.vip_tier && tierBadge(viewer),
      ),
      make("span.said", {}, birthdayWords(viewer)),
    ),
    today && icon("cake", "birthday-today"),
  );
}

function skeleton() {
  return make("li.row", { "aria-hidden": "true" }, make("span.avatar.skeleton"), make("span.skeleton.skeleton-name"));
}
