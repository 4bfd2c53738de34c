// Draws the curves of an agent's page with uPlot, which stands in this folder with its licence.

import { amount, tick } from "./format.js";
import { Feed, broken, silences } from "./series.js";

// Curves are told apart by dash as well as by colour.
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4]];
const COLOURS = 6;
const HEIGHT = 190;

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Curves {
  constructor(section) {
    this.section = section;
    this.charts = new Map();
    this.due = 0;
    this.resized = new ResizeObserver(() => this.each((chart) => chart.fit()));
    this.resized.observe(section);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.repaint = () => this.each((chart) => chart.rebuild());
    this.scheme.addEventListener("change", this.repaint);
  }

  each(act) {
    for (const chart of this.charts.values()) act(chart);
  }

  async refresh(now) {
    const fresh = this.match();
    if (now < this.due && !fresh) return;
    const { seconds, refresh } = this.section.dataset;
    this.due = now + 1000 * (Number(refresh) - 1);
    const to = now / 1000;
    await Promise.all([...this.charts.values()].map((chart) => chart.refresh(to - seconds, to)));
  }

  // The page may have gained or lost a chart since the last time; tells whether it gained one.
  match() {
    const figures = new Set(this.section.querySelectorAll("[data-chart]"));
    for (const [figure, chart] of this.charts) {
      if (figures.has(figure) && chart.text === figure.dataset.chart) continue;
      chart.close();
      this.charts.delete(figure);
    }
    const fresh = [...figures].filter((figure) => !this.charts.has(figure));
    for (const figure of fresh) this.charts.set(figure, new Chart(figure, this.section.dataset));
    return fresh.length > 0;
  }

  close() {
    this.resized.disconnect();
    this.scheme.removeEventListener("change", this.repaint);
    this.each((chart) => chart.close());
  }
}

class Chart {
  constructor(figure, page) {
    this.text = figure.dataset.chart;
    this.spec = JSON.parse(this.text);
    this.page = page;
    this.gap = this.spec.gap;
    this.window = Number(page.window);
    this.box = figure.querySelector(".plot");
    this.legend = figure.querySelector(".legend");
    const { region, school, agent } = page;
    const who = { region, school, agent };
    this.feeds = this.spec.curves.map((curve) => new Feed(who, curve, this.window));
    this.tables = [];
    this.names = [];
    this.note = null;
    this.plot = null;
  }

  async refresh(from, to) {
    [this.from, this.to] = [from, to];
    try {
      await Promise.all(this.feeds.map((feed) => feed.refresh(from, to)));
    } catch {
      this.say(this.page.broken);
      return;
    }
    this.draw();
  }

  draw() {
    const series = this.feeds.flatMap((feed) => [...feed.series]);
    const shown = series.filter(([, values]) => values.size);
    const names = shown.map(([name]) => name);
    this.tables = shown.map(([, values]) => broken(values, this.gap));
    this.say(names.length ? "" : this.page.empty);
    if (!this.plot || names.join("\n") !== this.names.join("\n")) {
      this.names = names;
      this.rebuild();
    } else {
      this.plot.setData(this.data(), false);
      this.plot.setScale("x", { min: this.from, max: this.to });
      this.write();
    }
  }

  data() {
    return this.tables.length ? uPlot.join(this.tables) : [[]];
  }

  rebuild() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
    this.legend.replaceChildren(...this.names.map(entry));
    if (!this.names.length) return;
    this.plot = new uPlot(this.options(), this.data(), this.box);
    this.write();
  }

  options() {
    const { zone } = document.body.dataset;
    return {
      width: this.box.clientWidth || 320,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      legend: { show: false },
      padding: [10, 12, 0, 0],
      cursor: {
        sync: { key: "agent" },
        y: false,
        points: { size: 7 },
        drag: { x: false, y: false },
      },
      scales: {
        x: { min: this.from, max: this.to, range: () => [this.from, this.to] },
        y: { range: (_plot, _min, max) => this.height(max) },
      },
      series: [{}, ...this.names.map((_name, i) => this.style(i))],
      axes: this.axes(zone),
      hooks: {
        drawClear: [(plot) => this.shade(plot)],
        setCursor: [() => this.write()],
      },
    };
  }

  height(max) {
    const { top, fixed } = this.spec;
    return [0, fixed ? top : Math.max(top, (max || 0) * 1.1)];
  }

  style(i) {
    const colour = css(`--curve-${i % COLOURS}`);
    const pair = this.spec.curves.length > 1;
    const filled = this.names.length === 1 || (pair && i === 0);
    return {
      stroke: colour,
      width: 2,
      dash: DASHES[(pair ? i : Math.floor(i / COLOURS)) % DASHES.length],
      fill: filled ? `${colour}20` : undefined,
      points: { show: false },
      spanGaps: false,
    };
  }

  axes(timeZone) {
    const common = {
      stroke: css("--soft"),
      font: `12px ${getComputedStyle(document.body).fontFamily}`,
      grid: { stroke: css("--grid"), width: 1 },
      ticks: { show: false },
    };
    const hours = { timeZone, hour: "2-digit", minute: "2-digit" };
    const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB", hours);
    const number = (value) => tick(value, this.spec.unit);
    return [
      {
        ...common,
        values: (_plot, times) => times.map(clock),
        space: 44,
        size: 28,
        grid: { show: false },
      },
      { ...common, values: (_plot, values) => values.map(number), size: 66, space: 42 },
    ];
  }

  // No data is never drawn as if all were well.
  shade(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = css("--gap");
    for (const [from, to] of silences(this.tables, this.from, this.to, this.gap)) {
      const start = from === this.from ? from : from + this.window;
      const [left, right] = [start, to].map((at) => plot.valToPos(at, "x", true));
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.restore();
  }

  // The legend shows the value under the cursor, else the newest.
  write() {
    if (!this.plot) return;
    const { idx } = this.plot.cursor;
    this.names.forEach((_name, i) => {
      const values = this.plot.data[i + 1];
      const value = idx == null ? newest(values) : near(values, idx);
      this.legend.children[i].lastChild.textContent = amount(value, this.spec.unit);
    });
  }

  fit() {
    const width = this.box.clientWidth;
    if (this.plot && width && width !== this.plot.width) {
      this.plot.setSize({ width, height: HEIGHT });
    }
  }

  say(words) {
    if (words && !this.note) {
      this.note = this.box.appendChild(document.createElement("p"));
      this.note.className = "chart-note";
    }
    if (!this.note) return;
    this.note.textContent = words;
    this.note.hidden = !words;
  }

  close() {
    if (this.plot) this.plot.destroy();
    if (this.note) this.note.remove();
    this.legend.replaceChildren();
  }
}

function newest(values) {
  return values.reduce((found, value) => (value == null ? found : value), null);
}

// Series measured at other moments have holes where they are joined; look a little to both sides.
function near(values, at) {
  for (const step of [0, -1, 1, -2, 2]) if (values[at + step] != null) return values[at + step];
  return null;
}

function entry(name, i) {
  const item = document.createElement("li");
  const swatch = document.createElement("i");
  swatch.className = `swatch c${i % COLOURS}`;
  const label = document.createElement("span");
  label.textContent = name;
  item.append(swatch, label, document.createElement("b"));
  return item;
}
