/** What fields and filters offer to choose from; asked for once, and again when a record was changed. */

import { choices, listRecords, paymentMethods } from "./library-api.js";

const MOST_PLANS = 200;
let known = null;

/** {genres, content_types, methods, currencies, months, plans: [{id, name}], first_payment, …}. Throws HttpError. */
export function offered() {
  known ??= ask().catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

export function forgetOffered() {
  known = null;
}

async function ask() {
  const [lists, plans, methods] = await Promise.all([
    choices(),
    listRecords("plans", { limit: MOST_PLANS, sort: "name", order: "asc" }),
    paymentMethods(),
  ]);
  const currencies = methods.flatMap(({ amounts }) => Object.keys(amounts));
  return {
    ...lists,
    genres: lists.genres.map(({ genre }) => genre).sort((one, other) => one.localeCompare(other)),
    plans: plans.data,
    methods: methods.map(({ method }) => method),
    currencies: [...new Set([lists.currency, ...currencies])].sort(),
  };
}
