"use strict";
// One vitals chart: a uPlot on its panel's data, with a tooltip for the pointer and a spoken read-out for the keys.
window.ChartPlot = (() => {
  const DAY_MS = 86400000;
  const Paint = window.ChartPaint;

  function dated(zone, options) {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options });
    return (ms) => format.format(ms);
  }

  // uPlot wants one x for all lines; a gap becomes a row without values.
  function columns(panel, gap) {
    const banded = panel.buckets.at.length > 0;
    const at = banded ? panel.buckets.at : panel.points.at;
    const values = banded ? panel.buckets.mid : panel.points.values;
    const x = [];
    const rows = [];
    at.forEach((moment, i) => {
      if (i && moment - at[i - 1] > gap) { x.push(at[i - 1] + 1); rows.push(-1); }
      x.push(moment);
      rows.push(i);
    });
    const pick = (line) => rows.map((row) => (row < 0 ? null : line[row]));
    const raw = values.map((line, number) => rows.map((row) => (row < 0 || checked(panel, banded, row) ? null : line[row])));
    return { banded, rows, data: [x, ...raw, ...panel.calm.map(pick)] };
  }

  // A reading to be checked is shown as a point, and no line runs through it.
  function checked(panel, banded, row) {
    return !banded && panel.points.flags[row] & (Paint.CHECK | Paint.LEFT_OUT);
  }

  class Plot {
    constructor(place, panel, shared) {
      this.place = place;
      this.readout = document.getElementById(`readout-${panel.code}`);
      this.colours = Paint.palette();
      this.take(panel, shared);
      place.replaceChildren();
      this.tip = document.createElement("div");
      this.tip.className = "tip";
      this.tip.hidden = true;
      this.plot = new uPlot(this.options(), this.columns.data, place);
      this.plot.over.append(this.tip);
      this.plot.over.addEventListener("mouseenter", () => { this.hovered = true; });
      this.plot.over.addEventListener("mouseleave", () => { this.hovered = false; this.tip.hidden = true; });
      this.plot.over.addEventListener("click", () => this.open());
      place.addEventListener("keydown", (event) => this.walk(event));
      place.addEventListener("blur", () => { this.walked = null; this.tip.hidden = true; });
      this.watcher = new ResizeObserver(() => this.fit());
      this.watcher.observe(place);
    }

    take(panel, shared) {
      this.panel = panel;
      this.shared = shared;
      this.gap = Math.max(shared.gap, panel.bucketDays * 1.5 * DAY_MS);
      this.columns = columns(panel, this.gap);
      const time = { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" };
      const day = { weekday: "short", month: "short", day: "numeric", year: "numeric" };
      this.when = dated(shared.zone, this.columns.banded ? day : time);
      this.tick = dated(shared.zone, shared.days.at.length > 400 ? { month: "short", year: "numeric" } : { month: "short", day: "numeric" });
    }

    // Same kind of chart: new data in place. Another kind (a band now): the caller builds anew.
    update(panel, shared) {
      const same = this.panel.lines.length === panel.lines.length;
      if (!same || !document.contains(this.place)) return false;
      this.take(panel, shared);
      this.plot.setData(this.columns.data, true);
      return true;
    }

    size() {
      return { width: Math.max(this.place.clientWidth, 200), height: Math.max(this.place.clientHeight, 120) };
    }

    fit() {
      const { width, height } = this.size();
      if (width !== this.plot.width || height !== this.plot.height) this.plot.setSize({ width, height });
    }

    repaint() {
      this.colours = Paint.palette();
      this.plot.redraw(false, true);
    }

    ticks(u) {
      const days = this.shared.days.at;
      const wanted = Math.max(2, Math.floor(u.bbox.width / devicePixelRatio / 110));
      const every = Math.max(1, Math.ceil(days.length / wanted));
      return days.filter((_, i) => i % every === 0);
    }

    options() {
      const font = "11px system-ui, sans-serif";
      const soft = () => this.colours.soft;
      const lines = this.panel.lines.map((_, n) => n);
      return {
        ...this.size(),
        legend: { show: false },
        cursor: {
          y: false, points: { show: false }, drag: { x: false, y: false, setScale: false },
          dataIdx: (u, series, closest) => (this.columns.rows[closest] < 0 ? closest - 1 : closest),
          sync: { key: "vitals", setSeries: false },
        },
        scales: {
          x: { time: false, range: () => [this.shared.start, this.shared.end] },
          y: { range: () => this.panel.limits },
        },
        axes: [
          { stroke: soft, font, grid: { show: false }, ticks: { show: false }, size: 30, gap: 12, splits: (u) => this.ticks(u), values: (u, at) => at.map(this.tick) },
          { stroke: soft, font, size: 44, gap: 6, space: 28, grid: { stroke: () => this.colours.grid, width: 1 }, ticks: { show: false } },
        ],
        series: [
          {},
          ...lines.map((n) => ({ stroke: () => this.colours.lines[n], width: 1, alpha: 0.45, points: { show: false } })),
          ...lines.map((n) => ({ stroke: () => this.colours.lines[n], width: 2.4, points: { show: false } })),
        ],
        hooks: {
          drawClear: [(u) => { Paint.goals(u, this.panel, this.colours); Paint.minMax(u, this.panel, this.colours, this.gap); Paint.baseline(u, this.panel, this.colours); }],
          draw: [(u) => { Paint.points(u, this.panel, this.colours); Paint.goalNames(u, this.panel, this.colours); Paint.gaps(u, this.panel, this.colours, this.gap); this.drawn?.(u); }],
          setCursor: [(u) => this.point(u)],
        },
      };
    }

    words(row) {
      const { panel } = this;
      const fixed = (value) => value.toFixed(panel.decimals);
      if (this.columns.banded) {
        const { mid, low, high, n } = panel.buckets;
        const middle = mid.map((line) => fixed(line[row])).join("/");
        const range = low.map((line, k) => `${fixed(line[row])} to ${fixed(high[k][row])}`).join(", ");
        return [`median ${middle} ${panel.unit}`, this.when(panel.buckets.at[row]), `${range}; ${n[row]} ${n[row] === 1 ? "reading" : "readings"}`];
      }
      const { at, values, flags, shapes, pulse } = panel.points;
      const value = values.map((line) => fixed(line[row])).join("/");
      const marks = [
        shapes[row] === 1 && "fasting or before a meal",
        shapes[row] === 2 && "after a meal",
        flags[row] & Paint.ESTIMATED && "time estimated by the vendor",
        flags[row] & Paint.CHECK && "check this reading",
        flags[row] & Paint.LEFT_OUT && "excluded or control solution, not counted",
        flags[row] & Paint.IRREGULAR && "irregular heartbeat",
      ].filter(Boolean);
      const beside = pulse[row] === null ? "" : ` · pulse ${pulse[row]}`;
      return [`${value} ${panel.unit}${beside}`, this.when(at[row]), marks.join(", ")];
    }

    point(u) {
      const row = this.columns.rows[u.cursor.idx ?? -1];
      if (row === undefined || row < 0 || !(this.hovered || this.walked !== null && this.walked !== undefined)) {
        this.tip.hidden = true;
        return;
      }
      const [value, when, marks] = this.words(row);
      this.tip.replaceChildren(...[["b", value], ["span", when], ["span", marks]].filter(([, text]) => text).map(([name, text]) => {
        const line = document.createElement(name);
        line.textContent = text;
        return line;
      }));
      this.tip.hidden = false;
      const x = u.valToPos(u.data[0][u.cursor.idx], "x");
      const room = u.over.clientWidth - this.tip.offsetWidth;
      this.tip.style.left = `${Math.min(Math.max(x + 12, 0), Math.max(room, 0))}px`;
      if (x + 12 > room) this.tip.style.left = `${Math.max(x - 12 - this.tip.offsetWidth, 0)}px`;
    }

    // The reading under the cursor, on a page of its own. A band stands for many readings: the table lists them.
    open() {
      const row = this.columns.rows[this.plot.cursor.idx ?? -1];
      const base = this.place.closest("[data-reading-url]")?.dataset.readingUrl;
      if (!base || this.columns.banded || row === undefined || row < 0) return;
      location.assign(base.replace(/0\/$/, `${this.panel.points.pk[row]}/`));
    }

    walk(event) {
      if (event.key === "Enter" && this.walked !== null && this.walked !== undefined) this.open();
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
      if (!(event.key in steps)) return;
      event.preventDefault();
      const real = this.columns.rows.map((row, i) => (row < 0 ? -1 : i)).filter((i) => i >= 0);
      if (!real.length) return;
      const from = this.walked === null || this.walked === undefined ? real.length : this.walked;
      this.walked = Math.min(Math.max(from + steps[event.key], 0), real.length - 1);
      const idx = real[this.walked];
      const u = this.plot;
      u.setCursor({ left: u.valToPos(u.data[0][idx], "x"), top: u.over.clientHeight / 2 });
      this.readout.textContent = this.words(this.columns.rows[idx]).filter(Boolean).join(", ");
    }

    destroy() {
      this.watcher.disconnect();
      this.plot.destroy();
    }
  }

  return Plot;
})();
