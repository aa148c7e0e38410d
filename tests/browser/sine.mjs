// What is left of a sine: its frequency, its level, and where it is torn.

// The slope of the phase, block by block: `samples` of one steady sine.
export function measureSine(samples, rate, expectedHz) {
  const block = rate / 10;
  let energy = 0;
  let previous;
  let turns = 0;
  let blocks = 0;
  for (let start = 0; start + block <= samples.length; start += block, ++blocks) {
    let real = 0;
    let imaginary = 0;
    for (let i = 0; i < block; ++i) {
      const angle = 2 * Math.PI * expectedHz * (start + i) / rate;
      real += samples[start + i] * Math.cos(angle);
      imaginary -= samples[start + i] * Math.sin(angle);
      energy += samples[start + i] ** 2;
    }
    const phase = Math.atan2(imaginary, real) / (2 * Math.PI);
    if (previous !== undefined) turns += phase - previous - Math.round(phase - previous);
    previous = phase;
  }
  return {
    hz: expectedHz + turns / ((blocks - 1) * block / rate),
    dbfs: 10 * Math.log10(2 * energy / (blocks * block)),
  };
}

// Frames where the sine does not go on as its last two samples foretell: x[n] =
// 2 cos(w) x[n-1] - x[n-2]. A gap or a jump is one; a rate that is adapted by
// half a percent, and Opus's noise, are none. Those close to each other count once.
export function tears(samples, rate, hz, amplitude) {
  const factor = 2 * Math.cos(2 * Math.PI * hz / rate);
  const found = [];
  for (let i = 2; i < samples.length; ++i) {
    const error = Math.abs(samples[i] - factor * samples[i - 1] + samples[i - 2]);
    if (error > amplitude / 10 && !(i - found[found.length - 1] < rate / 10)) found.push(i);
  }
  return found;
}
