"use strict";
// The names inside a chart: each goal's, and the usual weight's with its line.
window.ChartNames = (() => {
  const Paint = window.ChartPaint;

  // Names stand under readings and lines, and where they meet none if there is such a place: a name never hides a value.
  const [WORDS, LINE] = [1000, 3]; // as bad as so many readings
  const SPOTS = [0, 1, 0.5, 0.25, 0.75];

  // `tops`: the place that says best what is meant comes first, another one for when readings are all over it.
  function nameAt(u, panel, colours, text, tops, gap) {
    Paint.clip(u, (ctx, box, ratio) => {
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      const size = { width: ctx.measureText(text).width + 4 * ratio, height: 14 * ratio };
      const within = (y) => Math.min(Math.max(y, box.top), box.top + box.height - size.height);
      const across = SPOTS.map((spot) => box.left + 4 * ratio + spot * (box.width - size.width - 8 * ratio));
      const [left, top] = freeSpot(u, panel, tops.map(within).flatMap((y) => across.map((x) => [x, y])), size, gap);
      ctx.globalAlpha = 0.75;
      ctx.fillStyle = colours.panel;
      ctx.fillRect(left, top, size.width, size.height);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colours.soft;
      ctx.fillText(text, left + 2 * ratio, top + 11 * ratio);
    });
  }

  function freeSpot(u, panel, spots, { width, height }, gap) {
    const ratio = u.pxRatio || devicePixelRatio;
    const near = 4 * ratio;
    const marks = panel.points.values.flat().map((value, i) => ({
      x: u.valToPos(panel.points.at[i % panel.points.at.length], "x", true), y: u.valToPos(value, "y", true), wide: 0, high: 0,
    }));
    const lines = smoothed(u, panel, near);
    const said = Paint.words(u, panel, gap).map((words) => ({ x: words.x, y: words.y - 4 * ratio, wide: words.width / 2, high: 6 * ratio }));
    const meets = ({ x, y, wide, high }, [left, top]) => (
      x + wide > left - near && x - wide < left + width + near && y + high > top - near && y - high < top + height + near
    );
    const covered = spots.map((spot) => (
      said.filter((one) => meets(one, spot)).length * WORDS + marks.filter((one) => meets(one, spot)).length
      + (lines.some((one) => meets(one, spot)) ? LINE : 0)
    ));
    return spots[covered.indexOf(Math.min(...covered))];
  }

  // The thick lines, step by step. By the clock there are none.
  function smoothed(u, panel, step) {
    const [at, ...series] = u.data;
    const steps = [];
    if (panel.clock) return steps;
    series.slice(panel.lines.length).forEach((line) => {
      for (let i = 1; i < at.length; i++) {
        if (line[i - 1] === null || line[i] === null) continue;
        const [x, y] = [u.valToPos(at[i - 1], "x", true), u.valToPos(line[i - 1], "y", true)];
        const [right, down] = [u.valToPos(at[i], "x", true) - x, u.valToPos(line[i], "y", true) - y];
        const many = Math.ceil(right / step);
        for (let n = 0; n <= many; n++) steps.push({ x: x + right * n / (many || 1), y: y + down * n / (many || 1), wide: 0, high: 0 });
      }
    });
    return steps;
  }

  // Inside the band: under its upper edge, or just over the lower one where it has no upper. If need be, across that edge
  // or further inside.
  function goals(u, panel, colours, gap) {
    const ratio = u.pxRatio || devicePixelRatio;
    panel.lines.filter((line) => line.goal).forEach(({ goal }) => {
      const edge = u.valToPos(goal.high ?? goal.low, "y", true);
      const rows = goal.high === null ? [-16, 2, -32] : [2, -16, 18];
      nameAt(u, panel, colours, `goal ${goal.words}`, rows.map((row) => edge + row * ratio), gap);
    });
  }

  function baseline(u, panel, colours, gap) {
    if (panel.baseline === null) return;
    const ratio = u.pxRatio || devicePixelRatio;
    const y = u.valToPos(panel.baseline, "y", true);
    Paint.clip(u, (ctx, box) => {
      ctx.strokeStyle = colours.soft;
      ctx.lineWidth = ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(box.left, y);
      ctx.lineTo(box.left + box.width, y);
      ctx.stroke();
    });
    nameAt(u, panel, colours, `7-day median ${panel.baseline.toFixed(panel.decimals)}`, [y - 17 * ratio, y + 3 * ratio], gap);
  }

  return { goals, baseline };
})();
