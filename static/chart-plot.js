"use strict";
// One vitals chart: a uPlot of its panel's data, with a tooltip for the pointer and a screen-reader text for keys.
window.ChartPlot = (() => {
  const DAY_MS = 86400000;
  const NEAR_MS = DAY_MS / 2; // of the shared cursor: a reading half a day away is not shown with it
  const NEAR_PX = 14; // of a click: the size of a fingertip
  const Paint = window.ChartPaint;
  const Clock = window.ChartClock;
  const Words = window.ChartWords;
  const Names = window.ChartNames;

  function dateFormatter(zone, options) {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options });
    return (ms) => format.format(ms);
  }

  // In a chart by time of day, points are at their local time of day.
  function withTimesOfDay(panel) {
    return panel.clock ? { ...panel, points: { ...panel.points, at: panel.clock.at, taken: panel.points.at } } : panel;
  }

  // uPlot wants one x for all lines; a gap becomes a row without values.
  function columns(panel) {
    const banded = panel.buckets.at.length > 0;
    const at = banded ? panel.buckets.at : panel.points.at;
    const values = banded ? panel.buckets.mid : panel.points.values;
    const x = [];
    const rows = [];
    at.forEach((time, i) => {
      if (panel.breaks.includes(i)) { x.push(at[i - 1] + 1); rows.push(-1); }
      x.push(time);
      rows.push(i);
    });
    const pick = (from) => (line) => from.map((row) => (row < 0 ? null : line[row]));
    const joined = rows.map((row) => (row >= 0 && isOffLine(panel, banded, row) ? -1 : row));
    return { banded, rows, data: [x, ...values.map(pick(joined)), ...panel.smoothed.map(pick(rows))] };
  }

  // A reading to be checked is shown as a point, and no line runs through it.
  function isOffLine(panel, banded, row) {
    return !banded && panel.points.flags[row] & (Paint.CHECK | Paint.LEFT_OUT);
  }

  class Plot {
    // `sharedCursor`: moves the cursors of all other plots of the page.
    constructor(place, panel, shared, sharedCursor) {
      this.place = place;
      this.sharedCursor = sharedCursor;
      this.keyIndex = null;
      this.readout = document.getElementById(`readout-${panel.code}`);
      this.colours = Paint.palette();
      this.setChartData(panel, shared);
      this.takeOver(place);
      this.tip = document.createElement("div");
      this.tip.className = "tip";
      this.tip.hidden = true;
      this.plot = new uPlot(this.options(), this.columns.data, place);
      this.plot.over.append(this.tip);
      this.plot.over.addEventListener("mouseenter", () => { this.hovered = true; });
      this.plot.over.addEventListener("mouseleave", () => { this.hovered = false; this.sharedCursor.hide(); });
      this.plot.over.addEventListener("click", (event) => this.onClick(event));
      place.addEventListener("keydown", (event) => this.onKey(event));
      place.addEventListener("blur", () => { this.keyIndex = null; this.sharedCursor.hide(); });
      this.resizeObserver = new ResizeObserver(() => this.fit());
      this.resizeObserver.observe(place);
    }

    // Instead of the picture that the server has drawn, a chart that the keyboard reaches.
    takeOver(place) {
      place.replaceChildren();
      place.tabIndex = 0;
      place.setAttribute("role", "group");
      const keys = "The left and right arrow keys move through the readings, Enter opens one";
      const label = `${this.panel.label}, chart. ${keys}; the table below holds the same data.`;
      place.setAttribute("aria-label", label);
    }

    setChartData(panel, shared) {
      this.panel = panel = withTimesOfDay(panel);
      this.clock = panel.clock !== null;
      this.shared = shared;
      this.columns = columns(panel);
      const date = { weekday: "short", month: "short", day: "numeric" };
      const day = { ...date, year: "numeric" };
      const time = { ...date, hour: "numeric", minute: "2-digit", timeZoneName: "short" };
      this.when = dateFormatter(shared.zone, this.columns.banded ? day : time);
      const tick = { month: "short", ...(shared.days.at.length > 400 ? { year: "numeric" } : { day: "numeric" }) };
      this.tick = this.clock ? Clock.tick : dateFormatter(shared.zone, tick);
    }

    // False if the chart is of another kind now (band instead of points): the caller then creates a new one.
    update(panel, shared) {
      const same = this.panel.lines.length === panel.lines.length && this.clock === (panel.clock !== null);
      if (!same || !document.contains(this.place)) return false;
      this.setChartData(panel, shared);
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
          {
            stroke: soft, font, size: 30, gap: 12, grid: { show: false }, ticks: { show: false },
            splits: (u) => this.ticks(u), values: (u, at) => at.map(this.tick),
          },
          {
            stroke: soft, font, size: 44, gap: 6, space: 28, ticks: { show: false },
            grid: { stroke: () => this.colours.grid, width: 1 },
          },
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
          setCursor: [(u) => this.onCursorMove(u)],
        },
      };
    }

    // In a chart by time of day no line joins two readings: they are of different days.
    stroke(line) {
      const joined = this.clock ? { paths: () => null } : {};
      return { stroke: () => this.colours.lines[line], dash: this.dash(line), points: { show: false }, ...joined };
    }

    paintBelow(u) {
      Paint.goals(u, this.panel, this.colours);
      if (this.clock) Clock.boxes(u, this.panel, this.colours);
      else Paint.minMax(u, this.panel, this.colours);
    }

    // Above the grid, below the readings.
    paintNames(u) {
      Names.goals(u, this.panel, this.colours);
      if (!this.clock) Names.baseline(u, this.panel, this.colours);
    }

    paintAbove(u) {
      Paint.points(u, this.panel, this.colours);
      if (!this.clock) Paint.gaps(u, this.panel, this.colours);
      this.afterDraw?.(u);
    }

    texts(idx) {
      const row = this.columns.rows[idx];
      if (this.clock) return Words.hours(this.panel, row);
      return this.columns.banded ? Words.band(this.panel, row, this.when) : Words.reading(this.panel, row, this.when);
    }

    // The pointer or a key moved this chart's cursor: the other cursors go to the same time.
    onCursorMove(u) {
      if (this.following) return;
      const row = this.columns.rows[u.cursor.idx ?? -1];
      if (row === undefined || row < 0 || !(this.hovered || this.keyIndex !== null)) {
        this.tip.hidden = true;
        return;
      }
      this.showTip(u.cursor.idx);
      this.sharedCursor.move(this, this.keyIndex === null ? u.posToVal(u.cursor.left, "x") : u.data[0][u.cursor.idx]);
    }

    // Another chart's cursor is at time `at`: this one's follows and shows the nearest reading.
    follow(at) {
      const u = this.plot;
      this.setCursor(at);
      const idx = this.nearest(at);
      const near = Math.max(NEAR_MS, this.panel.bucketDays * DAY_MS / 2);
      if (idx === undefined || Math.abs(u.data[0][idx] - at) > near) this.tip.hidden = true;
      else this.showTip(idx);
    }

    hideCursor() {
      this.setCursor(null);
      this.tip.hidden = true;
    }

    setCursor(at) {
      const u = this.plot;
      this.following = true;
      u.setCursor(at === null ? { left: -10, top: -10 } : { left: u.valToPos(at, "x"), top: u.over.clientHeight / 2 });
      this.following = false;
    }

    readingIndexes() {
      return this.columns.rows.map((row, i) => (row < 0 ? -1 : i)).filter((i) => i >= 0);
    }

    nearest(at) {
      const x = this.plot.data[0];
      const away = (i) => Math.abs(x[i] - at);
      return this.readingIndexes().sort((a, b) => away(a) - away(b))[0];
    }

    showTip(idx) {
      const u = this.plot;
      const [value, when, marks] = this.texts(idx);
      const lines = [["b", value], ["span", when], ["span", marks]].filter(([, text]) => text);
      this.tip.replaceChildren(...lines.map(([name, text]) => {
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

    // A click on a point opens its reading, on a band the readings of its days, elsewhere the nearest reading.
    onClick(event) {
      const box = this.plot.over.getBoundingClientRect();
      const row = this.pointAt(event.clientX - box.left, event.clientY - box.top);
      if (row !== undefined) this.openReading(row);
      else this.open(this.columns.rows[this.plot.cursor.idx ?? -1]);
    }

    pointAt(x, y) {
      const u = this.plot;
      const { at, values } = this.panel.points;
      const far = (i) => {
        const across = u.valToPos(at[i], "x") - x;
        return Math.min(...values.map((line) => Math.hypot(across, u.valToPos(line[i], "y") - y)));
      };
      return at.map((_, i) => [far(i), i]).filter(([away]) => away <= NEAR_PX).sort((a, b) => a[0] - b[0])[0]?.[1];
    }

    open(row) {
      if (row === undefined || row < 0 || this.clock) return;
      if (this.columns.banded) this.openDays(row);
      else this.openReading(row);
    }

    openReading(row) {
      const base = this.place.closest("[data-reading-url]").dataset.readingUrl;
      this.dispatch("reading:open", { url: base.replace(/0\/$/, `${this.panel.points.pk[row]}/`) });
    }

    // The days of a bucket, from the start of the first.
    openDays(row) {
      const { at } = this.shared.days;
      const size = this.panel.bucketDays;
      const inside = at.filter((start) => start <= this.panel.buckets.at[row]).length - 1;
      const first = inside - (inside % size);
      this.dispatch("day:open", { at: at[first], days: Math.min(size, at.length - first) });
    }

    dispatch(name, detail) {
      document.dispatchEvent(new CustomEvent(name, { detail }));
    }

    onKey(event) {
      const all = this.readingIndexes();
      if (event.key === "Enter" && this.keyIndex !== null) this.open(this.columns.rows[all[this.keyIndex]]);
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
      if (!(event.key in steps) || !all.length) return;
      event.preventDefault();
      const from = this.keyIndex === null ? all.length : Math.min(this.keyIndex, all.length - 1);
      this.keyIndex = Math.min(Math.max(from + steps[event.key], 0), all.length - 1);
      const idx = all[this.keyIndex];
      this.setCursor(this.plot.data[0][idx]);
      this.showTip(idx);
      this.sharedCursor.move(this, this.plot.data[0][idx]);
      this.readout.textContent = this.texts(idx).filter(Boolean).join(", ");
    }

    destroy() {
      this.resizeObserver.disconnect();
      this.plot.destroy();
    }
  }

  return Plot;
})();
