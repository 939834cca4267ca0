/** What the server can be asked and told of viewers. */

import { getJson, query, send } from "./http.js";

const ROOT = "/api/viewer-profiles";

/** "tiktok:name": how a person is addressed, whoever else has the same name. */
export const addressOf = ({ address, platform, username }) => address ?? `${platform}:${username}`;

/** The address inside a path; the colon may stay as it is there. */
const inPath = (address) => encodeURIComponent(address).replace("%3A", ":");

export const pageOf = (address) => `/viewers/${inPath(address)}`;

/** What an answer is about, whether it stands alone or beside "success". */
const told = (answer) => answer.data ?? answer;

const one = (address, rest = "") => `${ROOT}/${inPath(address)}${rest}`;

export const listViewers = (parameters) => getJson(`${ROOT}${query(parameters)}`);

export const exportUrl = (parameters) => `${ROOT}/export${query(parameters)}`;

export const personExportUrl = (address) => one(address, "/export");

export const summary = async () => told(await getJson(`${ROOT}/stats/summary`));

export const leaders = async (parameters) => told(await getJson(`${ROOT}/leaderboard${query(parameters)}`));

export const birthdays = async (days, limit) =>
  told(await getJson(`${ROOT}/birthdays/upcoming${query({ days, limit })}`));

export const weekHours = async () => told(await getJson(`${ROOT}/heatmap/global`));

export const activeSessions = () => getJson(`${ROOT}/sessions/active`);

export const voices = async () => told(await getJson(`${ROOT}/tts/voices`));

export const tiers = async () => told(await getJson(`${ROOT}/vip/tiers`));

/** Everybody who has a tier, the highest first. */
export const vips = async () => told(await getJson(`${ROOT}/vip/list?limit=1000`));

/** Makes these the tiers; answers the tiers and whom that moved. */
export const saveTiers = (list) => send("PUT", `${ROOT}/vip/tiers`, { tiers: list });

/** Whom the same would move: {promoted, demoted, removed, reset, people}. */
export const previewTiers = (list) => send("POST", `${ROOT}/vip/tiers/preview`, { tiers: list });

export const profile = async (address) => told(await getJson(one(address)));

export const editProfile = async (address, updates) => told(await send("PATCH", one(address), updates));

export const eraseViewer = (address, remember) => send("DELETE", `${one(address)}${query({ remember })}`);

/** `change`: {tier: "Gold"}, {remove: true} or {reset: true}. */
export const changeVip = async (address, change) => told(await send("POST", one(address, "/vip"), change));

/** A page of what a person did: kind gifts | sessions | interactions | edits; `before` is the `next` of the last. */
export const historyOf = (address, kind, before) =>
  getJson(`${one(address, `/${kind}`)}${query({ before, limit: 30 })}`);

/** Imports a CSV file, or says what that would do. `mapping`: their columns → our fields; the server guesses else. */
export function importViewers(file, { dryRun, mapping = null, platform = "" }) {
  const form = new FormData();
  form.set("file", file);
  if (mapping) form.set("mapping", JSON.stringify(mapping));
  if (platform) form.set("platform", platform);
  return send("POST", `${ROOT}/import${query({ dryRun })}`, form, { timeout: 120_000 });
}
