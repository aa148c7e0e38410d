// Decodes the packets of an epoch, in order, with what the browser has for it.
import {Codec} from "./earshot-wire.js";

// RFC 7845, 5.1.1.2: of 3 to 8 channels, the streams, those of two channels, and
// which of the decoded channels each is.
const SURROUND = {
  3: [2, 1, 0, 2, 1],
  4: [2, 2, 0, 1, 2, 3],
  5: [3, 2, 0, 4, 1, 2, 3],
  6: [4, 2, 0, 4, 1, 2, 3, 5],
  7: [4, 3, 0, 4, 1, 2, 3, 5, 6],
  8: [5, 3, 0, 6, 1, 2, 3, 4, 5, 7],
};

// RFC 7845, 5.1, with a pre-skip of 0: the server says what is to be dropped.
function opusHead(channels) {
  return new Uint8Array([...new TextEncoder().encode("OpusHead"), 1, channels, 0, 0,
                         0x80, 0xbb, 0, 0, 0, 0, 1, ...SURROUND[channels]]);
}

// RFC 6716, 3.1 and 3.2: how long a packet is, in microseconds.
function opusDuration(payload) {
  const config = payload[0] >> 3;
  const one = config < 12 ? [10000, 20000, 40000, 60000][config & 3]
    : config < 16 ? [10000, 20000][config & 1] : [2500, 5000, 10000, 20000][config & 3];
  const frames = [1, 2, 2, payload[1] & 63][payload[0] & 3];
  return one * frames;
}

export class EpochDecoder {
  // `heard` gets, in order, what is to be heard of a packet: the packet, planes
  // of samples, and their rate. `failed` gets an Error; then it is to be closed.
  constructor({codec, channels, rateHz}, heard, failed) {
    this.codec = codec;
    this.channels = channels;
    this.rateHz = rateHz;
    this.heard = heard;
    this.failed = failed;
    this.entries = [];  // packets and marks that are under way
    this.time = 0;
  }

  decode(packet) {
    const entry = {packet};
    this.entries.push(entry);
    if (this.codec === Codec.PCM_S16LE) {
      entry.planes = this.fromPcm(packet.payload);
      entry.rate = this.rateHz;
      this.drain();
    } else {
      this.decodeOpus(entry);
    }
  }

  // Calls `mark` after all packets before it.
  mark(mark) {
    this.entries.push({mark});
    this.drain();
  }

  // Nothing follows; what is under way is heard yet.
  finish() {
    if (this.current) {
      const old = this.current;
      old.decoder.flush().catch(() => {}).then(() => this.retire(old));
      this.current = null;
    }
  }

  close() {
    this.entries = [];
    this.closed = true;
    this.release(this.current);
  }

  fromPcm(payload) {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const frames = Math.floor(payload.length / 2 / this.channels);
    return Array.from({length: this.channels}, (_, channel) => {
      const plane = new Float32Array(frames);
      for (let i = 0; i < frames; i++) {
        plane[i] = view.getInt16(2 * (i * this.channels + channel), true) / 32768;
      }
      return plane;
    });
  }

  decodeOpus(entry) {
    try {
      if (!this.current || entry.packet.restart) {
        this.restart();
      }
      this.current.waiting.push(entry);
      this.current.decoder.decode(new EncodedAudioChunk({
        type: "key", timestamp: this.time, data: entry.packet.payload}));
      this.time += opusDuration(entry.packet.payload);
    } catch (error) {
      this.failed(error);
    }
  }

  restart() {
    this.finish();
    const waiting = [];
    const decoder = new AudioDecoder({
      output: (data) => this.take(waiting.shift(), data),
      error: (error) => this.recover({decoder, waiting}, error),
    });
    decoder.configure({
      codec: "opus", sampleRate: 48000, numberOfChannels: this.channels,
      ...(this.channels > 2 ? {description: opusHead(this.channels)} : {})});
    this.current = {decoder, waiting};
  }

  // One that has worked stumbles over a packet; the next packet gets a new one.
  recover(one, error) {
    if (this.closed) {
      return;
    }
    if (!this.works) {
      this.failed(error);
      return;
    }
    if (this.current?.decoder === one.decoder) {
      this.current = null;
    }
    this.retire(one);
  }

  // What it has not put out by now it never will.
  retire(old) {
    for (const entry of old.waiting.splice(0)) {
      entry.mark = () => {};
    }
    this.release(old);
    this.drain();
  }

  release(one) {
    if (one && one.decoder.state !== "closed") {
      one.decoder.close();
    }
  }

  take(entry, data) {
    if (entry && !this.closed) {
      this.works = true;
      entry.rate = data.sampleRate;
      entry.planes = Array.from({length: data.numberOfChannels}, (_, planeIndex) => {
        const plane = new Float32Array(data.numberOfFrames);
        data.copyTo(plane, {planeIndex, format: "f32-planar"});
        return plane;
      });
      this.drain();
    }
    data.close();
  }

  drain() {
    while (this.entries[0]?.mark || this.entries[0]?.planes) {
      const {mark, packet, planes, rate} = this.entries.shift();
      if (mark) {
        mark();
        continue;
      }
      const scale = rate / this.rateHz;
      const first = Math.round(packet.dropFrames * scale);
      const last = first + Math.round(packet.frameCount * scale);
      if (packet.frameCount > 0) {
        this.heard(packet, planes.map((plane) => plane.slice(first, last)), rate);
      }
    }
  }
}
