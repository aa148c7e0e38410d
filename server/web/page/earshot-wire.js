// Reads earshot.v1.ListenResponse (proto/earshot/v1/listen.proto) from its wire
// form. Knows the fields that a listener needs; skips all others.

// Field number -> [name, what it is when it is left out], or [name, the fields
// of the message that it holds].
const EVENTS = {
  1: ["epochStarted", {1: ["epoch", 0], 2: ["format", {1: ["rateHz", 0], 2: ["channels", 0]}],
                       3: ["codec", 0]}],
  2: ["packet", {2: ["frameCount", 0], 3: ["dropFrames", 0], 4: ["restart", 0],
                 5: ["payload", new Uint8Array(0)], 6: ["dueNs", 0]}],
  3: ["silence", {}],
  4: ["standstill", {3: ["state", 0]}],
  5: ["passedOver", {}],
  6: ["epochEnded", {}],
  7: ["movedForward", {1: ["packets", 0]}],
  8: ["clock", {1: ["serverNs", 0], 2: ["state", 0]}],
  9: ["volume", {1: ["gainDb", 0], 2: ["mute", 0]}],
  10: ["streamClosed", {1: ["reason", ""]}],
};

export const StreamState = {IDLE: 1, PRIMING: 2, PLAYING: 3, PAUSED: 4, DRAINING: 5, CLOSED: 6};
export const Codec = {OPUS: 1, PCM_S16LE: 2};

class Cursor {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  get more() {
    return this.at < this.bytes.length;
  }

  // Above 2^53 it is near enough: such are only times, in ns.
  varint() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.view.getUint8(this.at++);
      value += (byte & 127) * factor;
      if (byte < 128) {
        return value;
      }
    }
  }

  take(length) {
    if (length > this.bytes.length - this.at) {
      throw new RangeError("a field is longer than its message");
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  field(wireType) {
    switch (wireType) {
      case 0: return this.varint();
      case 1: this.at += 8; return this.view.getFloat64(this.at - 8, true);
      case 2: return this.take(this.varint());
      case 5: this.at += 4; return this.view.getFloat32(this.at - 4, true);
      default: throw new RangeError("no wire type of proto3: " + wireType);
    }
  }
}

function isMessage(kind) {
  return kind?.constructor === Object;
}

function read(bytes, fields) {
  const message = {};
  for (const [name, kind] of Object.values(fields)) {
    if (fields !== EVENTS && !isMessage(kind)) {
      message[name] = kind;
    }
  }
  for (const cursor = new Cursor(bytes); cursor.more;) {
    const tag = cursor.varint();
    const value = cursor.field(tag & 7);
    const [name, kind] = fields[Math.floor(tag / 8)] ?? [];
    if (isMessage(kind)) {
      message[name] = read(value, kind);
    } else if (name) {
      message[name] = typeof kind === "string" ? new TextDecoder().decode(value) : value;
    }
  }
  return message;
}

// An object with one property, named as the event is. Throws RangeError at what
// is no such message.
export function readListenResponse(buffer) {
  return read(new Uint8Array(buffer), EVENTS);
}
