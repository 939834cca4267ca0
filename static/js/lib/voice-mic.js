/** The own microphone: asked for only when told to, changed while people talk, muted by silence. */

const WISHES = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Why there is no microphone, in words that say what to do. */
export class NoMicrophone extends Error {}

const WORDS = {
  NotAllowedError:
    "Your browser does not let this page use the microphone. Allow it beside the address, then join again. If nothing is asked there, the system's own privacy settings refuse it.",
  NotFoundError: "No microphone was found. Plug one in, then join again.",
  NotReadableError: "The microphone is in use by another program, or the system refuses it. Close the other program, then join again.",
  AbortError: "The microphone stopped while it was being opened. Join again.",
};

/** Words for a page to which browsers give no microphone whatever is allowed; "" where they do. */
export function whyNoMicrophone() {
  if (!isSecureContext) {
    const secure = `https://${location.hostname}`;
    return `Browsers give the microphone only to pages that come over https, or from this very machine. Open ${secure} (the README says how to set up https), or http://localhost:${location.port || 80} on the machine that StreamPulse runs on.`;
  }
  if (!navigator.mediaDevices?.getUserMedia || !("RTCPeerConnection" in window))
    return "This browser cannot make calls. A current Firefox, Chrome, Edge or Safari can.";
  return "";
}

export class Microphone {
  /** `onGone()`: the device was unplugged, or the permission was taken back. */
  constructor({ onGone }) {
    this.onGone = onGone;
    this.muted = false;
    this.stream = null;
  }

  get track() {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  get deviceId() {
    return this.track?.getSettings().deviceId ?? "";
  }

  /** Asks for it. `deviceId` is what was chosen last; any other does where it is away. Throws NoMicrophone. */
  async open(deviceId = "") {
    const impossible = whyNoMicrophone();
    if (impossible) throw new NoMicrophone(impossible);
    const stream = await this.#ask(deviceId);
    this.close();
    this.stream = stream;
    this.track.enabled = !this.muted;
    this.track.addEventListener("ended", () => this.stream === stream && this.onGone());
    return this.track;
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  setMuted(muted) {
    this.muted = muted;
    if (this.track) this.track.enabled = !muted;
  }

  async #ask(deviceId) {
    try {
      const which = deviceId ? { deviceId: { exact: deviceId } } : {};
      return await navigator.mediaDevices.getUserMedia({ audio: { ...WISHES, ...which } });
    } catch (error) {
      if (deviceId && ["OverconstrainedError", "NotFoundError"].includes(error.name)) return this.#ask("");
      throw new NoMicrophone(WORDS[error.name] ?? `The microphone cannot be opened: ${error.message || error.name}`);
    }
  }
}

/** `[{id, label}]` of one kind, "audioinput" or "audiooutput"; labels are known only after the permission. */
export async function devicesOf(kind) {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter((device) => device.kind === kind && device.deviceId)
    .map((device, index) => ({ id: device.deviceId, label: device.label || `Device ${index + 1}` }));
}

export const canChooseOutput = "setSinkId" in HTMLMediaElement.prototype;
