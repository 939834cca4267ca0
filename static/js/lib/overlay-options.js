/** What the address of an overlay asks for. A wrong value is passed over: an overlay shows no errors on a stream. */

import { ALERT_NAMES } from "./alert-queue.js";
import { filterFromAddress } from "./filter.js";

const WIDGETS = ["hype", "ticker", "alerts", "leaderboard", "gifts", "goal"];
const USUAL_WIDGETS = ["hype", "ticker", "alerts"];
const GOALS = ["messages", "subs", "bits", "coins", "gifts", "chatters", "viewers", "earned"];
const BOARDS = ["coins", "watchtime", "visits", "gifts", "comments", "likes", "shares"];
const SCOPES = ["stream", "all"];
const GIFT_LISTS = ["latest", "biggest"];
const LONGEST_LABEL = 60;
const DIMMEST = 0.16; // some 3.5 to 1 on the cards, whatever video shines through them a little

/**
 * A goal that is asked for without saying which is the one that the settings show.
 *
 * {widgets: Set, accent "#14b8a6" or null, minutes, token, filter, goal: {what, target, label} or null, board: {type,
 * scope}, alerts: Set, gifts: Set}
 */
export function overlayOptions(search) {
  const parameters = new URLSearchParams(search);
  const goal = goalOf(parameters);
  return {
    widgets: widgetsOf(listOf(parameters.get("widgets"), WIDGETS), goal),
    accent: accentOf(parameters.get("accent")),
    minutes: minutesOf(parameters.get("minutes")),
    token: (parameters.get("token") ?? "").slice(0, 512),
    filter: filterFromAddress(search),
    goal,
    board: {
      type: oneOf(parameters.get("leaderboard"), BOARDS) ?? "comments",
      scope: oneOf(parameters.get("scope"), SCOPES) ?? "stream",
    },
    alerts: chosen(parameters.get("alerts"), ALERT_NAMES),
    gifts: chosen(parameters.get("gifts"), GIFT_LISTS),
  };
}

function widgetsOf(asked, goal) {
  const widgets = new Set(asked.length ? asked : USUAL_WIDGETS);
  if (goal && !asked.length) widgets.add("goal");
  return widgets;
}

/** Those of a comma-separated list that are known. */
function listOf(text, known) {
  const names = (text ?? "").toLowerCase().split(",");
  return names.map((name) => name.trim()).filter((name) => known.includes(name));
}

function oneOf(text, known) {
  return listOf(text, known)[0];
}

/** Those asked for; all of them where none is. */
function chosen(text, known) {
  const asked = listOf(text, known);
  return new Set(asked.length ? asked : known);
}

function accentOf(text) {
  const hex = /^#?([0-9a-f]{6})$/i.exec(text ?? "");
  return hex ? seenOnDark(hex[1].toLowerCase()) : null;
}

/** A colour that would be lost on the dark cards is mixed with as much white as it takes to stand out. */
function seenOnDark(hex) {
  const parts = [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const white = (share) => parts.map((part) => Math.round(part + (255 - part) * share));
  let share = 0;
  while (luminance(white(share)) < DIMMEST) share += 0.02;
  return `#${white(share).map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** 0 to 1, as WCAG counts it. */
function luminance(parts) {
  const linear = (part) => (part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const [red, green, blue] = parts.map(linear);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function minutesOf(text) {
  const minutes = /^\d{1,4}$/.test(text ?? "") ? Number(text) : 15;
  return minutes >= 2 && minutes <= 1440 ? minutes : 15;
}

function goalOf(parameters) {
  const found = /^([a-z]+):(\d{1,9})$/.exec(parameters.get("goal") ?? "");
  if (!found || !GOALS.includes(found[1]) || Number(found[2]) < 1) return null;
  const label = [...(parameters.get("goal_label") ?? "").trim()].slice(0, LONGEST_LABEL).join("");
  return { what: found[1], target: Number(found[2]), label };
}
