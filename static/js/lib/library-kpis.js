/** The figures above the charts of the library: how many there are, and what memberships are worth. */

import { byId, part, setText } from "./dom.js";
import { compact, money, monthsWords, percent, plural } from "./format.js";

/** `metrics` as /api/library/metrics tells them, `counts` {users, titles, watches}. */
export function showKpis(metrics, { users, titles, watches }) {
  const [total, ...others] = metrics.totals;
  // Six cards stand side by side: from a thousand on there is no room for cents.
  const inMoney = (amount) =>
    amount === null ? "–" : money(amount, { code: total.currency, brief: Math.abs(amount) >= 1000 });
  for (const name of ["arpu", "churn", "lifetime"]) byId(`kpi-${name}`).title = `${metrics.from} to ${metrics.to}`;
  show("users", compact(users), `${compact(members(metrics))} with a plan`);
  show("mrr", inMoney(total.mrr), others.length ? `and ${others.map(ofOther).join(", ")}` : "recurring a month");
  show("arpu", inMoney(total.arpu), "a member a month");
  show(
    "churn",
    total.churn_percent === null ? "–" : percent(total.churn_percent),
    `${compact(total.left)} left in a year`,
  );
  const months = total.lifetime_months;
  show(
    "lifetime",
    inMoney(total.lifetime_value),
    months === null ? "nobody left yet" : `${monthsWords(months)} each`,
  );
  show("titles", compact(titles), plural(watches, "watch", "watches"));
}

const members = ({ totals }) => totals.reduce((sum, total) => sum + total.members, 0);

const ofOther = ({ mrr, currency }) => money(mrr, { code: currency });

function show(name, figure, note) {
  const card = byId(`kpi-${name}`);
  setText(part(card, "figure"), figure);
  setText(part(card, "note"), note);
  part(card, "note").title = note;
}
