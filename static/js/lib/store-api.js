/** What the server can be asked and told of the shop. */

import { getJson, query, send } from "./http.js";

export const stats = (range) => getJson(`/stats${query({ range })}`);

export const funnel = (range) => getJson(`/funnel-analysis${query({ range })}`);

export const segments = (range) => getJson(`/user-segmentation${query({ range })}`);

export const anomalies = (range) => getJson(`/anomalies${query({ range })}`);

/** {events: newest first, total}; `before` is the id of the last event of the page before. */
export const events = ({ limit = 100, before = null } = {}) => getJson(`/events${query({ limit, before })}`);

export const markAnomaly = (id, state) => send("POST", `/anomalies/${id}/state`, { state });

export const track = (event) => send("POST", "/track", event);

export const deleteEvents = () => send("DELETE", "/events");

/** `what`: generate-traffic | generate-anomalies. `force`: although there are real events. */
export const makeDemo = (what, { force = false } = {}) =>
  send("POST", `/demo/${what}`, { force }, { timeout: 60_000 });

/** What a person did in the range: {activity, pattern}; null where that is nothing. */
export async function journeyOf(userId, range) {
  const parameters = query({ range, user_id: userId });
  const [{ users: people, kept_since: keptSince }, { users: patterns }] = await Promise.all([
    getJson(`/user-activity${parameters}`),
    getJson(`/user-patterns${parameters}`),
  ]);
  return { activity: people[0] ?? null, pattern: patterns[0] ?? null, keptSince };
}
