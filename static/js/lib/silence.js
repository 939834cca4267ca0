/** Notices a line that died while this machine slept: timers slept as well, and no socket says so by itself. */

import { everySecond } from "./clock.js";

const LONGEST_SILENCE_MS = 50_000; // the server pings every 25 s, and gives up 20 s after one that nobody answers

/** Calls `slept` when pings of the server are overdue by the clock on the wall; looks while the page is seen. */
export function whenSilent(socket, slept) {
  let heardAt = 0;
  const heard = () => {
    heardAt = Date.now();
  };
  socket.on("connect", heard);
  socket.io.on("ping", heard);
  everySecond(() => {
    if (socket.connected && Date.now() - heardAt > LONGEST_SILENCE_MS) slept();
  });
}
