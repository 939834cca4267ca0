/** Drawing at most once per frame, and not at all while nobody looks. */

let inScene = true; // OBS says when its source is not on the screen
const waiting = new Set();

function unseen() {
  return document.hidden || !inScene;
}

/** Returns a function that asks for one `draw` in the next frame, however often it is called until then. */
export function oncePerFrame(draw) {
  let asked = false;
  const run = () => {
    asked = false;
    draw();
  };
  return function ask() {
    if (unseen()) {
      waiting.add(ask);
    } else if (!asked) {
      asked = true;
      requestAnimationFrame(run);
    }
  };
}

/** As `oncePerFrame`, and the next draw comes `pauseMs` after the last: what changes faster cannot be read anyway. */
export function calmly(draw, pauseMs) {
  let timer = 0;
  let drawnAt = -Infinity;
  const soon = oncePerFrame(() => {
    drawnAt = performance.now();
    draw();
  });
  return function ask() {
    if (timer) return;
    const wait = drawnAt + pauseMs - performance.now();
    if (wait <= 0) return soon();
    timer = setTimeout(() => {
      timer = 0;
      soon();
    }, wait);
  };
}

/** For overlays: whether the source that shows this page is on the screen. */
export function setInScene(shown) {
  inScene = shown;
  catchUp();
}

function catchUp() {
  if (unseen()) return;
  const asks = [...waiting];
  waiting.clear();
  for (const ask of asks) ask();
}

document.addEventListener("visibilitychange", catchUp);

const reduced = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether moving things is welcome and anybody would see it. */
export function motionWelcome() {
  return !reduced.matches && !unseen();
}
