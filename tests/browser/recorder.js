// An AudioWorklet of the tests: what it hears, and when a click came. Between
// whoever plays and the tests it knows nothing of the player.
registerProcessor('recorder', class extends AudioWorkletProcessor {
  quiet = 0;
  block = new Float32Array(9600);
  filled = 0;

  process([input]) {
    const heard = input[0] ?? new Float32Array(128);
    const now = Date.now();
    for (let i = 0; i < heard.length; ++i) {
      this.quiet = Math.abs(heard[i]) < 0.1 ? this.quiet + 1 : 0;
      if (this.loud === undefined || this.quiet > 4800) this.loud = false;
      if (Math.abs(heard[i]) > 0.3 && !this.loud) {
        this.loud = true;
        this.port.postMessage({ click: now });
      }
      this.block[this.filled++] = heard[i];
    }
    if (this.filled >= this.block.length) {
      this.port.postMessage({ block: this.block });
      this.block = new Float32Array(9600);
      this.filled = 0;
    }
    return true;
  }
});
