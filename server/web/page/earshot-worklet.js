// Plays what it is sent, at a distance from its arrival that is just enough for
// the network's jitter. Arrivals follow the server's clock, and so does what
// they leave of the buffer: it is read a little faster or slower than it is
// filled, by half a percent at most.

const RING_FRAMES = 1 << 17;
const REPORT_S = 0.1;
// What is to be left of the buffer when the latest packet of the last seconds
// comes, in ms, besides a leap of the rendering, which may come just before it.
// Grows when the sound has run out, and shrinks as long as it does not. The least
// is what a page that is otherwise idle is late by once in some minutes.
const LEAST_MARGIN_MS = 18;
const MOST_MARGIN_MS = 60;
const GROWTH_MS = 4;
const SHRINK_EVERY_S = 10;
const WINDOWS = 15;  // of a second
const MOST_RATE_ERROR = 0.005;
const FASTER_PER_MS = 0.0003;
const SLOWER_PER_MS = 0.0008;
// More than this came after a standstill, which was heard: skip it at once.
const MOST_EXCESS_MS = 150;

class EarshotWorklet extends AudioWorkletProcessor {
  constructor({processorOptions: {channels, rate, leapMs}}) {
    super();
    this.ring = Array.from({length: channels}, () => new Float32Array(RING_FRAMES));
    this.rate = rate;
    this.written = this.read = 0;  // frames; `read` is between two of them
    this.dues = [];                // when the frames at `start` are due, in ms
    this.expecting = false;        // sound has begun, and not ended
    this.open = true;
    this.gaps = this.late = this.dryMs = this.sinceDry = 0;
    this.pace = 1;
    this.wanted = this.least = LEAST_MARGIN_MS + leapMs;
    this.most = MOST_MARGIN_MS + leapMs;
    this.resetReport();
    this.resetMargins();
    this.port.onmessage = ({data}) => {
      if (data.planes) {
        this.push(data);
      } else {
        this.gaps += data.gaps;
        this.expecting = false;
        this.open = !data.close;
      }
    };
  }

  resetMargins() {
    this.slidMs = 0;  // what the pace has added to the buffer
    this.windows = [];
    this.lowest = Infinity;
    this.windowFrames = 0;
  }

  resetReport() {
    this.reportFrames = this.peak = this.delaySum = this.delays = this.levelSum = 0;
  }

  get levelMs() {
    return (this.written - this.read) / this.rate * 1000;
  }

  // `holdMs`: where sound begins after silence, how long to wait with it.
  push({planes, due, holdMs}) {
    if (this.expecting) {
      this.noteMargin();
    } else {
      this.expecting = true;
      this.dryMs = 0;
      this.resetMargins();
      this.write(null, Math.round(Math.max(0, (holdMs - this.levelMs) * this.rate / 1000)));
    }
    this.dues.push({start: this.written, due});
    this.write(planes, planes[0].length);
    if (this.levelMs > this.wanted + MOST_EXCESS_MS) {
      this.read = this.written - Math.round((this.wanted + 30) * this.rate / 1000);
      if (this.sinceDry > sampleRate) {  // else it is the same gap
        this.gaps++;
      }
      this.resetMargins();
    }
  }

  write(planes, frames) {
    for (let channel = 0; channel < this.ring.length; channel++) {
      const ring = this.ring[channel];
      for (let i = 0; i < frames; i++) {
        ring[(this.written + i) % RING_FRAMES] = planes ? planes[channel][i] : 0;
      }
    }
    this.written += frames;
  }

  noteMargin() {
    if (this.dryMs > 0) {
      this.late++;
      this.wanted = Math.min(this.most, this.wanted + GROWTH_MS);
      this.dryMs = 0;
      // All that follows comes later by what was waited for: this one just so.
      this.resetMargins();
    }
    this.lowest = Math.min(this.lowest, this.levelMs - this.slidMs);
  }

  process(_, [output]) {
    const frames = output[0].length;
    const step = this.pace * this.rate / sampleRate;
    const left = this.written - 2 - this.read;
    const count = Math.max(0, Math.min(frames, Math.floor(left / step)));
    for (let channel = 0; channel < output.length; channel++) {
      this.render(this.ring[channel], output[channel], count, step);
    }
    this.read += count * step;
    if (count < frames && this.expecting) {
      if (this.dryMs === 0) {
        this.gaps++;
        this.sinceDry = 0;
      }
      this.dryMs += (frames - count) / sampleRate * 1000;
    }
    this.follow(frames);
    this.report(frames, output);
    return this.open;
  }

  // Interpolates between four frames: a cubic with the slopes of its neighbors.
  render(ring, out, count, step) {
    const mask = RING_FRAMES - 1;
    let read = this.read;
    for (let i = 0; i < count; i++, read += step) {
      const whole = Math.floor(read);
      const t = read - whole;
      const b = ring[whole & mask];
      if (t === 0) {
        out[i] = b;
        continue;
      }
      const a = ring[(whole - 1) & mask];
      const c = ring[(whole + 1) & mask];
      const d = ring[(whole + 2) & mask];
      out[i] = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
    }
  }

  follow(frames) {
    if (!this.expecting) {
      this.pace = 1;
      return;
    }
    this.slidMs += (1 - this.pace) * frames / sampleRate * 1000;
    this.windowFrames += frames;
    this.sinceDry += frames;
    if (this.windowFrames >= sampleRate) {
      this.windows = [...this.windows, this.lowest].slice(-WINDOWS);
      this.lowest = Infinity;
      this.windowFrames = 0;
    }
    if (this.sinceDry % (SHRINK_EVERY_S * sampleRate) < frames) {
      this.wanted = Math.max(this.least, this.wanted - 1);
    }
    const low = Math.min(this.lowest, ...this.windows) + this.slidMs - this.wanted;
    if (low < 0) {
      this.pace = 1 - Math.min(MOST_RATE_ERROR, -low * SLOWER_PER_MS);
    } else if (this.windows.length >= 3 && low < Infinity) {
      this.pace = 1 + Math.min(MOST_RATE_ERROR, low * FASTER_PER_MS);
    } else {
      this.pace = 1;
    }
  }

  report(frames, heard) {
    for (const plane of heard) {
      for (let i = 0; i < frames; i++) {
        this.peak = Math.max(this.peak, Math.abs(plane[i]));
      }
    }
    while (this.dues.length > 1 && this.dues[1].start <= this.read) {
      this.dues.shift();
    }
    if (this.dues.length > 0 && this.levelMs > 1) {
      const due = this.dues[0].due + (this.read - this.dues[0].start) / this.rate * 1000;
      this.delaySum += Date.now() - due;
      this.delays++;
      this.levelSum += this.levelMs;
    }
    this.reportFrames += frames;
    if (this.reportFrames >= REPORT_S * sampleRate) {
      const {gaps, late, peak, pace} = this;
      this.port.postMessage({
        gaps, late, peak, pace, delayMs: this.delays ? this.delaySum / this.delays : null,
        bufferMs: this.delays ? this.levelSum / this.delays : 0});
      this.resetReport();
    }
  }
}

registerProcessor("earshot", EarshotWorklet);
