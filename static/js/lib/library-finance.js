/** What memberships are worth, and how long members stay: two charts, and the figures above all charts. */

import { barChart } from "../charts/bars.js";
import { lineChart } from "../charts/lines.js";
import { money, monthsWords, monthYear, number, percent } from "./format.js";

const MONEY = (amount, { currency }) => money(amount, { code: currency });
const ROUND_MONEY = (amount, { currency }) => money(amount, { code: currency, brief: true });
const NEWEST = 4; // cohorts beside the line of all: more cannot be told apart

/** measure → [what it is called, how it is written]. */
export const MEASURES = {
  mrr: ["MRR", MONEY],
  arpu: ["ARPU", MONEY],
  churn_percent: ["Churn", percent],
  lifetime_months: ["Lifetime", monthsWords],
  lifetime_value: ["Lifetime value", MONEY],
};

export const worthOf = (measure) => {
  const [words, write] = MEASURES[measure];
  const known = (plans) => plans.filter((plan) => plan[measure] !== null);
  return {
    columns: [
      { field: "plan", words: "Plan" },
      { field: "members", words: "Members", write: number },
      ...Object.entries(MEASURES).map(([field, [head, shown]]) => ({ field, words: head, write: shown })),
      { field: "currency", words: "Currency", fileOnly: true },
    ],
    draw: (plans) =>
      barChart(
        plans.map((plan) => ({ name: plan.plan, value: plan[measure], currency: plan.currency })),
        { write, tick: write === MONEY ? ROUND_MONEY : write },
      ),
    spoken: (plans) =>
      `${words} per plan: ${known(plans)
        .map((plan) => `${plan.plan} ${write(plan[measure], plan)}`)
        .join(", ")}.`,
    nothing: ["wallet", "No plan yet", "What a plan earns, and how long its members stay, stands here."],
  };
};

/** Rows of {month, members, still_members, retained: [percent, …]} with a field for each month since the sign-up. */
export const retentionRows = (cohorts) =>
  cohorts
    .filter(({ members }) => members > 0)
    .map(({ retained, ...rest }) => ({
      ...rest,
      retained,
      ...Object.fromEntries(retained.map((share, after) => [`after_${after}`, share])),
    }));

export function retentionOf(rows) {
  const longest = Math.max(0, ...rows.map(({ retained }) => retained.length));
  const after = Array.from({ length: longest }, (_, months) => months);
  return {
    columns: [
      { field: "month", words: "Signed up", write: monthYear },
      { field: "members", words: "Members", write: number },
      { field: "still_members", words: "Still members", write: number },
      ...after.map((months) => ({ field: `after_${months}`, words: `Month ${months}`, write: percent })),
    ],
    draw: () =>
      lineChart(
        after.map((months) => `Month ${months}`),
        retentionLines(rows, after),
        { write: percent, most: 100 },
      ),
    spoken: () =>
      `Of all who signed up, still members ${everybody(rows, after)
        .map((share, months) => `${percent(share)} in month ${months}`)
        .join(", ")}.`,
    nothing: ["repeat", "No sign-ups that are a month old", "Who stays how long can be told after their first month."],
  };
}

function retentionLines(rows, after) {
  const newest = rows.filter(({ retained }) => retained.length > 1).slice(-NEWEST);
  return [
    { name: "Everybody", values: everybody(rows, after) },
    ...newest.map(({ month, retained }) => ({ name: monthYear(month), values: after.map((months) => retained[months] ?? null) })),
  ];
}

/** By the number of members, of those cohorts that are old enough. */
function everybody(rows, after) {
  return after.map((months) => {
    const old = rows.filter(({ retained }) => retained.length > months);
    const all = old.reduce((sum, { members }) => sum + members, 0);
    const stayed = old.reduce((sum, { members, retained }) => sum + members * retained[months], 0);
    return Math.round((10 * stayed) / all) / 10;
  });
}
