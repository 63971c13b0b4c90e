// Recordings: a wave that is drawn, clicked and walked by keys, over the browser's own player.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const STEP_S = 5;
  const MIDDLE = 20;
  const LOUDEST = 18;

  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  };

  const bar = (svg, side, at, width, height) => {
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("class", side);
    rect.setAttribute("x", `${at}%`);
    rect.setAttribute("width", `${width}%`);
    rect.setAttribute("y", side === "agent" ? MIDDLE - height : MIDDLE);
    rect.setAttribute("height", height);
    svg.append(rect);
  };

  const draw = (svg, wave) => {
    const sides = wave.channels.length > 1 ? ["owner", "agent"] : ["owner"];
    const loudest = Math.max(1, ...wave.channels.flat());
    const width = 100 / wave.bars;
    sides.forEach((side, n) => wave.channels[n].forEach((peak, at) => {
      if (peak) bar(svg, side, at * width, width * 0.65, Math.max(1, (LOUDEST * peak) / loudest));
    }));
    const head = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ class: "head", x: "0%", width: 2, height: 40 })) {
      head.setAttribute(name, value);
    }
    svg.append(head);
  };

  const start = (player) => {
    if (player.dataset.ready) return;
    player.dataset.ready = "yes";
    const sound = player.querySelector("audio");
    const toggle = player.querySelector("[data-toggle]");
    const svg = player.querySelector("svg.wave");
    const time = player.querySelector("[data-time]");
    const say = player.querySelector("[data-say]");
    const icon = toggle.querySelector("use");
    const seconds = Number(player.dataset.seconds) || 0;
    let wanted = null;

    sound.removeAttribute("controls");
    for (const each of [toggle, svg, time]) each.removeAttribute("hidden");

    const whole = () => (Number.isFinite(sound.duration) && sound.duration) || seconds;
    const show = () => {
      const at = wanted ?? sound.currentTime;
      const share = whole() ? Math.min(1, at / whole()) : 0;
      svg.querySelectorAll("rect:not(.head)").forEach((rect) => {
        rect.classList.toggle("ahead", parseFloat(rect.getAttribute("x")) > share * 100);
      });
      svg.querySelector(".head")?.setAttribute("x", `${share * 100}%`);
      time.textContent = `${clock(at)} / ${clock(whole())}`;
      svg.setAttribute("aria-valuenow", Math.round(at));
      svg.setAttribute("aria-valuetext", player.dataset.progress
        .replace("{at}", clock(at)).replace("{whole}", clock(whole())));
    };
    const seek = (at) => {
      const to = Math.max(0, Math.min(whole(), at));
      if (sound.readyState === 0) {
        wanted = to;
        sound.load();
      } else {
        sound.currentTime = to;
      }
      show();
    };
    const turn = () => {
      const paused = sound.paused;
      icon.setAttribute("href", paused ? "#i-play" : "#i-hold");
      toggle.setAttribute("aria-label", paused ? toggle.dataset.play : toggle.dataset.pause);
    };
    const play = () => sound.play().catch((error) => {
      if (error.name !== "AbortError" && error.name !== "NotAllowedError") fail();
    });
    const fail = () => {
      say.textContent = player.dataset.broken;
      say.classList.add("is-risk");
    };

    sound.addEventListener("loadedmetadata", () => {
      if (wanted !== null) sound.currentTime = wanted;
      wanted = null;
    });
    for (const name of ["timeupdate", "seeked", "durationchange"]) sound.addEventListener(name, show);
    for (const name of ["play", "pause", "ended"]) sound.addEventListener(name, turn);
    sound.addEventListener("play", () => {
      document.querySelectorAll("[data-player] audio").forEach((other) => {
        if (other !== sound) other.pause();
      });
    });
    sound.addEventListener("error", fail);
    toggle.addEventListener("click", () => (sound.paused ? play() : sound.pause()));
    svg.addEventListener("click", (event) => {
      const box = svg.getBoundingClientRect();
      seek(((event.clientX - box.left) / box.width) * whole());
    });
    svg.addEventListener("keydown", (event) => {
      const at = wanted ?? sound.currentTime;
      const to = {
        ArrowLeft: at - STEP_S, ArrowDown: at - STEP_S, ArrowRight: at + STEP_S,
        ArrowUp: at + STEP_S, Home: 0, End: whole(),
      }[event.key];
      if (to !== undefined) {
        event.preventDefault();
        seek(to);
      } else if (event.key === " " || event.key === "Enter") {
        event.preventDefault();
        toggle.click();
      }
    });
    fetch(player.dataset.wave, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then((wave) => { draw(svg, wave); show(); })
      .catch(() => svg.classList.add("wave--none"));
    show();
    if (player.hasAttribute("data-begins")) {
      toggle.focus();
      play();
    }
  };

  const begin = (root) => {
    if (root.matches?.("[data-player]")) start(root);
    root.querySelectorAll?.("[data-player]").forEach(start);
  };
  document.addEventListener("DOMContentLoaded", () => begin(document));
  document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
})();
