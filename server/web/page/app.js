// The page of live streams: what they do, how loud they are, and one of them to
// be heard.
import {EarshotPlayer} from "./earshot-player.js";

const POLL_MS = 250;
const POLL_MANY_MS = 1000;
const MANY = 50;
const RETRY_MS = 2000;
const QUIETEST_DB = -60;
const TOKEN = "earshot-token";
const STAGES = [["clientMs", "client"], ["networkMs", "network"], ["queuedMs", "queued"],
                ["sinkMs", "sink"]];

// What the player waits for by itself, where that is not plain.
const RETRIED = ["LOST", "UNREACHABLE", "GOING_AWAY", "BUSY", "NO_STREAM", "STREAM_CLOSED"];

const $ = (id) => document.getElementById(id);
const cards = new Map();  // name -> its <li>
let player = null;
let timer = 0;
// For those who look into it with the browser's tools: by the stream's name.
const players = globalThis.earshotPlayers = new Map();

function token() {
  return sessionStorage.getItem(TOKEN) ?? "";
}

// Touches only what changes.
function show(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
  element.hidden = text === "";
}

function ms(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function word(state) {
  return (state ?? "").replace("STREAM_STATE_", "").toLowerCase() || "unknown";
}

function latency({latency: chain = {}, latencyMs = 0}) {
  const stages = STAGES.filter(([key]) => chain[key] > 0)
    .map(([key, name]) => `${name} ${ms(chain[key])}`);
  const total = chain.totalMs ?? latencyMs;
  return total > 0 ? `Latency ${ms(total)}` + (stages.length ? `: ${stages.join(" + ")}` : "") : "";
}

function about(stream) {
  const {format: {rateHz, channels} = {}, listeners = 0, underruns = 0, volume = {}} = stream;
  const facts = [];
  if (rateHz) {
    const layout = {1: "mono", 2: "stereo"}[channels] ?? `${channels} channels`;
    const codec = stream.codec === "CODEC_PCM_S16LE" ? "PCM" : "Opus";
    facts.push(`${codec}, ${rateHz / 1000} kHz ${layout}`);
  }
  facts.push(listeners === 1 ? "1 listener" : `${listeners} listeners`);
  if (underruns > 0) {
    facts.push(underruns == 1 ? "1 underrun" : `${underruns} underruns`);
  }
  if (volume.mute) {
    facts.push("muted");
  } else if (volume.gainDb) {
    facts.push(`volume ${volume.gainDb.toFixed(0)} dB`);
  }
  return facts.join(" · ");
}

// With places where a narrow screen may break it.
function breakable(name) {
  return name.split(/(?<=\/)/).flatMap((part) => [part, document.createElement("wbr")]);
}

function makeCard(name) {
  const card = $("stream").content.firstElementChild.cloneNode(true);
  card.querySelector("h2").append(...breakable(name));
  card.querySelector("meter").setAttribute("aria-label", `Level of ${name}`);
  card.querySelector("button").onclick = () => toggle(name);
  cards.set(name, card);
  return card;
}

function fill(card, stream) {
  const {name, state, stateReason = "", peakDbfs = 0} = stream;
  const meter = card.querySelector("meter");
  const peak = state === "STREAM_STATE_PLAYING" ? peakDbfs : -100;
  meter.value = Math.max(0, peak - QUIETEST_DB);
  meter.title = meter.textContent = peak > QUIETEST_DB ? `${peak.toFixed(0)} dB` : "silence";
  show(card.querySelector(".state"), word(state) + (stateReason ? `: ${stateReason}` : ""));
  show(card.querySelector(".latency"), latency(stream));
  show(card.querySelector(".about"), about(stream));
  fillButton(card, name);
}

function fillButton(card, name) {
  const heard = player?.stream === name && player.state !== "error";
  const button = card.querySelector("button");
  card.classList.toggle("heard", heard);
  show(button, heard ? "Stop" : "Listen");
  button.setAttribute("aria-pressed", String(heard));
  button.setAttribute("aria-label", `${heard ? "Stop" : "Listen to"} ${name}`);
}

function showStreams(streams) {
  const open = streams.filter(({state}) => state !== "STREAM_STATE_CLOSED");
  open.sort((a, b) => a.name.localeCompare(b.name, undefined, {numeric: true}));
  const names = new Set(open.map(({name}) => name));
  for (const [name, card] of cards) {
    if (!names.has(name)) {
      card.remove();
      cards.delete(name);
    }
  }
  open.forEach((stream, i) => {
    const card = cards.get(stream.name) ?? makeCard(stream.name);
    fill(card, stream);
    if ($("streams").children[i] !== card) {
      $("streams").insertBefore(card, $("streams").children[i] ?? null);
    }
  });
  show($("count"), open.length === 1 ? "1 stream" : `${open.length} streams`);
  $("none").hidden = open.length > 0;
}

async function poll() {
  clearTimeout(timer);
  if (document.hidden) {
    return;
  }
  let wait = RETRY_MS;
  try {
    const headers = token() ? {Authorization: `Bearer ${token()}`} : {};
    const answer = await fetch("v1/streams", {headers, cache: "no-store"});
    const body = await answer.json().catch(() => ({}));
    const wantsToken = answer.status === 401;
    if (answer.ok) {
      showStreams(body.streams ?? []);
      $("streams").className = "";
      wait = cards.size > MANY ? POLL_MANY_MS : POLL_MS;
    } else {
      showStreams([]);
      show($("count"), "");
      $("none").hidden = true;
    }
    $("sign-in").hidden = !wantsToken;
    show($("trouble"), answer.ok || (wantsToken && !token()) ? ""
      : body.message ? `The server says: ${body.message}` : `The server says: ${answer.status}`);
    if (wantsToken) {
      $("token").focus();
      return;  // until there is another one
    }
  } catch {
    $("streams").className = "stale";
    for (const card of cards.values()) {
      card.querySelector("meter").value = 0;
    }
    show($("trouble"), "The server cannot be reached. Trying again.");
  }
  clearTimeout(timer);
  timer = setTimeout(poll, wait);
}

function toggle(name) {
  const was = player?.state !== "error" ? player?.stream : undefined;
  hear(was === name ? null : name);
}

function hear(name) {
  player?.stop();
  player = null;
  players.clear();
  if (name) {
    player = new EarshotPlayer({stream: name, token: token()});
    players.set(name, player);
    player.addEventListener("state", showHeard);
    player.addEventListener("stats", showStats);
    applyVolume();
    player.start();
  }
  showHeard();
}

function showHeard() {
  $("controls").hidden = !player;
  for (const [name, card] of cards) {
    fillButton(card, name);
  }
  if (!player) {
    return;
  }
  show($("heard"), player.stream);
  show($("heard-state"), (player.reason || player.state) +
    (RETRIED.includes(player.code) ? ". Trying again." : ""));
  $("heard-state").className = player.state;
  $("heard-state").dataset.code = player.code;
  showStats();
}

function showStats() {
  const {latencyMs, bufferMs, gaps, rate, reconnects} = player?.stats() ?? {};
  show($("stats"), latencyMs == null || player.state !== "playing" ? "" : [
    `${ms(latencyMs)} behind the server`, `buffer ${ms(bufferMs)}`,
    gaps === 1 ? "1 gap" : `${gaps} gaps`, `rate ${((rate - 1) * 100).toFixed(2)} %`,
    ...(reconnects ? [`reconnected ${reconnects}×`] : [])].join(" · "));
}

function applyVolume() {
  if (player) {
    player.volume = ($("volume").value / 100) ** 2;  // as loudness is felt
    player.muted = $("mute").checked;
  }
}

$("stop").onclick = () => {
  const card = cards.get(player.stream);
  hear(null);
  card?.querySelector("button").focus();
};
$("volume").oninput = $("mute").onchange = applyVolume;
$("sign-in").onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, $("token").value.trim());
  $("token").value = "";
  poll();
};
document.addEventListener("visibilitychange", poll);
poll();
