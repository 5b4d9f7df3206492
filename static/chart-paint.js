"use strict";
// Canvas drawing of a vitals chart: goal bands, min-max bands, points with their markers, texts in gaps.
window.ChartPaint = (() => {
  const ESTIMATED = 1;
  const CHECK = 2;
  const IRREGULAR = 4;
  const LEFT_OUT = 8;
  const LATE = 16;
  const CLOCK_AHEAD = 32;
  const CLOCK_RESET = 64;
  // Where the half turn of each meal's marker begins: the lower half, the left one, the right one.
  const HALF_DISCS = { 1: 0, 2: Math.PI / 2, 3: -Math.PI / 2 };
  const POINT_OVERHANG_PX = 8; // the newest reading of a year is on the chart's edge and must not be cut in half
  const FADE_SHARE = 0.14; // of the value axis: how far the band of a one-sided goal fades out
  const BLACK = {
    ink: "#000", soft: "#333", grid: "#ccc", panel: "#fff", bad: "#000", lines: ["#000", "#555", "#333"],
  };
  let printing = false;

  function palette() {
    if (printing) return BLACK;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const named = Object.fromEntries(["ink", "soft", "grid", "panel", "bad"].map((name) => [name, colour(name)]));
    return { ...named, lines: ["series-1", "series-2", "series-3"].map(colour) };
  }

  // `overhang`: how far a mark may reach over the ends of the time axis, in CSS pixels.
  function clip(u, paint, overhang = 0) {
    const { left, top, width, height } = u.bbox;
    const over = overhang * (u.pxRatio || devicePixelRatio);
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(left - over, top, width + 2 * over, height);
    u.ctx.clip();
    u.ctx.setLineDash([]);
    u.ctx.textAlign = "start";
    u.ctx.textBaseline = "alphabetic";
    paint(u.ctx, u.bbox, u.pxRatio || devicePixelRatio);
    u.ctx.restore();
  }

  // On paper lines differ by dashes and areas by their hatching, because shades of grey are lost in photocopies.
  function dash(line) {
    return printing && line ? [6, 4] : [];
  }

  function hatched(ctx, colour, line, ratio) {
    const size = 6 * ratio;
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour;
    pen.lineWidth = 0.6 * ratio;
    pen.beginPath();
    [-size, 0, size].forEach((shift) => {
      pen.moveTo(shift, line ? 0 : size);
      pen.lineTo(shift + size, line ? size : 0);
    });
    pen.stroke();
    return ctx.createPattern(tile, "repeat");
  }

  function tracePath(ctx, corners, { closed = false } = {}) {
    ctx.beginPath();
    corners.forEach(([x, y]) => ctx.lineTo(x, y));
    if (closed) ctx.closePath();
  }

  function strokePath(ctx, colour, corners, options) {
    tracePath(ctx, corners, options);
    ctx.strokeStyle = colour;
    ctx.stroke();
  }

  function strokeAcross(ctx, colour, box, y) {
    strokePath(ctx, colour, [[box.left, y], [box.left + box.width, y]]);
  }

  // A filled area that belongs to a line: in its colour; on paper hatched, with an edge.
  function area(ctx, corners, colours, line, ratio) {
    tracePath(ctx, corners, { closed: true });
    ctx.globalAlpha = printing ? 1 : 0.2;
    ctx.fillStyle = printing ? hatched(ctx, colours.soft, line, ratio) : colours.lines[line];
    ctx.fill();
    ctx.globalAlpha = 1;
    if (!printing) return;
    ctx.lineWidth = 0.7 * ratio;
    ctx.strokeStyle = colours.lines[line];
    ctx.setLineDash(dash(line).map((length) => length * ratio / 2));
    ctx.stroke();
    ctx.setLineDash([]);
  }

  // A goal on paper: its edges as fine lines and the lightest of hatching between them.
  function goalOnPaper(ctx, box, ratio, colours, line, goal, { top, bottom }) {
    ctx.globalAlpha = 0.35;
    ctx.fillStyle = hatched(ctx, colours.soft, line, ratio);
    ctx.fillRect(box.left, top, box.width, bottom - top);
    ctx.globalAlpha = 1;
    ctx.lineWidth = 0.8 * ratio;
    ctx.setLineDash([2 * ratio, 2 * ratio]);
    if (goal.high !== null) strokeAcross(ctx, colours.soft, box, top);
    if (goal.low !== null) strokeAcross(ctx, colours.soft, box, bottom);
    ctx.setLineDash([]);
  }

  function goalFill(ctx, u, colour, goal, limits) {
    const y = (value) => u.valToPos(value, "y", true);
    const reach = (limits[1] - limits[0]) * FADE_SHARE;
    const low = goal.low ?? goal.high - reach;
    const high = goal.high ?? Math.min(goal.low + reach, limits[1]);
    const gradient = ctx.createLinearGradient(0, y(high), 0, y(low));
    gradient.addColorStop(0, goal.high === null ? "transparent" : colour);
    gradient.addColorStop(1, goal.low === null ? "transparent" : colour);
    return { top: y(high), bottom: y(low), fill: goal.low !== null && goal.high !== null ? colour : gradient };
  }

  function goals(u, panel, colours) {
    clip(u, (ctx, box, ratio) => {
      panel.lines.forEach((line, number) => {
        if (!line.goal) return;
        const { top, bottom, fill } = goalFill(ctx, u, colours.lines[number], line.goal, panel.limits);
        if (printing) {
          goalOnPaper(ctx, box, ratio, colours, number, line.goal, { top, bottom });
          return;
        }
        ctx.globalAlpha = 0.13;
        ctx.fillStyle = fill;
        ctx.fillRect(box.left, top, box.width, bottom - top);
        ctx.globalAlpha = 1;
      });
    });
  }

  // Lowest to highest of each bucket, one filled run between two gaps; a bucket alone between them is a stroke.
  function minMax(u, panel, colours) {
    const { at, low, high } = panel.buckets;
    if (!at.length) return;
    const corner = (i, edge) => [u.valToPos(at[i], "x", true), u.valToPos(edge[i], "y", true)];
    clip(u, (ctx, box, ratio) => {
      ctx.lineCap = "round";
      panel.lines.forEach((_, line) => {
        runs(at.length, panel.breaks).forEach((run) => {
          const upper = run.map((i) => corner(i, high[line]));
          const lower = run.map((i) => corner(i, low[line]));
          area(ctx, [...upper, ...lower.reverse()], colours, line, ratio);
          ctx.lineWidth = 2.4 * ratio;
          if (run.length === 1) strokePath(ctx, colours.lines[line], [...upper, ...lower]);
        });
      });
    });
  }

  // Indexes below `count`, none over a break.
  function runs(count, breaks) {
    const found = [];
    for (let i = 0; i < count; i++) {
      if (!i || breaks.includes(i)) found.push([]);
      found[found.length - 1].push(i);
    }
    return found;
  }

  // A half disc for a meal, else a disc; a square on the second line, so that prints differ. Triangles mean above and
  // below the goal, nowhere anything else.
  function shape(ctx, meal, line, x, y, size) {
    ctx.beginPath();
    if (meal in HALF_DISCS) {
      ctx.arc(x, y, size * 1.5, HALF_DISCS[meal], HALF_DISCS[meal] + Math.PI);
      ctx.closePath();
    } else if (line) ctx.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
    else ctx.arc(x, y, size, 0, 2 * Math.PI);
  }

  function mark(ctx, x, y, size, flags, colours) {
    const [left, right, top, bottom] = [x - 2 * size, x + 2 * size, y - 2 * size, y + 2 * size];
    const far = 2.6 * size;
    if (flags & CHECK) {
      strokePath(ctx, colours.ink, [[left, top], [right, bottom]]);
      strokePath(ctx, colours.ink, [[right, top], [left, bottom]]);
    }
    if (flags & LEFT_OUT) strokePath(ctx, colours.soft, [[left, bottom], [right, top]]);
    if (flags & IRREGULAR) {
      strokePath(ctx, colours.bad, [[x, y - far], [x + far, y], [x, y + far], [x - far, y]], { closed: true });
    }
    if (flags & (CLOCK_AHEAD | CLOCK_RESET)) {
      strokePath(ctx, colours.ink, [[left, top], [right, top], [right, bottom], [left, bottom]], { closed: true });
    }
    if (flags & LATE) {
      ctx.beginPath();
      ctx.arc(x, y, 2.1 * size, 0, 2 * Math.PI);
      ctx.strokeStyle = colours.ink;
      ctx.stroke();
    }
  }

  // Filled; hollow where the vendor estimated the time.
  function points(u, panel, colours) {
    const { at, values, flags, shapes } = panel.points;
    clip(u, (ctx, box, ratio) => {
      const size = (at.length > 200 ? 1.7 : 2.9) * ratio;
      ctx.globalAlpha = panel.buckets.at.length ? 0.75 : 1;
      ctx.lineWidth = 1.4 * ratio;
      values.forEach((line, number) => {
        line.forEach((value, i) => {
          const x = u.valToPos(at[i], "x", true);
          const y = Math.min(Math.max(u.valToPos(value, "y", true), box.top + size), box.top + box.height - size);
          shape(ctx, shapes[i], number, x, y, size);
          ctx.fillStyle = flags[i] & (ESTIMATED | LEFT_OUT) ? colours.panel : colours.lines[number];
          ctx.strokeStyle = flags[i] & LEFT_OUT ? colours.soft : colours.lines[number];
          ctx.fill();
          ctx.stroke();
          mark(ctx, x, y, size, flags[i], colours);
        });
      });
    }, POINT_OVERHANG_PX);
  }

  // Texts for the gaps that are wide enough: centre, base line and width of each.
  function gapTexts(u, panel) {
    const at = panel.buckets.at.length ? panel.buckets.at : panel.points.at;
    const found = [];
    clip(u, (ctx, box, ratio) => {
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      const ends = [...at, Math.min(Date.now(), u.scales.x.max)];
      panel.breaks.forEach((i) => {
        const left = u.valToPos(ends[i - 1], "x", true);
        const right = u.valToPos(ends[i], "x", true);
        const days = Math.floor((ends[i] - ends[i - 1]) / 86400000);
        const text = `no readings, ${days} ${days === 1 ? "day" : "days"}`;
        const { width } = ctx.measureText(text);
        if (width + 12 * ratio > right - left) return;
        found.push({ text, width, x: (left + right) / 2, y: box.top + box.height / 2 });
      });
    });
    return found;
  }

  function gaps(u, panel, colours) {
    const texts = gapTexts(u, panel);
    clip(u, (ctx, _, ratio) => {
      ctx.fillStyle = colours.soft;
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      ctx.textAlign = "center";
      texts.forEach(({ text, x, y }) => ctx.fillText(text, x, y));
    });
  }

  // One box per local day, under the first chart: filled where something was measured.
  function strip(canvas, u, data, colours) {
    const ratio = devicePixelRatio;
    const height = 12;
    canvas.width = u.width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${u.width}px`;
    canvas.style.height = `${height}px`;
    const ctx = canvas.getContext("2d");
    const starts = [...data.days.at, data.end];
    const pad = data.days.at.length > 120 ? 0 : 1 * ratio;
    ctx.lineWidth = ratio;
    data.days.counts.forEach((count, i) => {
      const left = u.valToPos(starts[i], "x", true) + pad;
      const width = Math.max(u.valToPos(starts[i + 1], "x", true) - left - pad, 1);
      ctx.fillStyle = colours.lines[0];
      ctx.strokeStyle = colours.soft;
      if (count) ctx.fillRect(left, 1 * ratio, width, (height - 2) * ratio);
      else if (pad) ctx.strokeRect(left, 1.5 * ratio, width, (height - 3) * ratio);
    });
  }

  function setPrinting(value) {
    printing = value;
    document.dispatchEvent(new CustomEvent("theme:changed"));
  }

  addEventListener("beforeprint", () => setPrinting(true));
  addEventListener("afterprint", () => setPrinting(false));

  return {
    ESTIMATED, CHECK, IRREGULAR, LEFT_OUT, LATE, CLOCK_AHEAD, CLOCK_RESET,
    palette, clip, dash, area, strokePath, goals, minMax, points, gapTexts, gaps, strip,
  };
})();
