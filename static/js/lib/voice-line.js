/** The line to the signalling server: PeerJS, and coming back by itself. Calls go on while it is down. */

import "../../vendor/peerjs.min.js?v=1.5.5";
import { getJson } from "./http.js";

export const ATTEMPTS = 5;
const WAITS_MS = [1000, 2000, 4000, 8000, 10_000];

const { Peer } = window.peerjs;

export class Line {
  /** `on`: state({kind: joining | in | reconnecting | lost | out, attempt, retryAt}), call(call), late(peerId), failed(words). */
  constructor(on) {
    this.on = on;
    this.config = { iceServers: [] };
    this.peer = null;
    this.attempt = 0;
    const now = () => !document.hidden && this.retryTimer && this.#comeBack();
    addEventListener("online", now);
    document.addEventListener("visibilitychange", now);
    addEventListener("pagehide", () => this.leave());
  }

  get id() {
    return this.peer?.open ? this.peer.id : null;
  }

  async join() {
    this.#tell("joining");
    await this.#learnServers();
    this.#open();
  }

  leave() {
    const peer = this.peer;
    this.peer = null;
    this.#stopWaiting();
    peer?.destroy();
    this.#tell("out");
  }

  /** After the last attempt somebody asks for more. */
  tryAgain() {
    this.attempt = 0;
    this.#comeBack();
  }

  call(peerId, stream) {
    return this.id ? this.peer.call(peerId, stream) : null;
  }

  /** PeerJS' own sign of life depends on a clock that browsers slow down in tabs nobody looks at. */
  beat() {
    if (this.id) this.peer.socket.send({ type: "HEARTBEAT" });
  }

  /** After a sleep nobody is at the other end any more: it comes back under the same id, and calls go on. */
  startOver() {
    if (this.id) this.peer.disconnect();
  }

  #open() {
    const secure = location.protocol === "https:";
    const peer = new Peer({
      host: location.hostname,
      port: location.port || (secure ? 443 : 80),
      path: "/peerjs",
      secure,
      config: this.config, // without it PeerJS asks servers of its own
      debug: 0,
    });
    this.peer = peer;
    const current = (handle) => (argument) => this.peer === peer && handle(argument);
    peer.on("open", current(() => this.#isIn()));
    peer.on("call", current((call) => this.on.call(call)));
    peer.on("connection", current((connection) => connection.close())); // nothing but voices is exchanged here
    peer.on("disconnected", current(() => this.#lost()));
    peer.on("close", current(() => this.#lost()));
    peer.on("error", current((error) => this.#failed(error)));
  }

  #isIn() {
    this.attempt = 0;
    this.problem = "";
    this.#stopWaiting();
    this.#tell("in");
  }

  #failed(error) {
    if (error.type === "peer-unavailable") this.on.late(error.message.split(" ").pop());
    else if (error.type === "unavailable-id") this.isSpoilt = true; // another one is asked for
    else if (error.type === "server-error") this.problem = String(error.message);
  }

  #lost() {
    if (this.retryTimer) return;
    if (this.attempt >= ATTEMPTS) {
      this.#tell("lost");
      return;
    }
    const wait = WAITS_MS[this.attempt] * (0.8 + 0.2 * Math.random());
    this.attempt += 1;
    this.retryAt = Date.now() + wait;
    this.retryTimer = setTimeout(() => this.#comeBack(), wait);
    this.#tell("reconnecting");
  }

  async #comeBack() {
    this.#stopWaiting();
    const peer = this.peer;
    if (!peer) return;
    this.#tell("reconnecting");
    try {
      await this.#learnServers(); // a login that has ended leads to the login page
    } catch {
      if (this.peer === peer) this.#lost();
      return;
    }
    if (this.peer !== peer) return;
    if (peer.destroyed || this.isSpoilt) {
      this.isSpoilt = false;
      this.peer = null;
      peer.destroy();
      this.#open();
    } else if (peer.disconnected) {
      peer.reconnect();
    }
  }

  async #learnServers() {
    const { ice_servers: servers } = await getJson("/api/voice/ice-servers");
    this.config.iceServers = servers; // the very object that PeerJS looks at
  }

  #stopWaiting() {
    clearTimeout(this.retryTimer);
    this.retryTimer = null;
    this.retryAt = null;
  }

  #tell(kind) {
    this.on.state({ kind, attempt: this.attempt, retryAt: this.retryAt, problem: this.problem ?? "" });
  }
}
