/** The six figures above the list. */

import { Counter } from "./counter.js";
import { byId, make, part, setText } from "./dom.js";
import { compact, decimal, number, percent, platformName } from "./format.js";
import { onlyServer } from "./http.js";
import { summary } from "./viewer-api.js";
import { watched } from "./viewer-words.js";

export class ViewerStats {
  constructor() {
    this.counters = Object.fromEntries(
      [
        ["total", compact],
        ["active", compact],
        ["coins", compact],
        ["watchtime", watched],
        ["vips", compact],
      ].map(([name, format]) => [name, new Counter(part(byId(`kpi-${name}`), "figure"), format)]),
    );
  }

  /** Answers whether the server did. */
  async load() {
    try {
      this.#show(await summary());
      return true;
    } catch (error) {
      onlyServer(error);
      if (!this.shown)
        for (const name of [...Object.keys(this.counters), "spender"]) this.#note(name, error.message, "–");
      return false;
    }
  }

  #show(told) {
    this.shown = told;
    this.counters.total.show(told.totalViewers);
    this.counters.active.show(told.activeViewers);
    this.counters.coins.show(told.totalRevenue);
    this.counters.watchtime.show(told.avgWatchtime);
    this.counters.vips.show(told.vipCount);
    const each = told.totalViewers ? told.totalRevenue / told.totalViewers : 0;
    this.#note("total", told.totalViewers ? onPlatforms(told.platforms ?? {}) : "nobody yet");
    this.#note("active", told.totalViewers ? `${share(told.activeViewers, told.totalViewers)} of all` : "nobody yet");
    this.#note("coins", `${each < 100 ? decimal(each) : number(Math.round(each))} a viewer`);
    this.#note("watchtime", "by each viewer");
    this.#note("vips", told.vipCount ? `${share(told.vipCount, told.totalViewers)} of all` : "nobody yet");
    const top = told.topSpender;
    const figure = part(byId("kpi-spender"), "figure");
    const name = top ? top.displayName || top.username : "–";
    if (figure.textContent !== name) figure.replaceChildren(make("bdi", { title: name }, name));
    this.#note("spender", top ? `${compact(top.coinsSpent)} coins` : "no coins yet");
  }

  #note(name, words, figure = null) {
    const card = byId(`kpi-${name}`);
    setText(part(card, "note"), words);
    part(card, "note").title = words;
    if (figure) setText(part(card, "figure"), figure);
  }
}

function share(count, all) {
  const value = (100 * count) / all;
  return value > 0 && value < 0.1 ? "under 0.1 %" : percent(value);
}

function onPlatforms(platforms) {
  const told = Object.entries(platforms).filter(([, count]) => count);
  if (!told.length) return "on all channels";
  const [platform, count] = told.sort(([, one], [, other]) => other - one)[0];
  const all = told.reduce((sum, [, each]) => sum + each, 0);
  return told.length === 1
    ? `all on ${platformName(platform)}`
    : `${Math.round((100 * count) / all)} % on ${platformName(platform)}`;
}
