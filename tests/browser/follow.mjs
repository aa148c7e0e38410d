// The player's worklet in virtual time: hours of a network's moods and of clocks
// that drift, in seconds. No browser.
import { readFileSync } from 'node:fs';
import { assert } from './stage.mjs';

const RATE = 48000;
const QUANTUM = 128;
const PACKET_MS = 10;
const DELAY_MS = 45;

let at = 0;  // the wall's clock, in ms

function makeWorklet() {
  let made;
  const port = { postMessage: (report) => { made.last = report; } };
  const source = readFileSync(
    new URL('../../server/web/page/earshot-worklet.js', import.meta.url), 'utf8');
  new Function('AudioWorkletProcessor', 'registerProcessor', 'sampleRate', 'Date', source)(
    class { port = port; },
    (_, Worklet) => {
      made = new Worklet({ processorOptions: { channels: 1, rate: RATE, leapMs: 10 } });
    }, RATE, { now: () => at });
  return made;
}

// Plays for so many seconds. `lateness(n)` says by how many ms packet n comes
// after it is due, `ppm` how much faster the sound card's clock goes. Rendering
// comes in bursts of 10 ms.
function play({ seconds, lateness, ppm = 0 }) {
  const worklet = makeWorklet();
  const output = [[new Float32Array(QUANTUM)]];
  const burstMs = 10 / (1 + ppm / 1e6);
  const delays = [];
  let packets = 0;
  let arrival = 0;
  let owed = 0;
  let most = 0;
  at = 0;
  for (let burst = 1; burst * burstMs < seconds * 1000; ++burst) {
    for (;;) {
      const due = packets * PACKET_MS;
      const next = Math.max(arrival, due + lateness(packets));
      if (next > burst * burstMs) break;
      at = arrival = next;
      const first = packets++ === 0;
      worklet.port.onmessage({ data: {
        planes: [new Float32Array(RATE * PACKET_MS / 1000).fill(0.5)], due,
        holdMs: first ? DELAY_MS : 0 } });
    }
    at = burst * burstMs;
    for (owed += RATE / 100; owed >= QUANTUM; owed -= QUANTUM) {
      worklet.process([], output);
    }
    if (worklet.last?.delayMs && burst % 10 === 0) {
      delays.push(worklet.last.delayMs);
      most = Math.max(most, Math.abs(worklet.pace - 1));
    }
  }
  delays.sort((a, b) => a - b);
  return { gaps: worklet.gaps, p50: delays[delays.length >> 1], last: worklet.last.delayMs, most };
}

function seeded(seed) {
  return () => (seed = seed * 48271 % 2147483647) / 2147483647;
}

const TEN_MINUTES = { seconds: 600 };

async function itFollowsClocksThatDrift() {
  for (const ppm of [-200, 0, 200]) {
    const random = seeded(1);
    const { gaps, p50, most } = play({ ...TEN_MINUTES, ppm, lateness: () => 0.5 + random() });
    assert(gaps === 0 && p50 < 38 && most <= 0.005001, ppm, gaps, p50, most);
  }
}

async function itWaitsAsMuchAsJitterNeeds() {
  for (const [jitter, latest] of [[5, 58], [15, 74]]) {
    const random = seeded(2);
    const lateness = () => 20 + jitter * (2 * random() - 1);
    const { gaps, p50 } = play({ ...TEN_MINUTES, ppm: 100, lateness });
    console.log(`RESULT browser.jitter ms=20+-${jitter} gaps=${gaps} p50_ms=${p50.toFixed(1)}`);
    assert(gaps === 0 && p50 < latest, jitter, gaps, p50);
  }
}

async function aStallIsOneGapAndIsMadeUpFor() {
  const random = seeded(3);
  const lateness = (n) => (n === 1000 ? 300 : 1 + random());
  const { gaps, last } = play({ seconds: 60, lateness });
  assert(gaps === 1 && last < 38, gaps, last);
}

async function whatIsLateAgainAndAgainIsWaitedFor() {
  const random = seeded(4);
  const { gaps } = play({ ...TEN_MINUTES, lateness: (n) => (n % 500 === 250 ? 60 : 1 + random()) });
  assert(gaps === 1, gaps);
}

export const CASES = [itFollowsClocksThatDrift, itWaitsAsMuchAsJitterNeeds,
  aStallIsOneGapAndIsMadeUpFor, whatIsLateAgainAndAgainIsWaitedFor];
