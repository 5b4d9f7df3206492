"use strict";
// Tooltip and screen-reader texts of a chart: value, time and flags of a reading, of a band, or of hours of the day.
window.ChartWords = (() => {
  const Paint = window.ChartPaint;

  // Numbers are rounded by the server; one that a shorter text would contradict its goal with has more decimals.
  function fixed(panel, value) {
    const given = `${value}`.split(".")[1]?.length ?? 0;
    return value.toFixed(Math.max(panel.decimals, given));
  }

  function joinedValues(panel, lines, row) {
    return `${lines.map((line) => fixed(panel, line[row])).join("/")} ${panel.unit}`;
  }

  // 79 to 84 of each line; 79 where both ends are that.
  function ranges(panel, row) {
    const { low, high } = panel.buckets;
    return low.map((line, k) => [...new Set([line, high[k]].map((ends) => fixed(panel, ends[row])))].join(" to "));
  }

  function countText(n) {
    return `${n} ${n === 1 ? "reading" : "readings"}`;
  }

  function reading(panel, row, when) {
    const { at, values, flags, checks, shapes, pulse } = panel.points;
    const marks = [
      flags[row] & Paint.ESTIMATED && "time estimated by the vendor",
      flags[row] & Paint.LATE && "came over 24 h late",
      flags[row] & Paint.CLOCK_AHEAD && "the device's clock is ahead",
      flags[row] & Paint.CLOCK_RESET && "the device's clock was reset: the day is not known",
      flags[row] & Paint.CHECK && checks[row],
      flags[row] & Paint.LEFT_OUT && "excluded or control solution, not counted",
      flags[row] & Paint.IRREGULAR && "irregular heartbeat",
    ].filter(Boolean);
    const pulseText = pulse[row] === null ? "" : ` · pulse ${pulse[row]}`;
    const value = [joinedValues(panel, values, row), panel.meals[shapes[row]]].filter(Boolean).join(" ");
    return [`${value}${pulseText}`, when(at[row]), marks.join(", ")];
  }

  function band(panel, row, when) {
    const { at, mid, n } = panel.buckets;
    const about = `${ranges(panel, row).join(", ")}; ${countText(n[row])}`;
    return [`median ${joinedValues(panel, mid, row)}`, when(at[row]), about];
  }

  function hours(panel, row) {
    const { mid, n } = panel.buckets;
    const half = `middle half ${ranges(panel, row).join(" over ")}`;
    const rangeText = panel.clock.banded[row] ? half : "too few for a middle half";
    return [`median ${joinedValues(panel, mid, row)}`, panel.clock.labels[row], `${rangeText}; ${countText(n[row])}`];
  }

  return { reading, band, hours };
})();
