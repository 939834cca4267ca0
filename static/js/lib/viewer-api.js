/** What the server can be asked and told of viewers. */

import { getJson, query, send } from "./http.js";

const ROOT = "/api/viewer-profiles";

/** "tiktok:name": how a person is addressed, whoever else has the same name. */
export const addressOf = ({ address, platform, username }) => address ?? `${platform}:${username}`;

/** The address inside a path; the colon may stay as it is there. */
const inPath = (address) => encodeURIComponent(address).replace("%3A", ":");

export const pageOf = (address) => `/viewers/${inPath(address)}`;

const one = (address, rest = "") => `${ROOT}/${inPath(address)}${rest}`;

export const listViewers = (parameters) => getJson(`${ROOT}${query(parameters)}`);

export const exportUrl = (parameters) => `${ROOT}/export${query(parameters)}`;

export const personExportUrl = (address) => one(address, "/export");

export const summary = async () => (await getJson(`${ROOT}/stats/summary`)).data;

export const leaders = async (parameters) => (await getJson(`${ROOT}/leaderboard${query(parameters)}`)).data;

export const birthdays = async (days) => (await getJson(`${ROOT}/birthdays/upcoming${query({ days })}`)).data;

export const weekHours = async () => (await getJson(`${ROOT}/heatmap/global`)).data;

export const activeSessions = () => getJson(`${ROOT}/sessions/active`);

export const voices = async () => (await getJson(`${ROOT}/tts/voices`)).data;

export const tiers = async () => (await getJson(`${ROOT}/vip/tiers`)).data;

export const saveTiers = (list, { dryRun = false } = {}) =>
  send("PUT", `${ROOT}/vip/tiers${query({ dryRun: dryRun || null })}`, { tiers: list });

export const profile = async (address) => (await getJson(one(address))).data;

export const editProfile = async (address, updates) => (await send("PATCH", one(address), updates)).data;

export const eraseViewer = (address, remember) => send("DELETE", `${one(address)}${query({ optOut: remember || null })}`);

/** `change`: {tier: "Gold"}, {remove: true} or {reset: true}. */
export const changeVip = async (address, change) => (await send("POST", one(address, "/vip"), change)).data;

/** A page of what a person did: kind gifts | sessions | interactions | edits; `before` is the `next` of the last. */
export const historyOf = (address, kind, before) => getJson(`${one(address, `/${kind}`)}${query({ before, limit: 30 })}`);

export const importViewers = (content, columns, { dryRun }) =>
  send("POST", `${ROOT}/import${query({ dryRun })}`, { csv: content, columns }, { timeout: 120_000 });
