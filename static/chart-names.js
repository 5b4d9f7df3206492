"use strict";
// Labels inside a chart: each goal's, and the usual weight with its line.
window.ChartNames = (() => {
  const Paint = window.ChartPaint;

  // Labels are drawn below readings and lines, where they overlap none if possible: a label never hides a value.
  const GAP_TEXT_COST = 1000; // overlapping it is as bad as overlapping so many readings
  const LINE_COST = 3;
  const SHARES_OF_WIDTH = [0, 1, 0.5, 0.25, 0.75];

  // `tops`: heights to try, the best first.
  function drawLabel(u, panel, colours, text, tops, shares = SHARES_OF_WIDTH) {
    Paint.clip(u, (ctx, box, ratio) => {
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      const size = { width: ctx.measureText(text).width + 4 * ratio, height: 14 * ratio };
      const within = (y) => Math.min(Math.max(y, box.top), box.top + box.height - size.height);
      const room = box.width - size.width - 8 * ratio;
      const across = shares.map((share) => box.left + 4 * ratio + share * room);
      const spots = tops.map(within).flatMap((y) => across.map((x) => [x, y]));
      const [left, top] = leastCovered(u, panel, spots, size);
      ctx.globalAlpha = 0.75;
      ctx.fillStyle = colours.panel;
      ctx.fillRect(left, top, size.width, size.height);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colours.soft;
      ctx.fillText(text, left + 2 * ratio, top + 11 * ratio);
    });
  }

  function leastCovered(u, panel, spots, { width, height }) {
    const ratio = u.pxRatio || devicePixelRatio;
    const near = 4 * ratio;
    const marks = panel.points.values.flat().map((value, i) => ({
      x: u.valToPos(panel.points.at[i % panel.points.at.length], "x", true),
      y: u.valToPos(value, "y", true),
      wide: 0,
      high: 0,
    }));
    const lines = smoothedLinePlaces(u, panel, near);
    const gapTexts = Paint.gapTexts(u, panel).map(({ x, y, width: textWidth }) => (
      { x, y: y - 4 * ratio, wide: textWidth / 2, high: 6 * ratio }
    ));
    const overlaps = ({ x, y, wide, high }, [left, top]) => (
      x + wide > left - near && x - wide < left + width + near
      && y + high > top - near && y - high < top + height + near
    );
    const covered = spots.map((spot) => (
      gapTexts.filter((text) => overlaps(text, spot)).length * GAP_TEXT_COST
      + marks.filter((mark) => overlaps(mark, spot)).length
      + (lines.some((place) => overlaps(place, spot)) ? LINE_COST : 0)
    ));
    return spots[covered.indexOf(Math.min(...covered))];
  }

  // Places along the smoothed lines. A chart by time of day has none.
  function smoothedLinePlaces(u, panel, step) {
    const [at, ...series] = u.data;
    const steps = [];
    if (panel.clock) return steps;
    series.slice(panel.lines.length).forEach((line) => {
      for (let i = 1; i < at.length; i++) {
        if (line[i - 1] === null || line[i] === null) continue;
        const [x, y] = [u.valToPos(at[i - 1], "x", true), u.valToPos(line[i - 1], "y", true)];
        const [right, down] = [u.valToPos(at[i], "x", true) - x, u.valToPos(line[i], "y", true) - y];
        const many = Math.ceil(right / step);
        for (let n = 0; n <= many; n++) {
          const share = n / (many || 1);
          steps.push({ x: x + right * share, y: y + down * share, wide: 0, high: 0 });
        }
      }
    });
    return steps;
  }

  // Inside the band: below its upper edge, or just above the lower one where it has no upper. If all is covered there,
  // across that edge or further inside.
  function goals(u, panel, colours) {
    const ratio = u.pxRatio || devicePixelRatio;
    panel.lines.filter((line) => line.goal).forEach(({ goal }) => {
      const edge = u.valToPos(goal.high ?? goal.low, "y", true);
      const rows = goal.high === null ? [-16, 2, -32] : [2, -16, 18];
      drawLabel(u, panel, colours, `${panel.goalName} ${goal.words}`, rows.map((row) => edge + row * ratio));
    });
  }

  // A line over those of the last days that have a weight, and its value near to it.
  function baseline(u, panel, colours) {
    if (panel.baseline === null) return;
    const ratio = u.pxRatio || devicePixelRatio;
    const y = u.valToPos(panel.baseline, "y", true);
    Paint.clip(u, (ctx) => {
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      panel.baselineSpans.forEach((span) => {
        Paint.strokePath(ctx, colours.soft, span.map((at) => [u.valToPos(at, "x", true), y]));
      });
    });
    const text = `usual weight ${panel.baseline.toFixed(panel.decimals)}`;
    const rows = [-17, 3, -34, 20];
    drawLabel(u, panel, colours, text, rows.map((row) => y + row * ratio), [1, 0.75, 0.5, 0.25, 0]);
  }

  return { goals, baseline };
})();
