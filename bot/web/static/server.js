// The web API as the pages call it: questions, threads, documents, and a stream that survives dropped connections.

import { randomId, recall, remember } from "./dom.js";

const SILENCE_MS = 45_000; // the server sends a comment every 15 seconds
const LONGEST_PAUSE_MS = 8_000;

export class Problem extends Error {
  constructor(code, status = 0, retryAfter = 0) {
    super(code);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Server {
  constructor(address, token) {
    this.address = (address || "").replace(/\/+$/, "");
    this.token = token || "";
  }

  headers(more = {}) {
    const headers = { ...more };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    if (this.foreign || this.token) headers["X-Nightshift-Visitor"] = visitor();
    return headers;
  }

  get foreign() {
    return this.address !== "" && new URL(this.address, location.href).origin !== location.origin;
  }

  async call(path, options = {}) {
    let response;
    try {
      response = await fetch(this.address + path, {
        ...options,
        headers: this.headers(options.headers),
        credentials: this.foreign ? "omit" : "same-origin",
      });
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      throw new Problem("network");
    }
    if (response.ok) return response;
    const body = await response.json().catch(() => ({}));
    throw new Problem(body.code ?? "other", response.status, Number(response.headers.get("Retry-After")) || 0);
  }

  async get(path) {
    return (await this.call(path)).json();
  }

  async post(path, value) {
    const headers = { "Content-Type": "application/json" };
    const response = await this.call(path, { method: "POST", headers, body: JSON.stringify(value) });
    return response.status === 204 ? null : response.json();
  }

  // The event id makes repeating harmless.
  ask(message, signal) {
    return this.persist(() => this.post("/api/messages", message), signal);
  }

  // Sends a picture ahead of its message. It is kept under what it holds, so repeating is harmless here too.
  keepPicture(file, signal) {
    const options = { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file, signal };
    return this.persist(async () => (await this.call("/api/images", options)).json(), signal);
  }

  async picture(id, questionId) {
    const folder = questionId ? `/api/questions/${encodeURIComponent(questionId)}/images` : "/api/images";
    return (await this.call(`${folder}/${encodeURIComponent(id)}`)).blob();
  }

  // A file of an answer: the rows of a table, the picture of a chart.
  async file(digest, questionId) {
    return (await this.call(`/api/questions/${encodeURIComponent(questionId)}/files/${encodeURIComponent(digest)}`)).blob();
  }

  // Sends until it is answered or refused for good.
  async persist(send, signal, attempts = 4) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await send();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (!problem.passing || attempt === attempts) throw problem;
        await pause(Math.max(problem.retryAfter * 1000, 500 * 2 ** attempt), signal);
      }
    }
  }

  thread(id) {
    return this.get(`/api/threads/${encodeURIComponent(id)}`);
  }

  document(id) {
    return this.get(`/api/documents/${id.split("/").map(encodeURIComponent).join("/")}`);
  }

  judge(questionId, vote, reason) {
    return this.post(`/api/questions/${encodeURIComponent(questionId)}/feedback`, { vote, reason });
  }

  // Calls heard(kind, data) once for every frame up to the card, however often the connection drops on the way.
  async follow(questionId, heard, lost, signal) {
    const path = `/api/questions/${encodeURIComponent(questionId)}/stream`;
    let last = 0;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const before = last;
      try {
        for await (const event of this.events(path, last, signal)) {
          if (event.id <= last) continue;
          last = event.id;
          heard(event.kind, event.data);
          if (event.kind === "card") return;
        }
      } catch (problem) {
        if (signal.aborted) return;
        if (problem instanceof Problem && !problem.passing) throw problem;
      }
      if (last > before) failures = 0;
      lost();
      await pause(Math.min(LONGEST_PAUSE_MS, 400 * 2 ** failures), signal);
    }
  }

  async *events(path, last, signal) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop);
    let silence = setTimeout(stop, SILENCE_MS);
    try {
      const headers = last > 0 ? { "Last-Event-ID": String(last) } : {};
      const response = await this.call(path, { headers, signal: attempt.signal });
      for await (const block of blocks(response.body, () => {
        clearTimeout(silence);
        silence = setTimeout(stop, SILENCE_MS);
      })) {
        const event = parsed(block);
        if (event) yield event;
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
      stop();
    }
  }
}

// A browser's own id on a site that embeds the widget, where cookies of ours do not reach.
function visitor() {
  const known = recall("nightshift.visitor");
  if (known) return known;
  const fresh = randomId();
  remember("nightshift.visitor", fresh);
  return fresh;
}

async function* blocks(body, alive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    yield* parts;
  }
}

function parsed(block) {
  const fields = { id: "", event: "", data: [] };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") fields.data.push(value);
    else fields[name] = value;
  }
  if (!fields.event) return null;
  return { id: Number(fields.id), kind: fields.event, data: JSON.parse(fields.data.join("\n")) };
}

// Ends early when the network comes back or the page is looked at again.
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    signal?.addEventListener("abort", wake);
  });
}
