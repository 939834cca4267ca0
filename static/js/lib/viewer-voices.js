/** The voices that read viewers' messages aloud, by the names that people know them by. */

import { voices } from "./viewer-api.js";

let list = [];
let asked = null;

/** Reads them once; answers [{value, label}]. */
export async function learnVoices() {
  try {
    asked ??= voices();
    list = await asked;
    return list;
  } catch (error) {
    asked = null;
    throw error;
  }
}

/** One that is not offered any more has its code alone. */
export const voiceName = (code) => list.find(({ value }) => value === code)?.label ?? code;
