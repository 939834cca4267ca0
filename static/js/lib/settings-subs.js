/** The room of subs: what each plan is worth. */

import { openNumbers } from "./settings-numbers.js";

export const openSubs = () =>
  openNumbers("subs", {
    path: "/api/settings/sub-values",
    values: ({ values }) => values,
    saved: "Saved. It counts from the next sub on.",
  });
