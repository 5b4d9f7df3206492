"use strict";
// Chart by time of day: readings of many days by the patient's local clock, with a box for every three hours.
window.ChartClock = (() => {
  const HOUR_MS = 3600000;
  const Paint = window.ChartPaint;

  function tick(ms) {
    const hour = Math.round(ms / HOUR_MS) % 24;
    if (hour === 0 || hour === 12) return hour ? "noon" : "12 AM";
    return `${hour % 12} ${hour < 12 ? "AM" : "PM"}`;
  }

  function ticks(width) {
    const every = width > 420 ? 3 : 6;
    return Array.from({ length: 24 / every + 1 }, (_, i) => i * every * HOUR_MS);
  }

  // Middle half (25th to 75th percentile) as a box, median as a bar across it, number of readings below.
  function boxes(u, panel, colours) {
    const { at, low, mid, high, n } = panel.buckets;
    const half = panel.clock.hours * HOUR_MS / 2;
    Paint.clip(u, (ctx, box, ratio) => {
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      at.forEach((middle, i) => {
        const left = u.valToPos(middle - half, "x", true) + 3 * ratio;
        const width = u.valToPos(middle + half, "x", true) - 3 * ratio - left;
        panel.lines.forEach((_, line) => {
          const y = (value) => u.valToPos(value[line][i], "y", true);
          const [right, top, bottom] = [left + width, y(high), y(low)];
          const corners = [[left, top], [right, top], [right, bottom], [left, bottom]];
          if (panel.clock.banded[i]) Paint.area(ctx, corners, colours, line, ratio);
          ctx.fillStyle = colours.lines[line];
          ctx.fillRect(left, y(mid) - 1.3 * ratio, width, 2.6 * ratio);
        });
        ctx.fillStyle = colours.soft;
        ctx.textAlign = "center";
        ctx.fillText(`n ${n[i]}`, left + width / 2, box.top + box.height - 4 * ratio);
      });
    });
  }

  return { tick, ticks, boxes, DAY_MS: 24 * HOUR_MS };
})();
