/** How a viewer's facts are written, on rows, in the dialog and in toasts alike. */

import { serverNow } from "./clock.js";
import { make } from "./dom.js";
import { ago, clock, compact, day, number, plural } from "./format.js";

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** type of a leaderboard → [its words, the profile's field, how its figure is written]. */
export const MEASURES = {
  coins: ["Coins", "total_coins_spent", compact],
  watchtime: ["Watchtime", "total_watchtime_seconds", watched],
  visits: ["Visits", "total_visits", compact],
  gifts: ["Gifts", "total_gifts_sent", compact],
  comments: ["Comments", "total_comments", compact],
  likes: ["Likes", "total_likes", compact],
  shares: ["Shares", "total_shares", compact],
};

const COUNTRIES = new Intl.DisplayNames("en", { type: "region" });
const LANGUAGES = new Intl.DisplayNames("en", { type: "language" });

/** "MX" → "Mexico"; what somebody has noted in words stays as it is. */
export const countryName = (noted) => (/^[a-z]{2}$/i.test(noted) ? COUNTRIES.of(noted.toUpperCase()) : noted);

/** "es" → "Spanish", "pt-BR" → "Brazilian Portuguese". */
export const languageName = (noted) => (/^[a-z]{2,3}(-[a-z]{2})?$/i.test(noted) ? LANGUAGES.of(noted) : noted);

/** Seconds in the width of a cell: "2 h 41 min", "38 min", "1,204 h". */
export function watched(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 100 && minutes % 60 ? `${hours} h ${minutes % 60} min` : `${number(hours)} h`;
}

/** The same where there is less room: from ten hours on minutes say nothing. */
export function watchedRoughly(seconds) {
  return seconds < 36_000 ? watched(seconds) : `${number(Math.round(seconds / 3600))} h`;
}

/** "12 min ago", "Fri, 14 Nov"; with the whole moment as its tooltip. */
export function since(at) {
  if (!at) return make("span", {}, "–");
  const seconds = (serverNow() - Date.parse(at)) / 1000;
  const short = ago(Math.max(0, seconds));
  const words = seconds < 86_400 ? (short === "now" ? "just now" : `${short} ago`) : day(at);
  return make("time", { datetime: at, title: moment(at) }, words);
}

export const moment = (at) => `${day(at)}, ${clock(at)}`;

/** The same name on two lines says nothing twice. */
export function namesOf(viewer) {
  const login = viewer.username ?? "";
  return { shown: viewer.display_name || login, login };
}

/** What `person.js` draws an avatar of. */
export function personOf(viewer) {
  const { shown, login } = namesOf(viewer);
  return { platform: viewer.platform, login, user: shown };
}

/** 0, 9 → "Sunday 09:00–10:00" */
export function hourWords(weekday, hour) {
  const [from, to] = [hour, (hour + 1) % 24].map((each) => String(each).padStart(2, "0"));
  return `${WEEKDAYS[weekday]} ${from}:00–${to}:00`;
}

export const weekdayName = (weekday) => WEEKDAYS[weekday];

/** {days_until, age} → "today, turns 24" */
export function birthdayWords({ days_until: days, age }) {
  const when = days === 0 ? "today" : days === 1 ? "tomorrow" : `in ${plural(days, "day")}`;
  return age ? `turns ${age} ${when}` : when;
}

/** "YYYY-MM-DD" → "14 March 1999", whatever the zone. */
export function birthdayDate(date) {
  const at = new Date(`${date}T12:00:00Z`);
  if (Number.isNaN(at.getTime())) return date;
  return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" }).format(
    at,
  );
}
