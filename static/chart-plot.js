"use strict";
// One vitals chart: a uPlot on its panel's data, with a tooltip for the pointer and a spoken read-out for the keys.
window.ChartPlot = (() => {
  const DAY_MS = 86400000;
  const NEAR_MS = DAY_MS / 2; // of a shared cursor: what was measured half a day away belongs to another moment
  const NEAR_PX = 14; // of a click: what a finger hits
  const Paint = window.ChartPaint;
  const Clock = window.ChartClock;
  const Words = window.ChartWords;
  const Names = window.ChartNames;

  function dated(zone, options) {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options });
    return (ms) => format.format(ms);
  }

  // By the clock, points stand where the clock on the wall stood.
  function laidOver(panel) {
    return panel.clock ? { ...panel, points: { ...panel.points, at: panel.clock.at, taken: panel.points.at } } : panel;
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
    // `board`: all plots of the page, which share one cursor.
    constructor(place, panel, shared, board) {
      this.place = place;
      this.board = board;
      this.walked = null;
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
      this.plot.over.addEventListener("mouseleave", () => { this.hovered = false; this.board.leave(); });
      this.plot.over.addEventListener("click", (event) => this.click(event));
      place.addEventListener("keydown", (event) => this.walk(event));
      place.addEventListener("blur", () => { this.walked = null; this.board.leave(); });
      this.watcher = new ResizeObserver(() => this.fit());
      this.watcher.observe(place);
    }

    take(panel, shared) {
      this.panel = panel = laidOver(panel);
      this.clock = panel.clock !== null;
      this.shared = shared;
      this.gap = this.clock ? Infinity : Math.max(shared.gap, panel.bucketDays * 1.5 * DAY_MS);
      this.columns = columns(panel, this.gap);
      const time = { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" };
      const day = { weekday: "short", month: "short", day: "numeric", year: "numeric" };
      this.when = dated(shared.zone, this.columns.banded ? day : time);
      this.tick = this.clock ? Clock.tick : dated(shared.zone, shared.days.at.length > 400 ? { month: "short", year: "numeric" } : { month: "short", day: "numeric" });
    }

    // Same kind of chart: new data in place. Another kind (a band now): the caller builds anew.
    update(panel, shared) {
      const same = this.panel.lines.length === panel.lines.length && this.clock === (panel.clock !== null);
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
      this.plot.series.forEach((series, i) => { if (i) series.dash = this.dash((i - 1) % this.panel.lines.length); });
      this.plot.redraw(false, true);
    }

    dash(line) {
      return Paint.dash(line).map((length) => length * devicePixelRatio);
    }

    ticks(u) {
      if (this.clock) return Clock.ticks(u.bbox.width / devicePixelRatio);
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
        },
        scales: {
          x: { time: false, range: () => (this.clock ? [0, Clock.DAY_MS] : [this.shared.start, this.shared.end]) },
          y: { range: () => this.panel.limits },
        },
        axes: [
          { stroke: soft, font, grid: { show: false }, ticks: { show: false }, size: 30, gap: 12, splits: (u) => this.ticks(u), values: (u, at) => at.map(this.tick) },
          { stroke: soft, font, size: 44, gap: 6, space: 28, grid: { stroke: () => this.colours.grid, width: 1 }, ticks: { show: false } },
        ],
        series: [
          {},
          ...lines.map((n) => ({ ...this.stroke(n), width: 1, alpha: 0.45 })),
          ...lines.map((n) => ({ ...this.stroke(n), width: 2.4 })),
        ],
        hooks: {
          drawClear: [(u) => this.paintBelow(u)],
          drawAxes: [(u) => this.paintNames(u)],
          draw: [(u) => this.paintAbove(u)],
          setCursor: [(u) => this.moved(u)],
        },
      };
    }

    // By the clock no line joins one reading to another: they are of different days.
    stroke(line) {
      const joined = this.clock ? { paths: () => null } : {};
      return { stroke: () => this.colours.lines[line], dash: this.dash(line), points: { show: false }, ...joined };
    }

    paintBelow(u) {
      Paint.goals(u, this.panel, this.colours);
      if (this.clock) Clock.boxes(u, this.panel, this.colours);
      else Paint.minMax(u, this.panel, this.colours, this.gap);
    }

    // Over the grid, under the readings.
    paintNames(u) {
      Names.goals(u, this.panel, this.colours, this.gap);
      if (!this.clock) Names.baseline(u, this.panel, this.colours, this.gap);
    }

    paintAbove(u) {
      Paint.points(u, this.panel, this.colours);
      if (!this.clock) Paint.gaps(u, this.panel, this.colours, this.gap);
      this.drawn?.(u);
    }

    words(idx) {
      const row = this.columns.rows[idx];
      if (this.clock) return Words.hours(this.panel, row);
      return this.columns.banded ? Words.band(this.panel, row, this.when) : Words.reading(this.panel, row, this.when);
    }

    // The pointer or a key moved this chart's cursor: the others go to the same moment.
    moved(u) {
      if (this.following) return;
      const row = this.columns.rows[u.cursor.idx ?? -1];
      if (row === undefined || row < 0 || !(this.hovered || this.walked !== null)) {
        this.tip.hidden = true;
        return;
      }
      this.say(u.cursor.idx);
      this.board.share(this, this.walked === null ? u.posToVal(u.cursor.left, "x") : u.data[0][u.cursor.idx]);
    }

    // Another chart's cursor stands at `at`: so does this one's, with what was measured about then.
    follow(at) {
      const u = this.plot;
      this.cursor(at);
      const idx = this.nearest(at);
      const near = Math.max(NEAR_MS, this.panel.bucketDays * DAY_MS / 2);
      if (idx === undefined || Math.abs(u.data[0][idx] - at) > near) this.tip.hidden = true;
      else this.say(idx);
    }

    leave() {
      this.cursor(null);
      this.tip.hidden = true;
    }

    cursor(at) {
      const u = this.plot;
      this.following = true;
      u.setCursor(at === null ? { left: -10, top: -10 } : { left: u.valToPos(at, "x"), top: u.over.clientHeight / 2 });
      this.following = false;
    }

    real() {
      return this.columns.rows.map((row, i) => (row < 0 ? -1 : i)).filter((i) => i >= 0);
    }

    nearest(at) {
      const x = this.plot.data[0];
      return this.real().reduce((best, i) => (best === undefined || Math.abs(x[i] - at) < Math.abs(x[best] - at) ? i : best), undefined);
    }

    say(idx) {
      const u = this.plot;
      const [value, when, marks] = this.words(idx);
      this.tip.replaceChildren(...[["b", value], ["span", when], ["span", marks]].filter(([, text]) => text).map(([name, text]) => {
        const line = document.createElement(name);
        line.textContent = text;
        return line;
      }));
      this.tip.hidden = false;
      const x = u.valToPos(u.data[0][idx], "x");
      const room = u.over.clientWidth - this.tip.offsetWidth;
      this.tip.style.left = `${Math.min(Math.max(x + 12, 0), Math.max(room, 0))}px`;
      if (x + 12 > room) this.tip.style.left = `${Math.max(x - 12 - this.tip.offsetWidth, 0)}px`;
    }

    // A point that is hit opens its reading, a band the readings of its day; beside both, the nearest reading.
    click(event) {
      const box = this.plot.over.getBoundingClientRect();
      const hit = this.hit(event.clientX - box.left, event.clientY - box.top);
      if (hit !== undefined) this.openReading(hit);
      else this.open(this.columns.rows[this.plot.cursor.idx ?? -1]);
    }

    hit(x, y) {
      const u = this.plot;
      const { at, values } = this.panel.points;
      const far = (i) => Math.min(...values.map((line) => Math.hypot(u.valToPos(at[i], "x") - x, u.valToPos(line[i], "y") - y)));
      return at.map((_, i) => [far(i), i]).filter(([away]) => away <= NEAR_PX).sort((a, b) => a[0] - b[0])[0]?.[1];
    }

    open(row) {
      if (row === undefined || row < 0 || this.clock) return;
      if (this.columns.banded) this.openDays(row);
      else this.openReading(row);
    }

    openReading(row) {
      const base = this.place.closest("[data-reading-url]").dataset.readingUrl;
      this.ask("reading:open", { url: base.replace(/0\/$/, `${this.panel.points.pk[row]}/`) });
    }

    // The days that a bucket stands for, from the first one's beginning.
    openDays(row) {
      const { at } = this.shared.days;
      const size = this.panel.bucketDays;
      const inside = at.filter((start) => start <= this.panel.buckets.at[row]).length - 1;
      const first = inside - (inside % size);
      this.ask("day:open", { at: at[first], days: Math.min(size, at.length - first) });
    }

    ask(what, detail) {
      document.dispatchEvent(new CustomEvent(what, { detail }));
    }

    walk(event) {
      const all = this.real();
      if (event.key === "Enter" && this.walked !== null) this.open(this.columns.rows[all[this.walked]]);
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
      if (!(event.key in steps) || !all.length) return;
      event.preventDefault();
      const from = this.walked === null ? all.length : Math.min(this.walked, all.length - 1);
      this.walked = Math.min(Math.max(from + steps[event.key], 0), all.length - 1);
      const idx = all[this.walked];
      this.cursor(this.plot.data[0][idx]);
      this.say(idx);
      this.board.share(this, this.plot.data[0][idx]);
      this.readout.textContent = this.words(idx).filter(Boolean).join(", ");
    }

    destroy() {
      this.watcher.disconnect();
      this.plot.destroy();
    }
  }

  return Plot;
})();
