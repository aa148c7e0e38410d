// The way to a stream's sound at an earshot-server: a WebSocket, opened anew
// whenever it ends, and a clear word where it cannot be.
import {readListenResponse} from "./earshot-wire.js";

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;
// The server says what time it is every half second.
const SILENCE_MS = 5000;
const ASK_MS = 5000;

// What to tell people; where they can do nothing, it is tried again.
const WORDS = {
  400: ["BAD_REQUEST", "The server does not understand what this stream is called"],
  401: ["NO_CREDENTIALS", "The server wants a token, or does not accept this one"],
  403: ["NOT_ALLOWED", "You may not listen to this stream"],
  404: ["NO_STREAM", "There is no such stream at the moment"],
  429: ["BUSY", "The server has all the listeners that it may have"],
  503: ["GOING_AWAY", "The server is going away"],
};
const FATAL = [400, 401, 403];

function base64Url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export class Connection {
  // `on.event` gets each event of ListenResponse; `on.lost` {code, reason} when
  // it is tried again later; `on.failed` the same when that would not help.
  constructor({server, stream, token}, on) {
    this.on = on;
    this.token = token;
    const path = stream.split("/").map(encodeURIComponent).join("/");
    this.url = new URL("/v1/listen/" + path, server);
    this.attempts = 0;
    this.open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.socket?.close();
  }

  open() {
    const url = new URL(this.url);
    url.protocol = url.protocol.replace("http", "ws");
    const protocols = ["earshot.v1"];
    if (this.token) {
      protocols.push("earshot.bearer." + base64Url(this.token));
    }
    this.ended = null;
    const socket = this.socket = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({data}) => {
      if (socket === this.socket && !this.closed) {
        this.take(data);
      }
    };
    socket.onclose = ({code, reason}) => this.lose(socket, code, reason);
    this.watch(socket);
  }

  watch(socket) {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.lose(socket, 0, ""), SILENCE_MS);
  }

  take(data) {
    this.watch(this.socket);
    this.attempts = 0;
    this.heard = true;
    let event;
    try {
      event = readListenResponse(data);
    } catch (error) {
      this.socket.close();
      return;
    }
    if (event.streamClosed) {
      this.ended = {code: "STREAM_CLOSED", reason: "The stream has ended"};
    }
    this.on.event(event);
  }

  // An end, or no beginning: browsers do not say why, so the server is asked.
  async lose(socket, code, reason) {
    if (socket !== this.socket || this.closed) {
      return;
    }
    this.socket = null;
    clearTimeout(this.watchdog);
    socket.close();
    let why = this.ended;
    if (!why && this.heard) {
      why = {code: "LOST", reason: "The connection was lost" + (reason ? ": " + reason : "")};
    }
    this.heard = false;
    if (!why) {
      const answer = await this.ask();
      if (this.closed) {
        return;
      }
      if (answer.fatal) {
        this.closed = true;
        this.on.failed(answer);
        return;
      }
      why = answer;
    }
    const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.attempts++);
    this.timer = setTimeout(() => this.open(), most * (0.5 + Math.random() / 2));
    this.on.lost(why);
  }

  async ask() {
    const headers = this.token ? {Authorization: "Bearer " + this.token} : {};
    try {
      const answer = await fetch(this.url, {headers, cache: "no-store",
                                            signal: AbortSignal.timeout(ASK_MS)});
      const [code, word] = WORDS[answer.status] ?? ["LOST", "The connection was lost"];
      const {message = ""} = await answer.json().catch(() => ({}));
      const told = FATAL.includes(answer.status) && message ? word + ": " + message : word;
      return {code, reason: told, fatal: FATAL.includes(answer.status)};
    } catch {
      return {code: "UNREACHABLE", reason: "The server cannot be reached"};
    }
  }
}
