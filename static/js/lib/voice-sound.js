/** What is heard: the voices of others, how loud somebody is, and the two small tunes of coming and going. */

const LOUD_ENOUGH = 0.015; // of full scale, as root mean square: speech close to a microphone is some 0.05
const STAYS_MS = 450; // between two words somebody still speaks
const LOOK_MS = 100;

const TUNES = { joined: [523.25, 783.99], left: [587.33, 392] };

export class Sound {
  constructor() {
    this.context = null;
    this.sinkId = "";
    this.listening = new Map(); // who → {analyser, node, samples, heardAt}
    this.onSpeaking = () => {};
  }

  /** To be called in a click: browsers let no page make a sound before. */
  start() {
    this.context ??= new AudioContext();
    this.context.resume();
    this.timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    for (const who of [...this.listening.keys()]) this.forget(who);
    this.context?.close();
    this.context = null;
  }

  /** Notices when `who` speaks. */
  listen(who, stream) {
    this.forget(who);
    const node = this.context.createMediaStreamSource(stream);
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    node.connect(analyser);
    this.listening.set(who, { node, analyser, samples: new Float32Array(analyser.fftSize), heardAt: 0, level: 0 });
  }

  forget(who) {
    this.listening.get(who)?.node.disconnect();
    this.listening.delete(who);
  }

  /** An element that plays `stream`; it needs no place on the page. */
  play(stream, volume) {
    const element = new Audio();
    element.autoplay = true;
    element.srcObject = stream;
    element.volume = volume;
    this.#route(element);
    element.play().catch(() => {}); // autoplay follows by itself once it may
    return element;
  }

  /** Where all voices are to be heard. */
  setOutput(sinkId, elements) {
    this.sinkId = sinkId;
    for (const element of elements) this.#route(element);
  }

  tune(name) {
    if (!this.context) return;
    TUNES[name].forEach((frequency, index) => this.#note(frequency, this.context.currentTime + index * 0.13));
  }

  #route(element) {
    if (this.sinkId && element.setSinkId) element.setSinkId(this.sinkId).catch(() => {}); // it was unplugged
  }

  #note(frequency, at) {
    const note = this.context.createOscillator();
    const volume = this.context.createGain();
    note.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.07, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0005, at + 0.22);
    note.connect(volume).connect(this.context.destination);
    note.start(at);
    note.stop(at + 0.24);
  }

  #look() {
    if (document.hidden) return;
    const now = performance.now();
    for (const [who, ear] of this.listening) {
      ear.analyser.getFloatTimeDomainData(ear.samples);
      let sum = 0;
      for (const sample of ear.samples) sum += sample * sample;
      const level = Math.sqrt(sum / ear.samples.length);
      if (level >= LOUD_ENOUGH) ear.heardAt = now;
      this.onSpeaking(who, ear.heardAt > 0 && now - ear.heardAt < STAYS_MS, level);
    }
  }
}
