// What a person hears and sees in Chromium; see `run`. A case is a function of
// the stage; what it asserts is what a person would complain about.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { CASES as FOLLOWING } from './follow.mjs';
import { BareListener, hashOf, record, tap } from './listening.mjs';
import { measureSine, tears } from './sine.mjs';
import { MODULES, RATE, Stage, assert, delaying, sleep, until } from './stage.mjs';

const { values: { long: LONG, only: ONLY, seconds } } = parseArgs({ options: {
  long: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  seconds: { type: 'string' } } });
const SINE_S = Number(seconds ?? (LONG ? 60 : 20));
// Long ones get one chance.
const ATTEMPTS = SINE_S > 60 ? 1 : 3;
const SINE_HZ = 441;
const AMPLITUDE = 0.4;
// Besides the server's margin and the guest: what the browser adds.
const MOST_LATENCY_MS = 60;
const CLICK_FRAMES = RATE / 2;

const sine = (i) => AMPLITUDE * Math.sin(2 * Math.PI * SINE_HZ * i / RATE);
// A short burst each half second; and never silence.
const clicks = (i) => (i % CLICK_FRAMES < 240 && i >= CLICK_FRAMES ?
  0.9 * Math.sin(2 * Math.PI * 2000 * i / RATE) : 0.02 * Math.sin(2 * Math.PI * SINE_HZ * i / RATE));

const nameOf = (vm) => `vms/${vm}/streams/0`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function screenshot(page, name) {
  await page.screenshot({ path: join(process.env.EARSHOT_SCREENSHOTS, `${name}.png`) });
}

// A page of the server's; complaints of the browser are failures.
async function open(stage, server, options = {}) {
  const context = await stage.context(options);
  await tap(context);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load|WebSocket connection|blob:/.test(message.text())) {
      page.complaints.push(message.text());
    }
  });
  await page.goto(server.page);
  return page;
}

const row = (page, vm) => page.getByRole('listitem').filter({ hasText: nameOf(vm) });

async function listen(page, vm) {
  await row(page, vm).getByRole('button', { name: /listen/i }).click();
  await until('it plays', () => page.evaluate(() => window.sounding.length > 0));
}

const stats = (page, vm) => page.evaluate(
  (name) => window.earshotPlayers.get(name)?.stats(), nameOf(vm));
const stateOf = (page, vm) => page.evaluate(
  (name) => window.earshotPlayers.get(name)?.state, nameOf(vm));

async function heard(page, vm) {
  return until('it is heard', async () => (await stats(page, vm))?.level > 0.1);
}

// What sounds is the sine that `vm` plays. A machine that is busy for a moment is
// no fault of the player's: then it has another chance.
async function hearTheSine(page, vm, what) {
  let torn;
  let gaps;
  for (let attempt = 0; attempt < ATTEMPTS && !(torn === 0 && gaps === 0); ++attempt) {
    const { samples, before, after } = await record(page, SINE_S, () => stats(page, vm));
    const found = measureSine(samples, RATE, SINE_HZ);
    torn = tears(samples, RATE, SINE_HZ, AMPLITUDE).length;
    gaps = after.gaps - before.gaps;
    console.log(`RESULT browser.${what} hz=${found.hz.toFixed(2)} dbfs=${found.dbfs.toFixed(2)} ` +
      `seconds=${(samples.length / RATE).toFixed(1)} tears=${torn} gaps=${gaps} ` +
      `buffer_ms=${after.bufferMs.toFixed(1)} latency_ms=${after.latencyMs.toFixed(1)}`);
    assert(samples.length > 0.9 * SINE_S * RATE, 'too little was heard:', samples.length);
    assert(Math.abs(found.hz / SINE_HZ - 1) < 0.0051, 'another frequency:', found);
    assert(Math.abs(found.dbfs - 20 * Math.log10(AMPLITUDE)) < 0.5, 'another level:', found);
  }
  assert(torn === 0 && gaps === 0, 'it is torn:', torn, gaps);
}

async function theSineIsHeardWithoutAGap(stage) {
  const server = await stage.server();
  stage.play(server, 'sine', sine, ATTEMPTS * SINE_S + 20);
  const page = await open(stage, server, { bypassCSP: true });
  await listen(page, 'sine');
  await heard(page, 'sine');
  await sleep(3000);
  await hearTheSine(page, 'sine', 'sine');
  await screenshot(page, 'playing');
  assert(page.complaints.length === 0, page.complaints);
}

// Bytes take 20 ms, 5 more or less, each way; TCP keeps their order.
async function aJitteryNetworkTearsNothing(stage) {
  const server = await stage.server();
  const wire = await delaying(server.ports.web, 15, 25);
  try {
    stage.play(server, 'far', sine, ATTEMPTS * SINE_S + 40);
    const page = await open(stage, { page: `http://127.0.0.1:${wire.address().port}/` },
      { bypassCSP: true });
    await listen(page, 'far');
    await heard(page, 'far');
    await sleep(15000);
    await hearTheSine(page, 'far', 'jitter');
  } finally {
    wire.close();
  }
}

// By a listener of its own, which knows when each click is due, and the wall's clock.
async function itIsHeardSoonAfterItIsDue(stage) {
  const server = await stage.server();
  stage.play(server, 'clicks', clicks, 60);
  const page = await open(stage, server, { bypassCSP: true });
  await listen(page, 'clicks');
  const bare = new BareListener(server.ports.web, nameOf('clicks'));
  await sleep(3000);
  let p50 = Infinity;
  let said;
  // A buffer that had to grow on a busy machine takes a while to shrink.
  for (let attempt = 0; attempt < 3 && p50 > MOST_LATENCY_MS; ++attempt) {
    const { clicks: heardAt, after } = await record(page, 8, () => stats(page, 'clicks'));
    const dues = bare.dues(CLICK_FRAMES);
    const delays = heardAt.map((at) => at + 0.5 - Math.max(...dues.filter((due) => due <= at + 20)));
    p50 = median(delays);
    said = after.latencyMs;
    console.log(`RESULT browser.latency p50_ms=${p50.toFixed(1)} ` +
      `most_ms=${Math.max(...delays).toFixed(1)} said_ms=${said.toFixed(1)} clicks=${delays.length}`);
    assert(delays.length >= 13, 'clicks are missing:', delays);
  }
  bare.end();
  assert(p50 <= MOST_LATENCY_MS, 'too late:', p50);
  assert(Math.abs(p50 - said) < 25, 'the player says', said, 'not', p50);
}

async function itComesBackAfterARestart(stage) {
  const server = await stage.server();
  stage.play(server, 'back', sine, 60);
  const page = await open(stage, server);
  await listen(page, 'back');
  await heard(page, 'back');
  await server.stop();
  await until('it says that it waits', async () => (await stateOf(page, 'back')) === 'waiting');
  await screenshot(page, 'lost');
  await stage.server({ ports: server.ports });
  await until('it plays again', async () => (await stateOf(page, 'back')) === 'playing' &&
    (await stats(page, 'back')).level > 0.1);
}

async function manyListenAndASlowOneHarmsNobody(stage) {
  const server = await stage.server();
  stage.play(server, 'many', sine, 60, ['--codec=pcm']);
  const pages = [await open(stage, server), await open(stage, server)];
  for (const page of pages) await listen(page, 'many');
  const slow = new BareListener(server.ports.web, nameOf('many'));
  await until('it is let in', () => slow.handshake);
  slow.socket.pause();
  for (const page of pages) await heard(page, 'many');
  await sleep(3000);
  const before = await Promise.all(pages.map((page) => stats(page, 'many')));
  await sleep(5000);
  slow.socket.resume();
  await until('it is moved forward', () => slow.movedForward() > 0);
  slow.end();
  const after = await Promise.all(pages.map((page) => stats(page, 'many')));
  after.forEach((one, i) => assert(one.gaps === before[i].gaps && one.level > 0.1, one));
}

async function whoSpeaksIsShownTheDoor(stage) {
  const server = await stage.server();
  stage.play(server, 'door', sine, 30);
  const listener = await until('the stream is there', async () => {
    const one = new BareListener(server.ports.web, nameOf('door'));
    await until('an answer', () => one.handshake);
    return one.handshake.includes(' 101 ') && one;
  });
  listener.say(1, 'hello');
  const { code, reason } = await until('it is closed', () => listener.closed);
  assert(code === 1008 && reason.length > 0, code, reason);
  const strange = new BareListener(server.ports.web, nameOf('door'),
    ['Origin: https://elsewhere.example.org']);
  await until('an answer', () => strange.handshake);
  assert(strange.handshake.includes(' 403 '), strange.handshake);
}

async function withoutATokenThereIsAClearWord(stage) {
  const flags = [
    `--tokens=${stage.write('tokens', `guest sha256:${hashOf('g')}\nalice sha256:${hashOf('a')}\n`)}`,
    `--policy=${stage.write('policy', 'grant { principal: "token:guest" player: "*" }\n' +
      'grant { principal: "token:alice" listener: "*" }\n')}`];
  const server = await stage.server({ flags });
  stage.play(server, 'secret', sine, 40, [`--token-file=${stage.write('guest-token', 'g')}`]);
  const page = await open(stage, server);
  const token = page.getByLabel(/token/i).first();
  await token.waitFor({ state: 'visible' });
  await screenshot(page, 'no-credentials');
  assert(!(await page.content()).includes(nameOf('secret')), 'it is told to anybody');
  await token.fill('wrong');
  await token.press('Enter');
  await sleep(500);
  await screenshot(page, 'wrong-token');
  await token.fill('a');
  await token.press('Enter');
  await listen(page, 'secret');
  await heard(page, 'secret');
  assert(!page.url().includes('token'), page.url());
  assert(page.complaints.length === 0, page.complaints);
}

async function itIsHeardOverHttps(stage) {
  const { server: serverFlags, client } = stage.certificates();
  const server = await stage.server({ flags: serverFlags });
  stage.play(server, 'sealed', sine, 30, client);
  const page = await open(stage, server, { ignoreHTTPSErrors: true });
  const sockets = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await listen(page, 'sealed');
  await heard(page, 'sealed');
  assert(await page.evaluate(() => window.isSecureContext) && page.url().startsWith('https:'), page.url());
  assert(sockets.length > 0 && sockets.every((url) => url.startsWith('wss:')), sockets);
  assert(page.complaints.length === 0, page.complaints);
}

// It can be used with keys, on a telephone, by night.
async function itSuitsEverybody(stage) {
  const server = await stage.server();
  stage.play(server, 'one', sine, 40);
  stage.play(server, 'a-machine-with-quite-a-long-name-in-some-namespace', clicks, 40);
  for (const [name, options] of Object.entries({
    'narrow-dark': { viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
    'wide-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  })) {
    const page = await open(stage, server, options);
    await row(page, 'one').waitFor();
    const button = row(page, 'one').getByRole('button', { name: /listen/i });
    for (let i = 0; i < 20; ++i) {
      await page.keyboard.press('Tab');
      if (await button.evaluate((one) => one === document.activeElement)) break;
    }
    await page.keyboard.press('Enter');
    await heard(page, 'one');
    await sleep(1000);
    await screenshot(page, name);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(width <= options.viewport.width, 'it is wider than the screen:', width);
    const unnamed = await page.evaluate(() => [...document.querySelectorAll('button,input,meter')]
      .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.length ||
        one.getAttribute('aria-labelledby'))).map((one) => one.outerHTML));
    assert(unnamed.length === 0, 'no name:', unnamed);
    await page.context().close();
  }
}

// A page of another origin, with noVNC's own package: see novnc.html.
async function noVncEmbedsIt(stage) {
  const types = { '.js': 'text/javascript', '.html': 'text/html' };
  const desk = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://desk').pathname);
    const file = path.startsWith('/novnc/') ?
      join(MODULES, '@novnc/novnc', path.slice('/novnc/'.length)) :
      new URL('novnc.html', import.meta.url);
    try {
      const content = readFileSync(file);
      response.writeHead(200, { 'Content-Type': types[extname(String(file))] ?? 'text/plain' });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => desk.listen(0, '127.0.0.1', done));
  try {
    const origin = `http://127.0.0.1:${desk.address().port}`;
    const server = await stage.server({ flags: [`--web-allow-origin=${origin}`] });
    stage.play(server, 'desk', sine, 30);
    const page = await open(stage, {
      page: `${origin}/?earshot=${encodeURIComponent(server.page)}&stream=${nameOf('desk')}` });
    await page.getByRole('button', { name: /sound/i }).click();
    await until('the player is there', () => page.evaluate(() => window.player));
    await until('it is heard', () => page.evaluate(() => window.player?.stats().level > 0.1));
    await screenshot(page, 'novnc');
  } finally {
    desk.close();
    desk.closeAllConnections();
  }
}

const CASES = [...FOLLOWING,
  whoSpeaksIsShownTheDoor, theSineIsHeardWithoutAGap, itIsHeardSoonAfterItIsDue,
  itComesBackAfterARestart, manyListenAndASlowOneHarmsNobody, withoutATokenThereIsAClearWord,
  itIsHeardOverHttps, itSuitsEverybody, noVncEmbedsIt, ...(LONG ? [aJitteryNetworkTearsNothing] : [])];

let passed = 0;
let failed = 0;
for (const one of CASES) {
  if (!one.name.toLowerCase().includes(ONLY.toLowerCase())) continue;
  const stage = new Stage();
  try {
    await one(stage);
    ++passed;
    console.log('ok  ', one.name);
  } catch (error) {
    ++failed;
    console.log('FAIL', one.name, String(error.message).split('\n').slice(0, 3).join(' | '));
  } finally {
    await stage.end();
  }
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
