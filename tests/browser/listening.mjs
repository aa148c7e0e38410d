// How the cases listen: beside the player, and without it.
import { readFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { RATE, sleep } from './stage.mjs';

const RECORDER = readFileSync(new URL('recorder.js', import.meta.url), 'utf8');

// Makes what a page lets sound reachable: whatever is connected to a
// loudspeaker. The recorder is there before there is sound, as loading it makes the
// audio thread stumble; to have it the context must bypass the page's CSP.
export async function tap(context) {
  await context.addInitScript((recorderText) => {
    const original = AudioNode.prototype.connect;
    window.sounding = [];
    AudioNode.prototype.connect = function connectTapped(to, ...rest) {
      if (to instanceof AudioDestinationNode) {
        window.sounding.push(this);
        const blob = new Blob([recorderText], { type: 'text/javascript' });
        window.canRecord = this.context.audioWorklet.addModule(URL.createObjectURL(blob));
        window.canRecord.catch(() => {});
      }
      return original.call(this, to, ...rest);
    };
    window.record = async () => {
      const source = window.sounding[window.sounding.length - 1];
      await window.canRecord;
      const recorder = new AudioWorkletNode(source.context, 'recorder');
      window.recorded = { clicks: [], blocks: [] };
      recorder.port.onmessage = ({ data }) => {
        if (data.block) {
          window.recorded.blocks.push(Int16Array.from(data.block, (one) => one * 32767));
        }
        if (data.click) window.recorded.clicks.push(data.click);
      };
      original.call(source, recorder);
      original.call(recorder, source.context.destination);
    };
  }, RECORDER);
}

// What sounds in the page for so long: samples, the wall clock's times of clicks,
// and what `look` gives at the beginning and at the end, before what is
// recorded is fetched, which takes the page's time.
export async function record(page, seconds, look) {
  if (!await page.evaluate(() => Boolean(window.recorded))) {
    await page.evaluate(() => window.record());
    await sleep(1000);
  }
  const before = await look();
  await page.evaluate(() => { window.recorded = { clicks: [], blocks: [] }; });
  await sleep(seconds * 1000);
  const after = await look();
  const { clicks, base64 } = await page.evaluate(() => {
    const { clicks: times, blocks } = window.recorded;
    const shorts = new Int16Array(blocks.length * 9600);
    blocks.forEach((block, i) => shorts.set(block, i * 9600));
    const bytes = new Uint8Array(shorts.buffer);
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) {
      text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    }
    return { clicks: times, base64: btoa(text) };
  });
  const bytes = Buffer.from(base64, 'base64');
  const shorts = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return { clicks, before, after, samples: Float32Array.from(shorts, (one) => one / 32767) };
}

// The fields of a message: numbers, or bytes, by their number.
function fields(bytes) {
  const found = {};
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    if ((key & 7) === 0) {
      found[key >> 3] = varint();
    } else if ((key & 7) === 1) {
      at += 8;
    } else {
      const size = varint();
      found[key >> 3] = bytes.subarray(at, at + size);
      at += size;
    }
  }
  return found;
}

// A listener of its own, over a bare WebSocket: knows when each frame is due.
export class BareListener {
  messages = [];
  closed = undefined;
  #bytes = Buffer.alloc(0);
  #handshake = '';

  constructor(port, stream, headers = []) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => this.#read(data));
    this.socket.write([
      `GET /v1/listen/${stream} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Connection: Upgrade',
      'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Protocol: earshot.v1', ...headers, '', ''].join('\r\n'));
  }

  get handshake() {
    return this.#handshake;
  }

  packets() {
    return this.messages.filter((one) => one[2]).map((one) => {
      const packet = fields(one[2]);
      return { first: packet[1] ?? 0, count: packet[2] ?? 0, dueNs: packet[6] };
    });
  }

  // When each `every`th frame is due, of those that it was told of: on the wall's
  // clock in ms.
  dues(every) {
    const found = [];
    const now = Date.now() + 0.5;
    const nowNs = Number(process.hrtime.bigint());
    for (const { first, count, dueNs } of this.packets()) {
      const frame = Math.ceil(first / every) * every;
      if (frame > 0 && frame < first + count) {
        found.push(now + (dueNs - nowNs) / 1e6 + (frame - first) / (RATE / 1000));
      }
    }
    return found;
  }

  movedForward() {
    return this.messages.filter((one) => one[7]).length;
  }

  // A frame of a client: masked.
  say(opcode, payload) {
    const head = Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]);
    this.socket.write(Buffer.concat([head, Buffer.from(payload)]));
  }

  end() {
    this.socket.destroy();
  }

  #read(data) {
    this.#bytes = Buffer.concat([this.#bytes, data]);
    if (!this.#handshake) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#handshake = this.#bytes.toString('latin1', 0, end);
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    if (!this.#handshake.includes(' 101 ')) return;
    for (;;) {
      if (this.#bytes.length < 2) return;
      let size = this.#bytes[1] & 127;
      let start = 2;
      if (size === 126) {
        if (this.#bytes.length < 4) return;
        size = this.#bytes.readUInt16BE(2);
        start = 4;
      }
      if (this.#bytes.length < start + size) return;
      const payload = this.#bytes.subarray(start, start + size);
      if ((this.#bytes[0] & 15) === 2) this.messages.push(fields(payload));
      if ((this.#bytes[0] & 15) === 8) {
        this.closed = { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
      }
      this.#bytes = this.#bytes.subarray(start + size);
    }
  }
}

export function hashOf(token) {
  return createHash('sha256').update(token).digest('hex');
}
