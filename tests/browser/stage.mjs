// What the cases need: a server with a page, streams that play, a browser.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, openSync, closeSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(join(process.env.EARSHOT_NODE_MODULES, 'x.js'));
const { chromium } = require('playwright-core');

const BIN = process.env.EARSHOT_BIN;
export const MODULES = process.env.EARSHOT_NODE_MODULES;
const PATIENCE_MS = 15000;
// Debian's; as root it has no sandbox of its own.
const CHROMIUM = '/usr/bin/chromium';
const BROWSER_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const RATE = 48000;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function assert(truth, ...words) {
  if (!truth) {
    throw new Error(words.map((one) =>
      (typeof one === 'string' ? one : JSON.stringify(one))).join(' '));
  }
}

// Waits until `look` gives something true, and gives that.
export async function until(what, look, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await sleep(50);
  }
}

// A RIFF file of one channel, 16 bits: `at(frame)` from -1 to 1.
function wav(seconds, at) {
  const frames = Math.round(seconds * RATE);
  const bytes = Buffer.alloc(44 + frames * 2);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + frames * 2, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(frames * 2, 40);
  for (let i = 0; i < frames; ++i) {
    bytes.writeInt16LE(Math.round(at(i) * 32767), 44 + i * 2);
  }
  return bytes;
}

// A port that hands bytes to `port` and back, each `least` to `most` ms later.
export async function delaying(port, least, most) {
  const pump = (source, sink) => {
    let last = 0;
    const later = (act) => {
      last = Math.max(last, performance.now() + least + Math.random() * (most - least));
      setTimeout(act, last - performance.now());
    };
    source.setNoDelay(true);
    source.on('data', (data) => later(() => sink.write(data)));
    source.on('end', () => later(() => sink.end()));
    source.on('error', () => sink.destroy());
  };
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    pump(near, far);
    pump(far, near);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

export class Stage {
  #folder = mkdtempSync(join(tmpdir(), 'earshot-browser-'));
  #children = new Set();
  #sounds = new Map();
  #browser;

  // A process of its own log; killed when the stage ends.
  #spawn(name, program, args) {
    const log = join(this.#folder, `${name}.log`);
    const out = openSync(log, 'w');
    const child = spawn(join(BIN, program), args, { stdio: ['ignore', out, out] });
    closeSync(out);
    this.#children.add(child);
    const ended = new Promise((done) => child.once('exit', (code) => {
      this.#children.delete(child);
      done(code);
    }));
    return {
      pid: child.pid,
      log: () => readFileSync(log, 'utf8'),
      ended,
      stop: async (signal = 'SIGKILL') => {
        child.kill(signal);
        await ended;
      },
    };
  }

  path(name) {
    return join(this.#folder, name);
  }

  write(name, text) {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  // Makes certificates for this machine, which a browser has to be told to trust.
  certificates() {
    execFileSync(new URL('../../deploy/certs/make-certs', import.meta.url).pathname,
      [`--out=${this.path('certs')}`], { stdio: 'ignore' });
    const of = (name) => this.path(join('certs', name));
    return { server: [`--tls-cert=${of('server.pem')}`, `--tls-key=${of('server.key')}`],
      client: [`--tls-ca=${of('ca.pem')}`] };
  }

  // `ports` of a server that is to come back at the same addresses.
  async server({ flags = [], ports = { grpc: 0, web: 0 } } = {}) {
    const process = this.#spawn('server', 'server/earshot-server', [
      `--listen=127.0.0.1:${ports.grpc}`, `--web=127.0.0.1:${ports.web}`, '--sink=null',
      '--drain-timeout=0s', ...flags]);
    const at = await until('the server starts', () => {
      const log = process.log();
      const grpc = /server started.* listen=127\.0\.0\.1:(\d+)/.exec(log);
      const web = /web listen=\S*:(\d+) url=(\S+)/.exec(log);
      return grpc && web && { grpc: Number(grpc[1]), web: Number(web[1]), page: web[2] };
    }).catch((error) => { throw new Error(`${error.message}: ${process.log()}`); });
    return { ...process, ports: at, page: at.page };
  }

  // Plays `at` as a VM would; the stream is vms/VM/streams/0.
  play(server, vm, sound, seconds, flags = []) {
    if (!this.#sounds.has(sound)) {
      this.#sounds.set(sound, this.write(`${this.#sounds.size}.wav`, wav(seconds, sound)));
    }
    return this.#spawn(vm, 'client/cli/earshot', [
      'play', `--server=127.0.0.1:${server.ports.grpc}`, `--vm=${vm}`, ...flags,
      this.#sounds.get(sound)]);
  }

  async context(options = {}) {
    this.#browser ??= await chromium.launch(
      { executablePath: CHROMIUM, args: BROWSER_FLAGS, headless: true });
    return this.#browser.newContext({ viewport: { width: 1000, height: 700 }, ...options });
  }

  async end() {
    await this.#browser?.close();
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
