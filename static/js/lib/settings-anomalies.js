/** The room of anomalies: seven numbers, saved together. */

import { openNumbers } from "./settings-numbers.js";

export const openAnomalies = () =>
  openNumbers("anomalies", {
    path: "/api/settings/anomalies",
    values: ({ thresholds }) => thresholds,
    saved: "Saved. It counts from the next event on.",
  });
