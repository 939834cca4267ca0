/** Drawing at most once per frame, and not at all while nobody looks. */

/** Returns a function that asks for one `draw` in the next frame, however often it is called until then. */
export function oncePerFrame(draw) {
  let asked = false;
  let waiting = false;
  const run = () => {
    asked = false;
    draw();
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && waiting) {
      waiting = false;
      ask();
    }
  });
  function ask() {
    if (document.hidden) {
      waiting = true;
    } else if (!asked) {
      asked = true;
      requestAnimationFrame(run);
    }
  }
  return ask;
}

const reduced = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether moving things is welcome and anybody would see it. */
export function motionWelcome() {
  return !reduced.matches && !document.hidden;
}
