/** How numbers, money, lengths of time and moments are written. The words are English, the zone is the server's. */

const settings = document.body.dataset;
const zone = settings.zone || undefined;
const currency = settings.currency || "USD";
const minorDigitsOf = JSON.parse(settings.minorDigits || "{}"); // what is not in it has two

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const shortest = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const alwaysOneDigit = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const moneyFormats = new Map();

const clockFormat = dateFormat({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const secondsFormat = dateFormat({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayFormat = dateFormat({ weekday: "short", day: "numeric", month: "short" });
const dayYearFormat = dateFormat({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const dateOnly = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  timeZone: "UTC",
});
const monthOnly = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });
const monthYearOnly = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" });
const isoFormat = new Intl.DateTimeFormat("sv", { timeZone: zone }); // 2026-11-14; en-CA is not that in every browser
const IN_FULL = { day: "numeric", month: "short", year: "numeric" };
const fullFormat = dateFormat(IN_FULL);
const fullOnly = new Intl.DateTimeFormat("en-GB", { ...IN_FULL, timeZone: "UTC" });
const yearFormat = dateFormat({ year: "numeric" });

function dateFormat(options) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
}

export const number = (value) => whole.format(value);

/** 12,480 stays, 1,234,567 becomes 1.2M: for places of fixed width. */
export const compact = (value) => (Math.abs(value) < 100_000 ? whole : short).format(value);

/** 9,122 becomes 9.1K and 14,812 15K: for small print beside other small print. */
export const brief = (value) =>
  (Math.abs(value) < 1000 ? whole : Math.abs(value) < 10_000 ? short : shortest).format(value);

export const decimal = (value) => oneDigit.format(value);

/** 9 becomes 9.0: in a list it stands beside 9.6. */
export const tenths = (value) => alwaysOneDigit.format(value);

/** "1 month", "4.5 months". */
export function monthsWords(count) {
  const words = decimal(count);
  return `${words} ${words === "1" ? "month" : "months"}`;
}

export const percent = (value) => `${oneDigit.format(value)} %`;

export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** How many digits the minor unit of a currency has, as the server counts and not the browser: 2 for cents. */
export const minorDigits = (code = currency) => minorDigitsOf[code] ?? 2;

/** `brief` leaves the cents out where they say nothing next to the amount; `exact` tells parts of a cent. */
export function money(amount, { code = currency, brief = false, exact = false } = {}) {
  const round = brief && (amount === 0 || Math.abs(amount) >= 10);
  const compactly = Math.abs(amount) >= 100_000;
  const key = `${code}/${round}/${compactly}/${exact}`;
  if (!moneyFormats.has(key)) {
    const digits = round ? 0 : minorDigits(code);
    moneyFormats.set(
      key,
      new Intl.NumberFormat("en", {
        style: "currency",
        currency: code,
        currencyDisplay: "narrowSymbol",
        notation: compactly ? "compact" : "standard",
        minimumFractionDigits: compactly ? 0 : digits,
        maximumFractionDigits: compactly ? 1 : exact ? 4 : digits,
      }),
    );
  }
  return moneyFormats.get(key).format(amount);
}

/** In a figure's card, which must hold it on a phone: from ten thousand on without cents. */
export const moneyFigure = (amount, code) => money(amount, { code, brief: Math.abs(amount) >= 10_000 });

/** Seconds → "2:41:07"; without hours "41:07" unless `hours`. */
export function duration(seconds, { hours = true } = {}) {
  const all = Math.max(0, Math.floor(seconds));
  const h = Math.floor(all / 3600);
  const m = Math.floor((all % 3600) / 60);
  const s = String(all % 60).padStart(2, "0");
  return h || hours ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/** Seconds → "2 h 41 min", for prose and tables. */
export function roughly(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return `${Math.max(0, Math.round(seconds))} s`;
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** How long ago, in the width of a table cell. */
export function ago(seconds) {
  if (seconds < 2) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const clock = (at) => clockFormat.format(new Date(at));

export const clockSeconds = (at) => secondsFormat.format(new Date(at));

/** "Fri, 14 Nov", with the year when it is not this one. */
export function day(at) {
  const date = new Date(at);
  return (yearFormat.format(date) === yearFormat.format(new Date()) ? dayFormat : dayYearFormat).format(date);
}

/** "2026-11-14" → "Sat, 14 Nov": a date by itself is one wherever it is read. */
export const dateWords = (date) => dateOnly.format(new Date(`${date}T12:00:00Z`));

/** "2026-11" → "Nov". */
export const monthWords = (month) => monthOnly.format(new Date(`${month}-15T12:00:00Z`));

/** "2026-11" → "Nov 2026". */
export const monthYear = (month) => monthYearOnly.format(new Date(`${month}-15T12:00:00Z`));

/** "2026-11-14", of now. */
export const isoToday = () => isoFormat.format(new Date());

/** What is counted of a time that is not over says so, or it would look like a plunge. */
export const soFar = (words, runs) => (runs ? `${words}, so far` : words);

/** "14 Nov 2026", of a moment. */
export const date = (at) => fullFormat.format(new Date(at));

/** The same of "2026-11-14". */
export const fullDate = (date) => fullOnly.format(new Date(`${date}T12:00:00Z`));

/** "14 Nov 2026, 18:30". */
export const moment = (at) => `${date(at)}, ${clock(at)}`;

export const platformName = (platform) => ({ twitch: "Twitch", tiktok: "TikTok" })[platform] ?? platform;

/** A channel the way its platform writes it. */
export const channelName = (platform, name) => (platform === "tiktok" ? `@${name}` : name);
