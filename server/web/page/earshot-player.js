// Plays a stream of an earshot-server in any page: example.js shows how.
//
// `state`: stopped, connecting, playing, silent (the guest plays silence),
// waiting (for what `reason` says; it goes on by itself), error (it does not).
// `code` names the reason for programs. Sound follows the server's clock.
import {Connection} from "./earshot-connection.js";
import {EpochDecoder} from "./earshot-decoder.js";
import {Codec, StreamState} from "./earshot-wire.js";

// How long after it is due sound is heard, to begin with; then as long as it was
// the last time.
const FIRST_DELAY_MS = 45;
const MOST_FIRST_DELAY_MS = 100;
// Sound begins with a packet that is so much before its time, for the next one
// to come; but is not waited for any longer than for so many.
const LEAST_HOLD_MS = 12;
const MOST_PASSED = 20;
const OPUS_HZ = 48000;
const SILENT_DB = -60;
const RAMP_S = 0.01;
// The server's clock is where its fastest message of so long says it is.
const CLOCK_WINDOW_MS = 30000;
const RETIRE_MS = 500;
const CLICK_MS = 1000;

const WAITING = {
  [StreamState.IDLE]: ["IDLE", "The guest plays nothing"],
  [StreamState.PRIMING]: ["PRIMING", "Waiting for the guest's sound"],
  [StreamState.PAUSED]: ["PAUSED", "The guest has paused"],
  [StreamState.DRAINING]: ["IDLE", "The guest has stopped"],
};

function whyImpossible() {
  if (!globalThis.isSecureContext) {
    return ["INSECURE", "Browsers play this only over HTTPS, or from this machine (localhost)"];
  }
  if (!globalThis.AudioDecoder || !globalThis.AudioWorkletNode) {
    return ["NO_WEBCODECS", "This browser cannot decode sound here: it has no WebCodecs"];
  }
  return null;
}

export class EarshotPlayer extends EventTarget {
  #volume = 1;
  #muted = false;
  #guestGain = 1;
  #session = 0;

  constructor({server = location.origin, stream, token = ""}) {
    super();
    Object.assign(this, {server, stream, token, state: "stopped", code: "", reason: ""});
    this.#clear();
  }

  // To be called when somebody clicks: before that browsers play no sound.
  async start() {
    if (this.state !== "stopped" && this.state !== "error") {
      return;
    }
    const why = whyImpossible();
    if (why) {
      this.#say("error", ...why);
      return;
    }
    const session = ++this.#session;
    this.#clear();
    this.#say("connecting", "", "");
    try {
      this.context = new AudioContext({sampleRate: 48000, latencyHint: "interactive"});
      this.output = new GainNode(this.context);
      this.output.connect(this.context.destination);
      this.#applyGain();
      await this.context.audioWorklet.addModule(new URL("earshot-worklet.js", import.meta.url));
      const patience = setTimeout(() => session === this.#session && this.#say(
        "waiting", "NO_CLICK", "The browser wants a click before it plays sound"), CLICK_MS);
      await this.context.resume();
      clearTimeout(patience);
    } catch (error) {
      if (session === this.#session) {
        this.#fail("NO_AUDIO", "This browser plays no sound: " + error.message);
      }
      return;
    }
    if (session === this.#session) {
      this.connection = new Connection(this, {
        event: (event) => this.#take(event),
        lost: ({code, reason}) => this.#lose(code, reason),
        failed: ({code, reason}) => this.#fail(code, reason),
      });
    }
  }

  stop() {
    this.#close();
    this.#say("stopped", "", "");
  }

  // 0 to 1, of what the guest and the server's operator want.
  get volume() { return this.#volume; }
  set volume(value) {
    this.#volume = Math.min(1, Math.max(0, value));
    this.#applyGain();
  }

  get muted() { return this.#muted; }
  set muted(value) {
    this.#muted = Boolean(value);
    this.#applyGain();
  }

  // latencyMs: from when the server has a frame due until the worklet puts it
  // out, less what its fastest message takes; null before. bufferMs: what waits there. gaps: how often sound was cut.
  // late: packets that came after their time. rate: how fast it plays. level:
  // what is heard, 0 to 1.
  stats() {
    return {...this.#figures, reconnects: this.#reconnects,
            outputMs: (this.context?.outputLatency ?? 0) * 1000};
  }

  #figures;
  #reconnects;
  #counted;  // by worklets that are no more
  #passed;   // packets that were too late to begin with
  #offsets;  // the server's clock: [until when it is believed, ms behind ours]

  #clear() {
    this.#figures = {latencyMs: null, bufferMs: 0, gaps: 0, late: 0, rate: 1, level: 0};
    this.#counted = {gaps: 0, late: 0};
    this.#reconnects = this.#passed = 0;
    this.#offsets = [];
    this.begun = false;
  }

  #say(state, code, reason) {
    if (state !== this.state || code !== this.code || reason !== this.reason) {
      Object.assign(this, {state, code, reason});
      this.dispatchEvent(new Event("state"));
    }
  }

  #take(event) {
    const now = performance.now();
    if (event.clock) {
      this.#noteClock(now, event.clock.serverNs / 1e6);
      this.#sayWaiting(event.clock.state);
    } else if (event.epochStarted) {
      this.#beginEpoch(event.epochStarted);
    } else if (event.packet) {
      this.decoder?.decode(event.packet);
    } else if (event.silence) {
      this.#pause(0, () => this.#say("silent", "", "The guest plays silence"));
    } else if (event.standstill) {
      this.#pause(0, () => this.#sayWaiting(event.standstill.state));
    } else if (event.epochEnded) {
      this.#pause(0, () => this.#sayWaiting(StreamState.IDLE));
    } else if (event.movedForward) {
      this.#pause(1, () => {});
    } else if (event.volume) {
      const {gainDb, mute} = event.volume;
      this.#guestGain = mute || gainDb <= SILENT_DB ? 0 : 10 ** (gainDb / 20);
      this.#applyGain();
    }
  }

  // What the clock's state says, unless sound says more.
  #sayWaiting(state) {
    const why = WAITING[state];
    if (why && !(this.begun && state === StreamState.DRAINING)) {
      this.#say("waiting", ...why);
    }
  }

  #beginEpoch({format, codec}) {
    this.decoder?.finish();
    this.decoder = null;
    const {rateHz, channels} = format ?? {};
    if (!(rateHz > 0 && channels > 0 && channels <= 8)) {
      this.#fail("BAD_FORMAT", "The stream's format cannot be played here");
      return;
    }
    this.decoder = new EpochDecoder(
      {codec, rateHz, channels},
      (packet, planes, rate) => this.#hear(packet, planes, rate),
      () => this.#fail("NO_DECODER", `This browser cannot decode ${channels} channels of Opus`));
    this.#ensureNode(channels, codec === Codec.PCM_S16LE ? rateHz : OPUS_HZ);
  }

  #endEpoch() {
    this.decoder?.close();
    this.decoder = null;
  }

  #pause(gaps, then) {
    const mark = () => {
      this.node?.port.postMessage({gaps: this.begun ? gaps : 0});
      this.begun = false;
      then();
    };
    this.decoder ? this.decoder.mark(mark) : mark();
  }

  #hear(packet, planes, rate) {
    const now = performance.now();
    const due = packet.dueNs / 1e6;
    let holdMs = 0;
    if (!this.begun) {
      const delay = Math.min(MOST_FIRST_DELAY_MS, this.#figures.latencyMs ?? FIRST_DELAY_MS);
      holdMs = Math.min(delay, due + delay - this.#serverNow(now));
      if (holdMs < LEAST_HOLD_MS && this.#passed++ < MOST_PASSED) {
        return;
      }
      holdMs = Math.max(LEAST_HOLD_MS, holdMs);
      this.begun = true;
      this.#passed = 0;
    }
    this.#ensureNode(planes.length, rate);
    this.node.port.postMessage({planes, due, holdMs}, planes.map((plane) => plane.buffer));
    this.#say("playing", "", "");
  }

  #ensureNode(channels, rate) {
    if (this.node?.channels === channels && this.node.rate === rate) {
      return;
    }
    this.#retireNode();
    const node = new AudioWorkletNode(this.context, "earshot", {
      numberOfInputs: 0, outputChannelCount: [channels], processorOptions: {
        channels, rate, leapMs: this.context.baseLatency * 1000}});
    this.node = Object.assign(node, {channels, rate});
    node.port.onmessage = ({data}) => this.#noteReport(node, data);
    node.connect(this.output);
  }

  #retireNode() {
    const old = this.node;
    this.node = null;
    if (old) {
      this.#counted = {gaps: this.#figures.gaps, late: this.#figures.late};
      old.port.postMessage({gaps: 0, close: true});
      setTimeout(() => old.disconnect(), RETIRE_MS);
    }
  }

  #noteReport(node, {gaps, late, peak, pace, delayMs, bufferMs}) {
    if (node !== this.node) {
      return;
    }
    const figures = this.#figures;
    Object.assign(figures, {
      gaps: this.#counted.gaps + gaps, late: this.#counted.late + late, rate: pace, bufferMs,
      level: peak * this.output.gain.value});
    if (delayMs !== null && this.#offsets.length > 0) {
      const now = performance.now();
      figures.latencyMs = delayMs - (Date.now() - now) + this.#serverNow(now) - now;
    }
    this.dispatchEvent(new Event("stats"));
  }

  #noteClock(now, serverMs) {
    const behind = now - serverMs;
    this.#offsets = this.#offsets.filter(([until, other]) => until > now && other < behind);
    this.#offsets.push([now + CLOCK_WINDOW_MS, behind]);
  }

  #serverNow(now) {
    return now - Math.min(...this.#offsets.map(([, behind]) => behind));
  }

  #applyGain() {
    const gain = this.#muted ? 0 : this.#volume * this.#guestGain;
    this.output?.gain.setTargetAtTime(gain, this.context.currentTime, RAMP_S);
  }

  #lose(code, reason) {
    if (this.state === "playing" || this.state === "silent") {
      this.#reconnects += code === "STREAM_CLOSED" ? 0 : 1;
    }
    this.#endEpoch();
    this.#pause(code === "STREAM_CLOSED" ? 0 : 1, () => {});
    this.#offsets = [];
    this.#say("waiting", code, reason);
  }

  #fail(code, reason) {
    this.#close();
    this.#say("error", code, reason);
  }

  #close() {
    this.#session++;
    this.connection?.close();
    this.#endEpoch();
    this.#retireNode();
    this.context?.close();
    this.connection = this.context = this.output = null;
  }
}
