/** The six kinds of record, each described once: its columns, its filters, its form. Table and form read only this. */

import { compact, date, money, moment, number, percent, tenths } from "./format.js";

/**
 * A column: {field, words, write?(value, record), number?, long?, tag?, leads?(record): a place on this page}.
 * A filter: {name, words, type}, a field: {name, words, type, required?, hint?, …}; types are those of
 * library-inputs.js. `sorts`: field → [words, whether the first press means downwards], the usual one first.
 */
const MONEY = (value, record) => money(value, { code: record.currency });
const RATING = (value) => (value === null ? "–" : tenths(value));

const USER = { field: "user", words: "User", leads: ({ user_id: user }) => ({ user }) };
const TITLE = { field: "title", words: "Title" };
const PLAN = { field: "plan", words: "Plan" };
const USER_FIELD = { name: "user_id", words: "User", type: "record", kind: "users", label: "user", required: true };
const TITLE_FIELD = {
  name: "content_id",
  words: "Title",
  type: "record",
  kind: "content",
  label: "title",
  required: true,
};
const PLAN_FIELD = { name: "plan_id", words: "Plan", type: "plan", label: "plan", none: "No plan" };
const CURRENCY_FIELD = { name: "currency", words: "Currency", type: "text", most: 3, usual: "currency" };
const WHOSE = { name: "user_id", words: "User", type: "record", kind: "users" };
const WHICH = { name: "content_id", words: "Title", type: "record", kind: "content" };
const SPAN = [
  { name: "since", words: "From", type: "day" },
  { name: "until", words: "To", type: "day", through: true },
];

export const KINDS = {
  plans: {
    one: "plan",
    many: "plans",
    icon: "wallet",
    named: (record) => record.name,
    about: "What members pay for, and how often.",
    columns: [
      { field: "name", words: "Plan" },
      { field: "price", words: "Price", write: MONEY, number: true },
      { field: "billing_months", words: "Billed", write: billing },
      {
        field: "user_count",
        words: "Users",
        write: number,
        number: true,
        leads: ({ id }) => ({ kind: "users", plan_id: id }),
      },
      { field: "description", words: "Description", long: true },
    ],
    sorts: { name: ["Name", false], price: ["Price", true], created_at: ["Newest", true] },
    searched: "Search by name",
    filters: [],
    fields: [
      { name: "name", words: "Name", type: "text", most: 80, required: true },
      { name: "price", words: "Price", type: "number", step: "any", least: 0, required: true },
      CURRENCY_FIELD,
      { name: "billing_months", words: "Billed every … months", type: "number", step: 1, least: 1, usual: 1 },
      { name: "description", words: "Description", type: "lines", most: 2000 },
    ],
  },
  users: {
    one: "user",
    many: "users",
    icon: "users-round",
    named: (record) => record.name,
    about: "Who is, or was, a member.",
    columns: [
      { field: "name", words: "Name", leads: ({ id }) => ({ user: id }) },
      { field: "email", words: "E-mail" },
      PLAN,
      { field: "status", words: "Status", tag: true },
      { field: "joined_at", words: "Joined", write: date },
      { field: "cancelled_at", words: "Cancelled", write: date },
    ],
    sorts: { joined_at: ["Joined", true], name: ["Name", false], email: ["E-mail", false] },
    searched: "Search by name or e-mail",
    filters: [
      { name: "plan_id", words: "Plan", type: "plan", none: "All plans" },
      {
        name: "status",
        words: "Status",
        type: "choice",
        none: "Everybody",
        choices: { active: "Active", cancelled: "Cancelled" },
      },
    ],
    fields: [
      { name: "name", words: "Name", type: "text", most: 120, required: true },
      { name: "email", words: "E-mail", type: "email", most: 254, required: true },
      PLAN_FIELD,
      {
        name: "password",
        words: "Password",
        type: "password",
        most: 256,
        hint: "Stored hashed. Empty: none for a new user; a known one keeps theirs.",
      },
      { name: "joined_at", words: "Joined", type: "moment", usual: "now" },
      { name: "cancelled_at", words: "Cancelled", type: "moment", hint: "Empty: still a member." },
    ],
  },
  content: {
    one: "title",
    many: "titles",
    icon: "clapperboard",
    named: (record) => record.title,
    about: "What can be watched.",
    columns: [
      { field: "title", words: "Title" },
      { field: "genre", words: "Genre" },
      { field: "content_type", words: "Type" },
      { field: "rating", words: "Rating", write: RATING, number: true },
      { field: "review_average", words: "Reviews", write: reviews, number: true },
      {
        field: "watch_count",
        words: "Watches",
        write: compact,
        number: true,
        leads: ({ id }) => ({ kind: "watch-history", content_id: id }),
      },
      { field: "release_date", words: "Released" },
    ],
    sorts: {
      title: ["Title", false],
      rating: ["Rating", true],
      watch_count: ["Watches", true],
      release_date: ["Released", true],
    },
    searched: "Search by title",
    filters: [
      { name: "genre", words: "Genre", type: "known", list: "genres", none: "All genres" },
      { name: "content_type", words: "Type", type: "known", list: "content_types", none: "All types" },
    ],
    fields: [
      { name: "title", words: "Title", type: "text", most: 300, required: true },
      { name: "genre", words: "Genre", type: "text", most: 60, list: "genres", required: true },
      { name: "content_type", words: "Type", type: "text", most: 40, list: "content_types", usual: "Movie" },
      { name: "rating", words: "Rating, 0 to 10", type: "number", step: 0.01, least: 0, greatest: 10 },
      { name: "release_date", words: "Released", type: "text", most: 10, hint: "2024, 2024-08 or 2024-08-31" },
      { name: "duration_minutes", words: "Minutes", type: "number", step: 1, least: 1 },
      { name: "description", words: "Description", type: "lines", most: 5000 },
    ],
  },
  "watch-history": {
    one: "watch",
    many: "watches",
    icon: "history",
    named: (record) => `${record.user}: ${record.title}`,
    about: "Who watched what, and how far.",
    columns: [
      USER,
      TITLE,
      { field: "progress", words: "Progress", write: percent, number: true },
      { field: "watched_on", words: "Watched", write: moment },
    ],
    sorts: { watched_on: ["Watched", true] },
    filters: [WHOSE, WHICH, ...SPAN],
    fields: [
      USER_FIELD,
      TITLE_FIELD,
      { name: "watched_on", words: "Watched", type: "moment", usual: "now" },
      { name: "progress", words: "Progress in percent", type: "number", step: 0.01, least: 0, greatest: 100, usual: 0 },
    ],
  },
  reviews: {
    one: "review",
    many: "reviews",
    icon: "star",
    named: (record) => `${record.user}: ${record.title}`,
    about: "What members think of what they watched.",
    columns: [
      USER,
      TITLE,
      { field: "rating", words: "Rating", write: RATING, number: true },
      { field: "comment", words: "Comment", long: true },
      { field: "reviewed_on", words: "Written", write: date },
    ],
    sorts: { reviewed_on: ["Written", true], rating: ["Rating", true] },
    filters: [WHOSE, WHICH, ...SPAN],
    fields: [
      USER_FIELD,
      TITLE_FIELD,
      { name: "rating", words: "Rating, 0 to 10", type: "number", step: 0.01, least: 0, greatest: 10, required: true },
      { name: "comment", words: "Comment", type: "lines", most: 10_000 },
      { name: "reviewed_on", words: "Written", type: "moment", usual: "now" },
    ],
  },
  payments: {
    one: "payment",
    many: "payments",
    icon: "credit-card",
    named: (record) => `${MONEY(record.amount, record)} of ${record.user}`,
    about: "What members paid.",
    columns: [
      USER,
      PLAN,
      { field: "amount", words: "Amount", write: MONEY, number: true },
      { field: "method", words: "Method" },
      { field: "payment_date", words: "Paid", write: moment },
    ],
    sorts: { payment_date: ["Paid", true], amount: ["Amount", true] },
    filters: [
      WHOSE,
      { name: "plan_id", words: "Plan", type: "plan", none: "All plans" },
      { name: "method", words: "Method", type: "known", list: "methods", none: "All methods" },
      { name: "currency", words: "Currency", type: "known", list: "currencies", none: "All currencies" },
      ...SPAN,
    ],
    fields: [
      USER_FIELD,
      { name: "amount", words: "Amount", type: "number", step: "any", least: 0, required: true },
      CURRENCY_FIELD,
      { name: "method", words: "Method", type: "text", most: 40, list: "methods", required: true },
      { ...PLAN_FIELD, hint: "Left open, a new payment is for the user's plan." },
      { name: "payment_date", words: "Paid", type: "moment", usual: "now" },
    ],
  },
};

function billing(months) {
  return { 1: "monthly", 3: "quarterly", 12: "yearly" }[months] ?? `every ${months} months`;
}

function reviews(average, { review_count: count }) {
  return average === null ? "–" : `${tenths(average)} (${compact(count)})`;
}
