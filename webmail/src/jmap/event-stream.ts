/** An event source that carries the Authorization field, which the browser's own cannot: `text/event-stream` read from a fetch. */
import { credentialsMode, ownFields } from "./credentials.ts";

/** A single event; states of an account are a few hundred bytes. */
const maxEventChars = 1024 * 1024;

type Told = {
  readonly open: () => void;
  readonly event: (name: string, data: string) => void;
  /** The connection is over, or never was; nothing is told after it. */
  readonly closed: () => void;
  /** There are none at this server, and it is not to be asked again (204, HTML §9.2.3). Nothing is told after it. */
  readonly never: () => void;
};

/** Events of a stream (HTML §9.2.6), however it is cut: takes the next piece, answers the events that are whole. */
export function eventReader(): (text: string) => { readonly name: string; readonly data: string }[] {
  let rest = "";
  let name = "";
  let data: string[] = [];
  return (text) => {
    const events: { name: string; data: string }[] = [];
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > maxEventChars) throw new Error("An event is too long.");
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) events.push({ name: name || "message", data: data.join("\n") });
        name = "";
        data = [];
        continue;
      }
      const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
    }
    return events;
  };
}

/**
 * @param quietMs a connection that says nothing for so long is over
 * @returns how to end it
 */
export function openEvents(url: string, quietMs: number, told: Told): () => void {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => ended.abort("quiet"), quietMs);
  };
  const read = async () => {
    alive();
    const response = await fetch(url, {
      headers: { ...ownFields(), accept: "text/event-stream" },
      credentials: credentialsMode(),
      cache: "no-store",
      signal: ended.signal,
    });
    if (response.status === 204) {
      ended.abort("left");
      return told.never();
    }
    if (!response.ok || response.body === null) return;
    told.open();
    const next = eventReader();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      alive();
      for (const { name, data } of next(value ?? "")) told.event(name, data);
    }
  };
  void read()
    // Nobody there, or the connection broke: said below.
    .catch(() => {})
    .finally(() => {
      clearTimeout(timer);
      if (ended.signal.reason !== "left") told.closed();
      // What came and was not read is let go.
      ended.abort("left");
    });
  return () => ended.abort("left");
}
