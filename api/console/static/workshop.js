// Draws the chart of a script from the list of its steps, which is there without it.
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const [HEIGHT, MARGIN] = [40, 8];
  const WIDTHS = [150, 126, 104]; // of a step: the widest with which the chart has room
  const [WIDE, NARROW] = [12.5, 6.6]; // of a letter, Chinese and other, on average

  function make(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function shortened(text, room) {
    let left = room;
    const end = [...text].findIndex((letter) => {
      left -= letter > "\u2e80" ? WIDE : NARROW;
      return left < 0;
    });
    return end < 0 ? text : `${[...text].slice(0, Math.max(1, end - 1)).join("").trimEnd()}…`;
  }

  function graphOf(items, width) {
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ rankdir: "TB", nodesep: width / 9, ranksep: 34, marginx: MARGIN, marginy: MARGIN });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const item of items) graph.setNode(item.dataset.name, { width, height: HEIGHT, item });
    for (const item of items) {
      for (const way of item.querySelectorAll("li[data-to]")) {
        const label = way.dataset.always ? "" : way.querySelector(".flow__way").textContent.trim();
        graph.setEdge(item.dataset.name, way.dataset.to, { always: way.dataset.always, label });
      }
    }
    dagre.layout(graph);
    return graph;
  }

  function drawn(graph, chosen) {
    const { width, height } = graph.graph();
    const step = graph.node(graph.nodes()[0]).width;
    const picture = make("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
    const definitions = make("defs", {});
    const tip = make("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
    tip.append(make("path", { class: "tip", d: "M0 0l8 4-8 4z" }));
    definitions.append(tip);
    picture.append(definitions);
    for (const edge of graph.edges()) {
      const { points, always, label } = graph.edge(edge);
      const path = points.map(({ x, y }, nth) => `${nth ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
      picture.append(make("path", { class: `edge${always ? " edge--always" : ""}`, d: path, "marker-end": "url(#tip)" }));
      const middle = points[Math.floor(points.length / 2)];
      if (label) picture.append(make("text", { class: "key", x: middle.x, y: middle.y }, shortened(label, 96)));
    }
    for (const name of graph.nodes()) {
      const { x, y, item } = graph.node(name);
      const findings = Number(item.dataset.findings);
      const kinds = [`node--${item.dataset.kind}`, findings ? "node--lint" : "", name === chosen ? "node--here" : ""];
      const place = { x: x - step / 2, y: y - HEIGHT / 2, width: step, height: HEIGHT, rx: 5 };
      picture.append(make("rect", { class: `node ${kinds.join(" ")}`, ...place }));
      picture.append(make("text", { x, y: y - 3 }, shortened(name, step - 4)));
      const words = item.querySelector(".flow__words").textContent.trim();
      picture.append(make("text", { class: "cap", x, y: y + 13 }, shortened(words, step - 8)));
      if (findings) {
        picture.append(make("circle", { class: "warn", cx: x + step / 2, cy: y - HEIGHT / 2, r: 9 }));
        picture.append(make("text", { class: "warn-n", x: x + step / 2, y: y - HEIGHT / 2 + 4 }, findings));
      }
    }
    return picture;
  }

  const chart = document.getElementById("chart");
  const list = document.getElementById("steps");
  if (!chart || !list) return;
  const items = [...list.children];
  const chosen = list.querySelector("[aria-current]")?.closest("li[data-name]")?.dataset.name;
  const room = chart.clientWidth;
  const graphs = WIDTHS.map((width) => graphOf(items, width));
  const picture = drawn(graphs.find((each) => each.graph().width <= room) ?? graphs.at(-1), chosen);
  picture.setAttribute("aria-label", chart.dataset.label);
  chart.append(picture);
  list.closest("details").open = false;
})();
