/** What the server can be asked and told of the library. */

import { getJson, query, send } from "./http.js";

const SLOW_MS = 30_000; // a search through a large library

const one = (kind, id) => `/api/${kind}/${encodeURIComponent(id)}`;

/** {data, pagination}. */
export const listRecords = (kind, parameters) => getJson(`/api/${kind}${query(parameters)}`, { timeout: SLOW_MS });

export const record = (kind, id) => getJson(one(kind, id));

export const makeRecord = (kind, given) => send("POST", `/api/${kind}`, given);

export const changeRecord = (kind, id, changes) => send("PATCH", one(kind, id), changes);

export const deleteRecord = (kind, id) => send("DELETE", one(kind, id));

/** {genres: [{genre, titles, watch_count}], content_types, months, currency, first_payment, last_payment}. */
export const choices = () => getJson("/api/library/choices");

export const subscriptions = () => getJson("/api/subscriptions");

export const topContent = (genre) => getJson(`/api/top-content${query({ genre, limit: 10 })}`);

export const popularIn = (month) => getJson(`/api/popular-content-over-time${query({ month })}`);

export const popularMonths = () => getJson("/api/popular-content-trend");

/** By month, or with a first and a last day by day. */
export const revenueTrends = (span) => getJson(`/api/revenue-trends${query(span)}`);

export const weeklyRevenue = () => getJson("/api/payments-trend");

export const genreShares = () => getJson("/api/watch-history-genre");

export const paymentMethods = () => getJson("/api/payment-method-distribution");

export const userStats = (id) => getJson(`/api/user-stats/${encodeURIComponent(id)}`);

/** Nine fill rows of three. */
export const recommendations = (id) => getJson(`/api/recommendations/${encodeURIComponent(id)}${query({ limit: 9 })}`);

/** {plans, totals: one for each currency, from, to}: MRR, ARPU, churn and lifetime. */
export const metrics = () => getJson("/api/library/metrics");

/** [{month, members, still_members, retained: [percent, …]}]. */
export const retention = () => getJson("/api/library/retention?months=24");
