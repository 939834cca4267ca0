/** Wires the voice room: who is there, the own microphone, a call with everybody. */

import { everySecond } from "../lib/clock.js";
import { byId, part, setText } from "../lib/dom.js";
import { HttpError } from "../lib/http.js";
import { Devices } from "../lib/voice-devices.js";
import { ATTEMPTS, Line } from "../lib/voice-line.js";
import { Mesh } from "../lib/voice-mesh.js";
import { Microphone, NoMicrophone, whyNoMicrophone } from "../lib/voice-mic.js";
import { keep, kept, People } from "../lib/voice-people.js";
import { Roster } from "../lib/voice-roster.js";
import { Sound } from "../lib/voice-sound.js";

const TUNES = "streampulse.voice.tunes";
const LINES = {
  out: ["", "Not joined"],
  joining: ["attention", "Joining"],
  in: ["good", "In the room"],
  reconnecting: ["attention", "Reconnecting"],
  lost: ["danger", "Connection lost"],
};

const room = byId("voice");
const seats = Number(room.dataset.seats);
const sound = new Sound();
const voices = new Map(); // id → the element that plays it
let peers = [];
let state = { kind: "out", attempt: 0, retryAt: null };

const microphone = new Microphone({ onGone: () => microphoneGone() });
const devices = new Devices({ onMicrophone: (id) => changeMicrophone(id), onSpeaker: (id) => sound.setOutput(id, voices.values()) });
const people = new People({ onVolume: (id, volume) => voices.has(id) && (voices.get(id).volume = volume) });
const mesh = new Mesh({
  dial: (id) => microphone.stream && line.call(id, microphone.stream),
  on: {
    stream: hear,
    silent: silence,
    changed: (id, how) => people.setState(id, how),
  },
});
const line = new Line({
  state: lineIs,
  call: (call) => (microphone.stream ? mesh.answer(call, microphone.stream) : call.close()),
  late: (id) => mesh.late(id),
});
const roster = new Roster({
  peers: peopleAre,
  problem: (words) => setText(byId("room-note"), words ? `The room is cut off: ${words}` : ""),
  up: (isUp) => !isUp && mesh.settle(),
  beat: () => line.beat(),
  slept: () => line.startOver(),
});

async function join() {
  byId("join").disabled = true;
  trouble("");
  sound.start(); // now, because a click allows it
  try {
    await microphone.open(devices.microphone);
    await devices.refresh(microphone.deviceId);
    sound.setOutput(devices.speaker, []);
    sound.listen("me", microphone.stream);
    await line.join();
  } catch (error) {
    if (!(error instanceof NoMicrophone || error instanceof HttpError)) throw error;
    leave();
    trouble(error.message);
  } finally {
    byId("join").disabled = false;
  }
}

function leave() {
  const wasIn = state.kind === "in";
  line.leave();
  mesh.end();
  microphone.close();
  if (wasIn) tune("left");
  setTimeout(() => state.kind === "out" && sound.stop(), wasIn ? 600 : 0);
  devices.hide();
  trouble("");
  draw();
}

function lineIs(now) {
  const before = state.kind;
  state = now;
  if (now.kind === "in") {
    if (before === "joining") hasJoined();
    if (before === "reconnecting") say("Connected again.");
    roster.ask();
    if (microphone.muted) roster.setMuted(line.id, true);
    trouble("");
  }
  if (now.kind === "reconnecting") {
    mesh.settle();
    if (before !== "reconnecting") say("The connection to the server is lost. Reconnecting.");
    if (now.problem) trouble(now.problem);
  }
  if (now.kind === "lost") trouble(`${now.problem || "The server cannot be reached."} Whoever you hear, you go on hearing; nobody new can come.`, true);
  draw();
}

function hasJoined() {
  say("You are in the room.");
  tune("joined");
  draw();
  if (document.activeElement === document.body) byId("mute").focus(); // the button that was pressed has gone
}

function peopleAre(list, isSnapshot) {
  const before = peers;
  peers = list;
  if (isSnapshot) mesh.settle();
  if (isSnapshot && state.kind === "lost") line.tryAgain(); // the server is back
  const gone = before.filter((peer) => !list.some(({ id }) => id === peer.id)).map(({ id }) => [id, people.nameOf(id)]);
  draw();
  const came = list.filter((peer) => !before.some(({ id }) => id === peer.id));
  if (isSnapshot || state.kind !== "in") return;
  for (const [id, name] of gone) if (id !== line.id) announce(`${name} has left.`, "left");
  for (const { id } of came) if (id !== line.id) announce(`${people.nameOf(id)} has joined.`, "joined");
}

function draw() {
  room.dataset.state = state.kind;
  const isOut = state.kind === "out";
  people.show(peers, line.id ?? mesh.me);
  for (const { id } of peers) {
    const partner = mesh.partners.get(id);
    people.setState(id, isOut ? "" : (partner?.state ?? "connecting"));
  }
  mesh.reconcile(peers.map(({ id }) => id), isOut ? null : (line.id ?? mesh.me));
  setText(part(byId("present"), "text"), `${peers.length} of ${seats} here`);
  byId("present").dataset.empty = peers.length ? "no" : "yes";
  byId("join-part").hidden = !isOut;
  byId("in-part").hidden = isOut;
  byId("level").hidden = isOut;
  byId("mute").setAttribute("aria-pressed", String(microphone.muted));
  setText(part(byId("mute"), "text"), microphone.muted ? "Unmute" : "Mute");
  drawLine();
}

function drawLine() {
  const chip = byId("line");
  const [colour, words] = LINES[state.kind];
  if (colour) chip.dataset.state = colour;
  else delete chip.dataset.state;
  setText(part(chip, "text"), words);
  const left = state.retryAt ? Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000)) : 0;
  const note = part(chip, "note");
  note.hidden = state.kind !== "reconnecting";
  setText(note, note.hidden ? "" : `${left ? `in ${left} s, ` : ""}attempt ${Math.max(1, state.attempt)} of ${ATTEMPTS}`);
}

function hear(id, stream) {
  silence(id);
  voices.set(id, sound.play(stream, people.volumeOf(id)));
  sound.listen(id, stream);
}

function silence(id) {
  const element = voices.get(id);
  if (element) element.srcObject = null;
  voices.delete(id);
  sound.forget(id);
  people.setSpeaking(id, false);
}

sound.onSpeaking = (who, speaks, level) => {
  if (who === "me") {
    byId("level-meter").value = microphone.muted ? 0 : Math.min(1, level * 6);
    people.setSpeaking(line.id ?? mesh.me, speaks && !microphone.muted);
  } else {
    people.setSpeaking(who, speaks);
  }
};

function toggleMute() {
  microphone.setMuted(!microphone.muted);
  if (line.id) roster.setMuted(line.id, microphone.muted);
  say(microphone.muted ? "You are muted." : "You can be heard.");
  draw();
}

async function changeMicrophone(id) {
  try {
    const track = await microphone.open(id);
    await mesh.replaceTrack(track);
    sound.listen("me", microphone.stream);
    devices.current = microphone.deviceId;
    trouble("");
  } catch (error) {
    if (!(error instanceof NoMicrophone)) throw error;
    trouble(error.message);
  }
}

async function microphoneGone() {
  await changeMicrophone("");
  if (byId("trouble").hidden) say("The microphone was unplugged. Another one is used now.");
  await devices.refresh(microphone.deviceId);
}

function announce(words, name) {
  say(words);
  tune(name);
}

function tune(name) {
  if (byId("tunes").checked) sound.tune(name);
}

function say(words) {
  const said = byId("said");
  const line = document.createElement("span");
  line.textContent = `${words} `;
  said.append(line);
  while (said.children.length > 5) said.firstElementChild.remove();
}

function trouble(words, mayTryAgain = false) {
  byId("trouble").hidden = !words;
  setText(part(byId("trouble"), "text"), words);
  byId("again").hidden = !mayTryAgain;
}

function isTyping(element) {
  return element instanceof HTMLElement && element.matches("select, textarea, input:not([type=range], [type=checkbox])");
}

byId("join").addEventListener("click", join);
byId("leave").addEventListener("click", () => {
  leave();
  say("You have left the room.");
  byId("join").focus();
});
byId("mute").addEventListener("click", toggleMute);
byId("again").addEventListener("click", () => line.tryAgain());
byId("tunes").checked = kept(TUNES).off !== true;
byId("tunes").addEventListener("change", ({ target }) => keep(TUNES, { off: !target.checked }));
addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (state.kind === "out" || isTyping(event.target)) return;
  event.preventDefault();
  toggleMute();
});
// Whoever goes to another page has hung up: while they talk it opens beside this one.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || link.target || state.kind === "out" || link.getAttribute("href").startsWith("#")) return;
  link.target = "_blank";
  setTimeout(() => link.removeAttribute("target"));
});
everySecond(drawLine);
trouble(whyNoMicrophone());
byId("join").disabled = Boolean(whyNoMicrophone());
draw();
