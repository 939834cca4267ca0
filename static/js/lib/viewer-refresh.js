/** Asking anew after news: gathered, each part at most so often, and not while the tab is hidden. */

export class Refresher {
  #parts;

  /** `parts`: name → [seconds between two asks, ask()]; ask answers or resolves to whether the server did. */
  constructor(parts) {
    this.#parts = new Map(
      Object.entries(parts).map(([name, [seconds, ask]]) => [name, { every: seconds * 1000, ask, last: 0, timer: 0 }]),
    );
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) for (const [name, part] of this.#parts) if (part.wanted) this.want(name);
    });
  }

  want(...names) {
    for (const name of names) {
      const part = this.#parts.get(name);
      part.wanted = true;
      if (part.timer || document.hidden) continue;
      const wait = Math.max(150, part.last + part.every - Date.now()); // news come in bursts
      part.timer = setTimeout(() => this.#ask(part), wait);
    }
  }

  everything({ except = "" } = {}) {
    this.want(...[...this.#parts.keys()].filter((name) => name !== except));
  }

  /** Asks all that are due; answers whether `first`, which is asked each time, was answered. */
  async poll(first) {
    const now = Date.now();
    for (const [name, part] of this.#parts) if (name !== first && now - part.last >= part.every) this.#ask(part);
    return this.#ask(this.#parts.get(first));
  }

  #ask(part) {
    clearTimeout(part.timer);
    part.timer = 0;
    if (document.hidden) return false;
    part.wanted = false;
    part.last = Date.now();
    return part.ask();
  }
}
