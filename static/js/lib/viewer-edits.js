/** An edit in words: "changed notes from … to …". */

import { make } from "./dom.js";
import { voiceName } from "./viewer-voices.js";
import { birthdayDate } from "./viewer-words.js";

const FIELDS = {
  tts_voice: "the voice",
  discord_username: "the Discord name",
  birthday: "the birthday",
  notes: "the notes",
  tags: "the tags",
  vip_tier: "the VIP tier",
};
const MARKS = { is_favorite: "a favourite", is_blocked: "blocked", is_moderator: "a moderator" };
const WRITTEN = { tts_voice: voiceName, birthday: birthdayDate }; // the way they are seen where they are edited
const BY = { automatic: "automatic", set: "by hand", removed: "taken away by hand" };
const LONGEST = 160;

export function editWords({ field, before, after }) {
  if (field in MARKS) return [after ? `made them ${MARKS[field]}` : `made them no longer ${MARKS[field]}`];
  const name = fieldName(field);
  const [was, is] = [before, after].map((one) => fieldValue(field, one));
  if (isNothing(before)) return [`set ${name} to `, is];
  if (isNothing(after)) return [`cleared ${name}, which was `, was];
  return [`changed ${name} from `, was, " to ", is];
}

/** "notes" → "the notes". */
export const fieldName = (field) => FIELDS[field] ?? String(field).replaceAll("_", " ");

function isNothing(what) {
  return what === null || what === undefined || what === "" || (Array.isArray(what) && !what.length);
}

export function fieldValue(field, what) {
  const told = what && WRITTEN[field] ? WRITTEN[field](what) : what;
  return make("q.edit-value", {}, make("bdi", {}, shorten(written(told))));
}

function written(what) {
  if (Array.isArray(what)) return what.join(", ");
  if (typeof what === "object" && what !== null)
    return `${what.tier ?? "no tier"}${what.by ? `, ${BY[what.by] ?? what.by}` : ""}`;
  return String(what);
}

function shorten(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
