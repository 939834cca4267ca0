/** Who is in the room, as the server pushes it: also to those who only look. */

import { io } from "../../vendor/socket.io.esm.min.js?v=4.8.4";
import { getJson } from "./http.js";
import { whenSilent } from "./silence.js";

const LONGEST_WAIT_MS = 10_000;

export class Roster {
  /**
   * `on` holds peers(list, isSnapshot), problem(words), up(isUp), slept() and beat(), which comes with every sign of life
   * of the server: messages wake a tab whose own clock the browser has slowed down.
   */
  constructor(on) {
    this.on = on;
    this.socket = io({
      auth: { follow: [] },
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelayMax: LONGEST_WAIT_MS,
    });
    this.socket.on("connect", () => this.#watch());
    this.socket.on("disconnect", () => on.up(false));
    this.socket.on("connect_error", () => on.up(false));
    this.socket.on("voice:peers", (told) => this.#told(told, false));
    this.socket.io.on("ping", () => on.beat());
    whenSilent(this.socket, () => {
      on.slept();
      this.socket.io.engine.close(); // it comes back by itself
    });
  }

  /** For the moment in which voices are back and this line is not yet. */
  async ask() {
    if (this.socket.connected) return;
    const answer = await getJson("/peerjs/peers").catch(() => null);
    if (answer && !this.socket.connected) this.on.peers(answer.peers, true);
  }

  setMuted(id, muted) {
    if (this.socket.connected) this.socket.emit("voice:mute", { id, muted });
  }

  async #watch() {
    const answer = await this.socket.timeout(8000).emitWithAck("voice:watch").catch(() => null);
    if (answer?.success) this.#told(answer, true);
    else if (this.socket.connected) setTimeout(() => this.#watch(), 3000);
  }

  #told({ peers, problem }, isSnapshot) {
    this.on.up(true);
    this.on.problem(problem);
    this.on.peers(peers, isSnapshot);
  }
}
