/** Handing over a file that was made in the page. */

import { make } from "./dom.js";

const KEPT_MS = 10_000; // the browser reads it after the click

export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** "top-rated-science-fiction": words that every file system takes. */
export function fileName(...words) {
  const plain = words.filter(Boolean).join(" ").normalize("NFKD").toLowerCase();
  return plain
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 80);
}
