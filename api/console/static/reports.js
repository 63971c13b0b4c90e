// Draws every canvas that carries its figures; colours are the page's own, by their meaning.
"use strict";

(() => {
  const still = { duration: 0 };
  const tones = {
    bar: "--bar", soft: "--bar-soft", broken: "--overdue-fill", line: "--ink",
    talking: "--talking-fill", wrap: "--wrapup-fill", rest: "--ink-3", abandoned: "--abandoned-fill",
    score1: "--overdue-fill", score2: "--risk-fill", score3: "--bar-soft", score4: "--bar", score5: "--talking-fill",
  };
  const probe = document.createElement("span");

  // light-dark() is resolved by the browser only where a colour is used.
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };

  const dataset = (series, stacked) => ({
    label: series.label,
    data: series.values,
    type: series.line ? "line" : "bar",
    backgroundColor: colour(tones[series.tone] ?? "--bar"),
    borderColor: colour(tones[series.tone] ?? "--bar"),
    borderWidth: series.line ? 2 : 0,
    pointRadius: series.line ? 3 : 0,
    order: series.line ? 0 : 1,
    spanGaps: false,
    maxBarThickness: 40,
    stack: stacked && !series.line ? "all" : undefined,
  });

  const draw = (canvas) => {
    const given = JSON.parse(canvas.dataset.chart);
    const text = colour("--ink-2");
    const line = colour("--line");
    const amounts = given.lying ? "x" : "y";
    const withShare = !given.perCent && given.series.some((each) => each.line);
    const scale = (extra) => ({
      ticks: { color: text, precision: 0 }, grid: { color: line }, stacked: given.stacked, ...extra,
    });
    const scales = { x: scale({}), y: scale({}) };
    scales[amounts].beginAtZero = true;
    if (given.perCent) scales[amounts].ticks.callback = (value) => `${value}%`;
    scales[given.lying ? "y" : "x"].grid = { display: false };
    scales[given.lying ? "y" : "x"].ticks = { color: text, autoSkip: !given.lying, maxRotation: 40 };
    if (withShare) {
      scales.share = {
        position: "right", min: 0, max: 100, grid: { display: false },
        ticks: { color: text, callback: (value) => `${value}%` },
      };
    }
    const datasets = given.series.map((each) => {
      const made = dataset(each, given.stacked);
      if (each.line && withShare) made.yAxisID = "share";
      return made;
    });
    if (given.lying) canvas.parentElement.style.height = `${5 + 2 * given.labels.length}rem`;
    return new Chart(canvas, {
      type: "bar",
      data: { labels: given.labels, datasets },
      options: {
        indexAxis: given.lying ? "y" : "x",
        animation: still,
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false, axis: given.lying ? "y" : "x" },
        scales,
        plugins: {
          legend: { display: datasets.length > 1, position: "bottom", labels: { color: text, boxWidth: 12 } },
          tooltip: {
            callbacks: {
              label: (item) => {
                const share = item.dataset.yAxisID === "share" || given.perCent;
                return `${item.dataset.label}: ${item.formattedValue}${share ? "%" : ""}`;
              },
            },
          },
        },
      },
    });
  };

  const start = () => {
    if (typeof Chart === "undefined") return; // the table below says the same
    document.body.append(probe);
    probe.hidden = true;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    let charts = [];
    const all = () => {
      charts.forEach((each) => each.destroy());
      charts = [...document.querySelectorAll("canvas[data-chart]")].map(draw);
    };
    all();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  };

  document.addEventListener("DOMContentLoaded", start);
})();
