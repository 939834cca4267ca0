/** Wires the page of revenue: figures, charts, sources, streams, sales as they come, and who is here. */

import { ColumnChart } from "../charts/columns.js";
import { everySecond, learnTime } from "../lib/clock.js";
import { ConnectPanel } from "../lib/connect.js";
import { ConnectionChip } from "../lib/connection-chip.js";
import { byId, setText } from "../lib/dom.js";
import { clock, compact, dateWords, day, minorDigits, money, number, plural } from "../lib/format.js";
import { getJson, onlyServer, outage } from "../lib/http.js";
import { Line } from "../lib/line.js";
import { RevenueKpis } from "../lib/revenue-kpis.js";
import { showBestHours, showOthers, showSources, showStreams } from "../lib/revenue-panels.js";
import { RevenueTicker } from "../lib/revenue-ticker.js";
import { amount } from "../lib/revenue-words.js";
import { Refresher } from "../lib/viewer-refresh.js";

const ANEW_SECONDS = 60; // a day may be over, a projection moves on

let currency = document.body.dataset.currency;
const cash = (value) => amount(value, currency);
const roundCash = (value) => money(value, { code: currency, brief: true });

const chip = new ConnectionChip(byId("connection"));
const kpis = new RevenueKpis();
const ticker = new RevenueTicker();
const connect = new ConnectPanel(byId("revenue"), "no-money");
const charts = {
  revenue: new ColumnChart(byId("revenue-chart"), {
    colour: "money",
    write: cash,
    writeAxis: roundCash,
    parts: 10 ** minorDigits(),
    what: "Revenue",
    when: "Day",
    caption: "Revenue of the last 30 days",
  }),
  hours: new ColumnChart(byId("hours-chart"), {
    colour: "money",
    write: cash,
    writeAxis: roundCash,
    parts: 10 ** minorDigits(),
    what: "Revenue",
    when: "Hour",
    caption: "Revenue of the last 30 days by hour of the day",
  }),
  visitorDays: new ColumnChart(byId("visitors-days"), {
    colour: "accent",
    write: number,
    writeAxis: compact,
    what: "Visitors",
    when: "Day",
    caption: "Visitors of the last 30 days",
  }),
  visitorHours: new ColumnChart(byId("visitors-hours"), {
    colour: "accent",
    write: number,
    writeAxis: compact,
    what: "Visitors",
    when: "Hour",
    caption: "Visitors of the last 24 hours",
  }),
};

// Each at most so often (in seconds), and never while nobody looks.
const refresher = new Refresher({
  revenue: [5, () => load("/api/revenue", showRevenue)],
  visitors: [10, () => load("/api/visitors", showVisitors)],
});

const line = new Line({
  pushes: ["revenue_update", "connection_update"],
  follow: ["revenue"],
  on: { pushed: (name, message) => PUSHED[name](message), state: showState, ask: () => refresher.poll("revenue") },
});

/** Answers whether the server did. */
async function load(path, show) {
  try {
    show(await getJson(path));
    byId("problem").hidden = true;
    return true;
  } catch (error) {
    onlyServer(error);
    line.setTrouble(outage(error));
    if (error.status && !outage(error)) {
      byId("problem").hidden = false;
      setText(byId("problem"), `The figures cannot be read right now: ${error.message}`);
    }
    return error.status > 0 && error.status < 500;
  }
}

function showRevenue(revenue) {
  learnTime(revenue.updated_at);
  currency = revenue.currency;
  kpis.showRevenue(revenue);
  charts.revenue.show(revenue.last_30_days.map(({ date, revenue: value }) => ({ ...ofDay(date), value })));
  const best = new Set(revenue.best_hours.map(({ hour }) => hour));
  const hours = revenue.by_hour.map(({ hour, revenue: value }) => ({ ...ofHour(hour), value, strong: best.has(hour) }));
  charts.hours.show(hours);
  showSources(revenue);
  showStreams(revenue);
  showOthers(revenue);
  showBestHours(revenue);
  ticker.renew(revenue.recent);
  connect.setEmpty(!revenue.recent.length);
}

function showVisitors(visitors) {
  kpis.showVisitors(visitors);
  charts.visitorDays.show(visitors.last_30_days.map(({ date, visitors: value }) => ({ ...ofDay(date), value })));
  charts.visitorHours.show(
    visitors.last_24_hours.map(({ hour, visitors: value }) => ({
      key: hour,
      label: clock(hour),
      title: `${day(hour)}, ${clock(hour)}`,
      value,
    })),
  );
  const since = visitors.counted_since;
  setText(byId("visitors-note"), since ? `counted since ${dateWords(since)}, without cookies` : "");
}

function ofDay(date) {
  const title = dateWords(date);
  return { key: date, label: title.replace(/^\w+,? /, ""), title };
}

function ofHour(hour) {
  const label = `${String(hour).padStart(2, "0")}:00`;
  return { key: label, label, title: `${label} – ${String((hour + 1) % 24).padStart(2, "0")}:00` };
}

const PUSHED = {
  revenue_update: (sale) => {
    const inMain = sale.currency === currency;
    kpis.showTotals(sale.totals, inMain ? sale.day : null);
    if (inMain) charts.revenue.set(sale.day.date, sale.day.revenue);
    ticker.add(sale);
    connect.setEmpty(false);
    refresher.want("revenue");
  },
  connection_update: ({ dashboards, visitors_online: online }) => {
    setText(byId("present"), `${plural(dashboards, "dashboard")} open · ${plural(online, "visitor")} online`);
    kpis.showVisitors({ online_now: online });
    refresher.want("visitors");
  },
};

/** What happened while the line was down is not told later, so all is asked anew. */
function showState(state) {
  chip.show(state);
  if (state.kind === "connected") refresher.everything();
  else setText(byId("present"), "");
}

let seconds = 0;
everySecond(() => {
  seconds += 1;
  if (seconds % ANEW_SECONDS === 0) refresher.everything();
});

refresher.everything();
line.start();
