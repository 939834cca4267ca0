/** How far a figure is from what it is compared with. */

import { icon, make, unseen } from "./dom.js";
import { decimal, percent } from "./format.js";

const MANY_PERCENT = 200; // from here on "times" is understood sooner, and fits: ten people are soon a thousand percent

/** An arrow (also said in words), how much, and compared with what; null when that is not known. */
export function change(value, words, same) {
  if (value === null || value === undefined) return null;
  if (value === 0) return [same];
  const direction = value > 0 ? "up" : "down";
  const mark = make(
    `span.change.${direction}`,
    {},
    icon(`arrow-${direction}`),
    unseen(`${direction} `),
    value < MANY_PERCENT ? percent(Math.abs(value)) : `×${decimal(1 + value / 100)}`,
  );
  return [mark, ` ${words}`];
}
