/** A call with everybody in the room. Of two people the later one calls, so that they never call each other at once. */

const ANSWER_MS = 15_000;
const WEAK_MS = 8000;
const WAITS_MS = [500, 1000, 2000, 4000, 8000];
const LONG_WAIT_MS = 30_000; // whoever cannot be reached may still change the network
const SETTLE_MS = 8000; // after the server was away people come back one after the other

const GOOD = ["connected", "completed"];

class Partner {
  call = null;
  failures = 0;
  state = "connecting"; // connecting | connected | weak | unreachable
  timer = 0;
}

export class Mesh {
  /** `on`: stream(id, stream), silent(id), changed(id, state). `dial(id)` begins a call, or answers null. */
  constructor({ dial, on }) {
    this.dial = dial;
    this.on = on;
    this.partners = new Map();
    this.me = null;
    this.settledAt = 0;
  }

  /** The server is back: whoever is missing for now may still come. */
  settle() {
    this.settledAt = Date.now() + SETTLE_MS;
  }

  /** Who is there, in the order of their coming; `me` is null while this tab has no line. */
  reconcile(ids, me) {
    this.ids = ids;
    this.me = me;
    for (const id of [...this.partners.keys()]) if (!ids.includes(id)) this.#missing(id);
    const mine = ids.indexOf(me);
    if (mine < 0) return;
    ids.forEach((id, place) => {
      if (place !== mine && !this.partners.has(id)) this.partners.set(id, new Partner());
      if (place < mine) this.#callUnlessCalling(id);
    });
  }

  /** Somebody calls: a call they make anew replaces the one before. */
  answer(call, stream) {
    const partner = this.partners.get(call.peer) ?? new Partner();
    this.partners.set(call.peer, partner);
    this.#hangUp(call.peer, partner);
    call.answer(stream);
    this.#follow(call.peer, partner, call);
  }

  /** The server could not find them in time. */
  late(id) {
    const partner = this.partners.get(id);
    if (partner?.call && partner.state !== "connected") this.#ended(id, partner, partner.call);
  }

  end() {
    for (const id of [...this.partners.keys()]) this.#drop(id);
  }

  /** Everybody hears the new microphone. */
  async replaceTrack(track) {
    const senders = [...this.partners.values()].flatMap(({ call }) => call?.peerConnection?.getSenders() ?? []);
    await Promise.all(senders.filter((sender) => sender.track?.kind === "audio").map((sender) => sender.replaceTrack(track)));
  }

  #missing(id) {
    const isTalking = GOOD.includes(this.partners.get(id).call?.peerConnection?.iceConnectionState);
    const left = this.settledAt - Date.now();
    if (!isTalking || left <= 0) {
      this.#drop(id);
      return;
    }
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.reconcile(this.ids, this.me), left);
  }

  #drop(id) {
    const partner = this.partners.get(id);
    clearTimeout(partner.timer);
    this.#hangUp(id, partner);
    this.partners.delete(id);
  }

  #callUnlessCalling(id) {
    const partner = this.partners.get(id);
    if (partner.call || partner.waits) return;
    const call = this.dial(id);
    if (call) this.#follow(id, partner, call);
  }

  #follow(id, partner, call) {
    partner.call = call;
    if (partner.state !== "unreachable") this.#note(id, partner, "connecting");
    this.#within(ANSWER_MS, id, partner, call);
    const current = (handle) => (argument) => partner.call === call && handle(argument);
    call.on("stream", current((stream) => this.on.stream(id, stream)));
    call.on("iceStateChanged", current((state) => this.#moved(id, partner, call, state)));
    call.on("close", current(() => this.#ended(id, partner, call)));
    call.on("error", current(() => this.#ended(id, partner, call)));
  }

  #moved(id, partner, call, state) {
    if (GOOD.includes(state)) {
      clearTimeout(partner.timer);
      partner.failures = 0;
      this.#note(id, partner, "connected");
    } else if (state === "disconnected") {
      this.#note(id, partner, "weak");
      this.#within(WEAK_MS, id, partner, call);
    }
  }

  #within(milliseconds, id, partner, call) {
    clearTimeout(partner.timer);
    partner.timer = setTimeout(() => this.#ended(id, partner, call), milliseconds);
  }

  #ended(id, partner, call) {
    if (partner.call !== call) return;
    this.#hangUp(id, partner);
    if (this.partners.get(id) !== partner) return;
    const wait = WAITS_MS[partner.failures] ?? LONG_WAIT_MS;
    partner.failures += 1;
    this.#note(id, partner, wait === LONG_WAIT_MS ? "unreachable" : "connecting");
    partner.waits = true;
    partner.timer = setTimeout(() => {
      partner.waits = false;
      if (this.ids.includes(id) && this.ids.indexOf(id) < this.ids.indexOf(this.me)) this.#callUnlessCalling(id);
    }, wait);
  }

  #hangUp(id, partner) {
    clearTimeout(partner.timer);
    partner.waits = false;
    const call = partner.call;
    partner.call = null;
    if (!call) return;
    call.close();
    this.on.silent(id);
  }

  #note(id, partner, state) {
    if (partner.state === state) return;
    partner.state = state;
    this.on.changed(id, state);
  }
}
