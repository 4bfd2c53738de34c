// One curve's values: asked of /api/v1/series, first whole, then only what is new.

import { ask } from "./fetch.js";

const OVERLAP_S = 120; // batches arrive late by some seconds; a backlog comes with the next whole
const AHEAD_S = 60; // a machine's clock may be ahead of the collector's
const WHOLE_EVERY = 12;

export class Feed {
  constructor(who, curve, window) {
    this.who = who;
    this.curve = curve;
    this.window = window;
    this.asked = 0;
    this.series = new Map(); // label → Map of seconds → value
  }

  async refresh(from, to) {
    const whole = this.asked % WHOLE_EVERY === 0;
    const found = await this.ask(whole ? from : Math.max(from, this.resume()), to);
    if (whole) this.series.clear();
    this.asked += 1;
    for (const { tags, points } of found) {
      this.take(this.curve.by ? named(tags, this.curve.by) : this.curve.label, points);
    }
    for (const values of this.series.values()) {
      for (const at of values.keys()) if (at < from) values.delete(at);
    }
  }

  take(label, points) {
    if (!this.series.has(label)) this.series.set(label, new Map());
    const values = this.series.get(label);
    const { offset, scale } = this.curve;
    for (const [at, value] of points) values.set(at / 1e9, offset + scale * value);
  }

  // Only whole windows are asked for again: half of one would give another value than all of it.
  resume() {
    const times = [...this.series.values()].flatMap((values) => [...values.keys()]);
    const newest = times.reduce((one, other) => Math.max(one, other), 0);
    const start = newest - Math.max(OVERLAP_S, 2 * this.window);
    return Math.floor(start / this.window) * this.window;
  }

  async ask(start, stop) {
    const query = new URLSearchParams({
      ...this.who,
      ...this.curve.query,
      start: new Date(start * 1000).toISOString(),
      stop: new Date((stop + AHEAD_S) * 1000).toISOString(),
    });
    const { ok, status, text } = await ask(`/api/v1/series?${query}`);
    if (!ok) throw new Error(`${status}`);
    return JSON.parse(text).series;
  }
}

// Returns what tells a series from the others: the values of the tags in `by` that it has.
function named(tags, by) {
  return by.split(",").map((tag) => tags[tag]).filter(Boolean).join(" ");
}

// Returns the values in order of time, with a null where there was silence for longer than `gap`.
export function broken(values, gap) {
  const times = [];
  const kept = [];
  for (const at of [...values.keys()].sort((a, b) => a - b)) {
    const before = times[times.length - 1];
    if (before !== undefined && at - before > gap) {
      times.push((before + at) / 2);
      kept.push(null);
    }
    times.push(at);
    kept.push(values.get(at));
  }
  return [times, kept];
}

// Returns the stretches of [from, to] in which no series has a value.
export function silences(tables, from, to, gap) {
  const times = tables.flatMap(([at, values]) => at.filter((_at, i) => values[i] != null));
  const found = [];
  let before = from;
  for (const at of [...times.sort((a, b) => a - b), to]) {
    if (at - before > gap) found.push([before, at]);
    before = at;
  }
  return found;
}
