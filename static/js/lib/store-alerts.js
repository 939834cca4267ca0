/** What was unusual: a line of time with a dot for each, and each with its reason, its baseline and what to do. */

import { everySecond, serverNow } from "./clock.js";
import { badge, byId, empty, icon, make, part, setText } from "./dom.js";
import { clock, day, decimal, number } from "./format.js";
import { oncePerFrame } from "./frame.js";
import { onlyServer } from "./http.js";
import { markAnomaly } from "./store-api.js";
import { amountOf, since, sinceWords } from "./store-words.js";
import { toast } from "./toast.js";

const TYPES = {
  traffic_spike: "Traffic spike",
  unusual_purchase: "Unusual purchase",
  hyperactive_user: "Hyperactive user",
};
const SEVERITIES = { high: ["High", "triangle-alert"], medium: ["Medium", "circle-alert"], low: ["Low", "info"] };
const DAY_MS = 86_400_000;
const RANGE_MS = { "1h": 3_600_000, "24h": DAY_MS, "7d": 604_800_000, "30d": 2_592_000_000 };
const MOST = 100;

export class Alerts {
  /** `openPerson(userId)` shows what somebody did. */
  constructor({ canWrite, openPerson }) {
    Object.assign(this, { canWrite, openPerson });
    this.list = byId("alerts");
    this.line = byId("alerts-line");
    this.rows = new Map();
    this.filter = "open";
    byId("alerts-filter").addEventListener("change", (event) => {
      this.filter = event.target.value;
      if (this.answer) this.draw();
    });
    this.draw = oncePerFrame(() => this.#draw());
    everySecond(() => this.#age());
  }

  show(answer, range) {
    const isNews = this.answer && this.range === range;
    const known = new Set(this.answer?.anomalies.map(({ id }) => id));
    if (isNews) for (const one of answer.anomalies) if (!known.has(one.id) && one.state === "new") tell(one);
    this.answer = answer;
    this.range = range;
    this.draw();
  }

  /** One that is new, or has changed. */
  put(one) {
    if (!this.answer) return;
    const others = this.answer.anomalies.filter(({ id }) => id !== one.id);
    if (others.length === this.answer.anomalies.length && one.state === "new") tell(one);
    this.answer = { ...this.answer, anomalies: [...others, one].sort(newestFirst).slice(0, MOST) };
    this.draw();
  }

  #draw() {
    const all = this.answer.anomalies;
    const open = all.filter(({ state }) => state !== "resolved");
    const shown = this.filter === "open" ? open : all;
    const fresh = all.filter(({ state }) => state === "new").length;
    const tag = byId("alerts-open");
    tag.hidden = !fresh;
    setText(tag, `${fresh} new`);
    this.#drawLine(all);
    if (!shown.length) {
      this.rows.clear();
      const words = this.#nothing(all.length);
      if (this.list.textContent !== words.textContent) this.list.replaceChildren(make("li", {}, words));
      return;
    }
    this.list.querySelector(".empty")?.parentElement.remove();
    this.#reconcile(shown);
  }

  #age() {
    for (const row of this.rows.values()) {
      const time = row.querySelector("time");
      setText(time, sinceWords(time.dateTime));
    }
  }

  #nothing(resolved) {
    return this.filter === "open" && resolved
      ? empty("check", "Nothing open", `${number(resolved)} in this range, all resolved.`)
      : empty(
          "bell",
          "Nothing unusual",
          "Spikes of traffic, odd purchases and overly busy visitors are told here as soon as they happen.",
        );
  }

  /** Rows stay where they are while they stay the same, so a button does not vanish under a finger. */
  #reconcile(shown) {
    const wanted = new Map(shown.map((one) => [one.id, this.#rowOf(one)]));
    for (const [id, row] of this.rows) if (wanted.get(id) !== row) row.remove();
    let before = this.list.firstElementChild;
    for (const row of wanted.values()) {
      if (row === before) before = before.nextElementSibling;
      else this.list.insertBefore(row, before);
    }
    this.rows = wanted;
  }

  #rowOf(one) {
    const signature = `${one.changed_at}/${one.state}/${one.severity}/${one.message}`;
    const known = this.rows.get(one.id);
    if (known?.signature === signature) return known;
    const hadFocus = known?.contains(document.activeElement);
    const row = Object.assign(this.#row(one), { signature });
    if (hadFocus) queueMicrotask(() => (row.querySelector("button") ?? this.list.parentElement).focus());
    return row;
  }

  #row(one) {
    const [severity, symbol] = SEVERITIES[one.severity] ?? [one.severity, "info"];
    const [title, reason] = titled(one);
    return make(
      `li.alert.${one.severity}${one.state === "resolved" ? ".resolved" : ""}`,
      { "data-id": one.id, "data-state": one.state },
      make(
        "p.alert-head",
        {},
        badge(symbol, `${severity} severity`),
        make("bdi.alert-title", {}, title),
        make("span.alert-severity", { "aria-hidden": "true" }, severity),
        make("span.when", {}, since(one.detected_at)),
      ),
      make("p.alert-message", {}, make("bdi", {}, reason)),
      make("p.alert-base", {}, baselineWords(one)),
      this.#foot(one),
    );
  }

  #foot(one) {
    const foot = make("div.alert-foot");
    const { user_id: who } = one;
    if (who) foot.append(this.#button("user-round", make("bdi.name", {}, who), () => this.openPerson(who)));
    foot.append(make("span.spacer"));
    if (one.state !== "new") foot.append(make("span.tag", {}, one.state));
    if (this.canWrite && one.state === "new") foot.append(this.#button("eye", "Seen", () => this.#mark(one, "seen")));
    if (this.canWrite && one.state !== "resolved")
      foot.append(this.#button("check", "Resolve", () => this.#mark(one, "resolved")));
    else if (this.canWrite) foot.append(this.#button("rotate-ccw", "Reopen", () => this.#mark(one, "seen")));
    return foot;
  }

  #button(symbol, words, press) {
    const button = make("button.button.small", { type: "button" }, icon(symbol), words);
    button.addEventListener("click", press);
    return button;
  }

  async #mark(one, state) {
    const buttons = [...(this.rows.get(one.id)?.querySelectorAll("button") ?? [])];
    for (const button of buttons) button.disabled = true;
    try {
      await markAnomaly(one.id, state);
      this.put({ ...one, state });
      if (state === "resolved" && this.filter === "open") this.list.parentElement.focus({ preventScroll: true });
    } catch (error) {
      onlyServer(error);
      for (const button of buttons) button.disabled = false;
      toast(error.message, { icon: "circle-alert", attention: true });
    }
  }

  #drawLine(all) {
    this.line.hidden = !all.length;
    if (!all.length) return;
    const now = serverNow();
    const oldest = Math.min(...all.map(({ detected_at: at }) => Date.parse(at)));
    const from = this.range in RANGE_MS ? now - RANGE_MS[this.range] : oldest - (now - oldest) * 0.03;
    const dots = all.toReversed().map((one) => {
      const dot = make(`i.alert-dot.${one.severity}${one.state === "resolved" ? ".resolved" : ""}`);
      const at = (Date.parse(one.detected_at) - from) / (now - from);
      dot.style.insetInlineStart = `${(100 * Math.min(1, Math.max(0, at))).toFixed(2)}%`;
      return dot;
    });
    part(this.line, "dots").replaceChildren(...dots);
    setText(part(this.line, "from"), beginWords(from, now));
  }
}

/** Where the line begins: a time of day alone would be taken for today's. */
function beginWords(from, now) {
  if (now - from > DAY_MS) return day(from);
  return day(from) === day(now) ? clock(from) : `${day(from)}, ${clock(from)}`;
}

function newestFirst(one, other) {
  return Date.parse(other.detected_at) - Date.parse(one.detected_at) || other.id - one.id;
}

/** "Traffic spike: 93 events …" → what it is, and what was seen. */
function titled({ type, message, current_value: value, baseline }) {
  const [title, ...rest] = message.split(": ");
  const reason = baseline.currency
    ? `${figure(value, baseline)}, usual is ${figure(baseline.mean, baseline)}`
    : rest.join(": ");
  return rest.length ? [title, reason] : [TYPES[type] ?? type.replaceAll("_", " "), message];
}

/** What is usual, how sure that is, and how far off this was. */
function baselineWords({ baseline, expected_range: [low, high], current_value: value }) {
  const { mean, sigma, samples, score, period } = baseline;
  const told = (amount) => figure(amount, baseline);
  const off = score === null ? "all others were equal" : `${decimal(score)} σ off`;
  const seen = `${told(value)} against ${told(low)}–${told(high)}`;
  const usual = `usual ${told(mean)} ± ${told(sigma)}`;
  return `${seen} · ${usual} · ${off} · from ${number(samples)} ${period}`;
}

/** Money the way it is written everywhere, or how many. */
function figure(amount, { currency }) {
  return currency ? amountOf({ amount, currency }) : decimal(amount);
}

function tell(one) {
  const [title, reason] = titled(one);
  toast(make("bdi", {}, `${title}: ${reason}`), { icon: "bell", attention: one.severity === "high" });
}
