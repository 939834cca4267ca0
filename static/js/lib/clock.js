/** The server's time on this machine, and one shared second hand. */

let skew = 0;
const listeners = new Set();
let timer = 0;

/** Learns from an answer's `updated_at` how far this machine's clock is off. */
export function learnTime(updatedAt) {
  const at = Date.parse(updatedAt);
  if (Number.isFinite(at)) skew = at - Date.now();
}

export function serverNow() {
  return Date.now() + skew;
}

/** Calls `listener` every second while the tab is seen, and at once when it is seen again. */
export function everySecond(listener) {
  listeners.add(listener);
  run();
  return () => listeners.delete(listener);
}

function run() {
  clearInterval(timer);
  if (!document.hidden && listeners.size) timer = setInterval(tick, 1000);
}

function tick() {
  for (const listener of listeners) listener();
}

document.addEventListener("visibilitychange", () => {
  run();
  if (!document.hidden) tick();
});
