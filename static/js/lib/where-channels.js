/** For lists in which nothing is yet: where it is said what StreamPulse listens to. */

import { make } from "./dom.js";

export function whereChannelsAreSet() {
  const code = (words) => make("code", {}, words);
  return ["Channels are set in ", code(".env"), ", with ", code("CHANNEL"), " and ", code("TIKTOK_CHANNEL"), "."];
}
