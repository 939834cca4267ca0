/** How a person looks: the same colour and initials on every page. */

import { make } from "./dom.js";

const COLOURS = 8;

/** 1…8, stable for a person whatever else is on the page. */
export function colourOf(platform, login) {
  let hash = 2166136261;
  for (const character of `${platform}:${login.toLowerCase()}`) {
    hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  }
  return ((hash >>> 8) % COLOURS) + 1;
}

/** "mika_zz" → "MZ", "tenno" → "TE", "" → "?". Letters and digits only, whatever the script. */
export function initialsOf(name) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  if (!words.length) return "?";
  const letters = words.length > 1 ? [first(words[0]), first(words[1])] : [...words[0]].slice(0, 2);
  return letters.join("").toLocaleUpperCase("en");
}

function first(word) {
  return [...word][0];
}

export function avatar(person) {
  return make(
    `span.avatar.person-${colourOf(person.platform, person.login || person.user)}`,
    { "aria-hidden": "true" },
    initialsOf(person.user || person.login || ""),
  );
}
