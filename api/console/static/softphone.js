// The phone that the page of the desk is. What it speaks with its carrier is a line of its own
// (softphone-sip.js, softphone-twilio.js: `ownerline.lines[kind]`); here are the microphone, what is
// heard, mute, and one page alone that has it: the one that speaks for the agent.
"use strict";
{
  const ownerline = (window.ownerline = window.ownerline || {});
  const root = document.getElementById("softphone");
  const sound = document.getElementById("softphone-sound");
  const card = document.getElementById("softphone-card");
  const csrf = JSON.parse(document.body.getAttribute("hx-headers"));
  const RETRY_MS = 2_000, TICK_MS = 1_000, CEDED_MS = 15_000, LONGEST_WAIT_MS = 60_000;
  const TROUBLES = new Set(["insecure", "refused", "missing", "away", "rejected", "silent", "unknown"]);
  const SHOWN = new Set(["insecure", "refused", "missing", "silent"]); // what the agent alone can mend
  const states = new Map([...root.querySelectorAll("template[data-of]")].map((each) => [each.dataset.of, each.dataset]));

  let running = false, starting = false, inCall = false, registered = false, muted = false;
  let lostAs = "connecting", deafAs = null; // how it stands while it is not signed in; has no microphone
  let microphone = null, meter = null, retryAt = 0, cededUntil = 0, waitAt = 0, waitMs = RETRY_MS;

  // ---------- what is said ----------

  function show(state) {
    if (root.dataset.state === state && root.querySelector("[data-word]").textContent) return;
    const words = states.get(state);
    if (SHOWN.has(state) !== SHOWN.has(root.dataset.state)) card.togglePopover(SHOWN.has(state));
    root.dataset.state = state;
    root.dataset.trouble = String(TROUBLES.has(state));
    root.querySelector(".softphone__word").textContent = words.word;
    root.querySelector(".softphone__button").setAttribute("aria-label", `${card.getAttribute("aria-label")}: ${words.word}`);
    root.querySelector("[data-said]").textContent = words.said;
    root.querySelector("p [data-mend]").textContent = words.mend;
    if (TROUBLES.has(state)) ownerline.announce?.(`${words.said} ${words.mend}`);
  }

  const present = () => {
    if (inCall) show(deafAs ?? (muted ? "muted" : "in_room"));
    else if (registered) show("ready");
    else if (running) show(lostAs);
  };

  // ---------- asking our own server ----------

  async function post(path) {
    const response = await fetch(path, {
      method: "POST",
      body: new URLSearchParams(),
      headers: { ...csrf, "HX-Request": "true", "X-Desk-Tab": ownerline.desk.tab },
    });
    const way = response.headers.get("HX-Redirect");
    if (way) location.assign(way);
    return response;
  }

  // ---------- the microphone and what is heard ----------

  const kept = (kind) => localStorage.getItem(`ownerline.phone.${kind}`) ?? "";
  const wished = (id) => ({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(id ? { deviceId: { exact: id } } : {}) },
  });

  async function open() {
    try {
      return await navigator.mediaDevices.getUserMedia(wished(kept("audioinput")));
    } catch (error) {
      if (error.name !== "OverconstrainedError" && error.name !== "NotFoundError") throw error;
      return navigator.mediaDevices.getUserMedia(wished("")); // the chosen one is unplugged
    }
  }

  const deafness = (error) => (error.name === "NotAllowedError" ? "refused" : "missing");

  function hush() {
    microphone?.getTracks().forEach((each) => each.stop());
    microphone = null;
    meter?.context.close();
    meter = null;
  }

  function measure() {
    meter?.context.close();
    const context = new AudioContext(), analyser = context.createAnalyser();
    context.createMediaStreamSource(microphone).connect(analyser);
    meter = { context, analyser, samples: new Float32Array(analyser.fftSize) };
  }

  async function taken() {
    hush();
    microphone = await open();
    deafAs = null;
    const [track] = microphone.getAudioTracks();
    track.enabled = !muted;
    track.addEventListener("ended", () => { // pulled out while it was in use
      if (microphone?.getAudioTracks()[0] === track) renew();
    });
    measure();
    return microphone;
  }

  // Another microphone in the middle of a call, or the one that is left.
  async function renew() {
    if (!inCall) return;
    try {
      await taken();
      if (inCall) await line.use(microphone);
      else hush(); // it is over meanwhile
    } catch (error) {
      deafAs = deafness(error);
    }
    present();
  }

  async function play(stream) {
    sound.srcObject = stream;
    try {
      if (kept("audiooutput") && sound.setSinkId) await sound.setSinkId(kept("audiooutput"));
    } catch { /* it is unplugged: the system's own is heard */ }
    try {
      await sound.play();
    } catch (error) {
      if (error.name === "NotAllowedError") show("silent");
    }
  }

  async function fill() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    for (const select of root.querySelectorAll("select[data-device]")) {
      const kind = select.dataset.device;
      const own = devices.filter((each) => each.kind === kind && each.deviceId && each.deviceId !== "default");
      const choices = own.map((each, at) => new Option(each.label || root.dataset.unnamed.replace("{number}", at + 1), each.deviceId));
      select.replaceChildren(new Option(root.dataset.default, ""), ...choices);
      select.value = own.some((each) => each.deviceId === kept(kind)) ? kept(kind) : "";
      select.disabled = kind === "audiooutput" && !("setSinkId" in sound);
    }
  }

  // ---------- mute ----------

  function mute(wanted) {
    if (wanted === muted) return;
    muted = wanted;
    microphone?.getAudioTracks().forEach((each) => { each.enabled = !muted; });
    line.mute(muted);
    paint();
    present();
    ownerline.announce?.(muted ? root.dataset.muted : root.dataset.unmuted);
  }

  // The button comes with the parts of the desk; a call that is over takes it, and the mute, away.
  function paint() {
    const button = document.querySelector('[data-key-name="mute"]');
    if (!button) mute(false);
    else if (inCall) button.setAttribute("aria-pressed", String(muted));
  }

  document.addEventListener("click", (event) => {
    if (!inCall || !event.target.closest?.('[data-key-name="mute"]')) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the desk would say that its phone has the button
    mute(!muted);
  }, true);

  // ---------- coming and going ----------

  async function start() {
    if (running || starting) return;
    if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) { show("insecure"); return; }
    starting = true;
    try {
      show("asking");
      (await open()).getTracks().forEach((each) => each.stop());
      await fill();
      const response = await post("/desk/phone-token");
      if (response.status === 409 && !ownerline.desk.holds()) show("elsewhere");
      else if (response.status === 409) show("waiting");
      else if (!response.ok) show("unknown");
      if (!response.ok) { retryAt = Date.now() + RETRY_MS; return; }
      const given = await response.json();
      lostAs = "connecting";
      show(lostAs);
      channel.postMessage(ownerline.desk.tab);
      running = true;
      line.start(given);
    } catch (error) {
      if (error instanceof TypeError) { show("away"); retryAt = Date.now() + RETRY_MS; }
      else if (error instanceof DOMException) show(deafness(error));
      else { show("unknown"); throw error; }
    } finally {
      starting = false;
    }
  }

  function stop(state) {
    running = registered = inCall = false;
    line.stop();
    hush();
    show(state);
  }

  const RETRIED = new Set(["starting", "elsewhere", "waiting", "away"]);

  function tick() {
    const now = Date.now(), holds = ownerline.desk.holds();
    if (!holds && running) stop("elsewhere");
    if (holds && !running && now >= cededUntil && now >= retryAt && RETRIED.has(root.dataset.state)) start();
    if (registered && !inCall && now >= waitAt) wait();
    if (!meter || !card.matches(":popover-open")) return;
    meter.analyser.getFloatTimeDomainData(meter.samples);
    document.getElementById("softphone-level").value = Math.min(1, 4 * Math.max(...meter.samples.map(Math.abs)));
  }

  // Signed in and not rung: after a refresh, or when the last call of the phone was lost.
  async function wait() {
    waitAt = Date.now() + waitMs;
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    await post("/desk/phone-waits").catch(() => {}); // the server is away: later
  }

  async function isWanted() {
    if (!running || inCall) return false;
    const response = await post("/desk/phone-rings");
    return response.ok && (await response.json()).wanted;
  }

  const soon = () => { waitMs = RETRY_MS; waitAt = Date.now() + RETRY_MS; };

  // What a line works with.
  const phone = {
    show, play,
    microphone: taken,
    credentials: async () => (await post("/desk/phone-token")).json(),
    isWanted,
    registered() { if (!registered) soon(); registered = true; present(); },
    lost(state) { registered = false; lostAs = state; present(); },
    began() { inCall = true; paint(); present(); fill(); },
    over() {
      inCall = false;
      deafAs = null;
      hush();
      sound.srcObject = null;
      mute(false);
      document.querySelector('[data-key-name="mute"]')?.removeAttribute("aria-pressed");
      soon();
      present();
    },
    failed(error) {
      if (error instanceof DOMException) stop(deafness(error)); // a phone that cannot speak is not rung
      else if (!(error instanceof TypeError)) show("unknown"); // our server is away: the desk says so
    },
  };
  const line = ownerline.lines[root.dataset.kind](phone);

  const channel = new BroadcastChannel("ownerline-phone");
  channel.addEventListener("message", () => { // another page of this browser has the desk by now
    if (running) stop("elsewhere");
    cededUntil = Date.now() + CEDED_MS;
  });

  root.addEventListener("click", (event) => {
    if (!event.target.closest("[data-again]")) return;
    if (inCall && deafAs) { renew(); return; }
    if (inCall) { sound.play().then(present, () => show("silent")); return; }
    if (running) stop("starting");
    cededUntil = retryAt = 0;
    start();
  });
  root.addEventListener("change", async (event) => {
    const select = event.target.closest("select[data-device]");
    if (!select) return;
    localStorage.setItem(`ownerline.phone.${select.dataset.device}`, select.value);
    if (select.dataset.device === "audioinput") await renew();
    else await sound.setSinkId(select.value).catch(() => show("unknown"));
  });

  // What was missing is there: nobody need press anything.
  function mended(trouble) {
    if (root.dataset.state !== trouble) return;
    if (inCall) renew();
    else if (!running) start();
  }

  navigator.mediaDevices?.addEventListener("devicechange", () => {
    if (running) fill();
    mended("missing");
  });
  navigator.permissions?.query({ name: "microphone" }).then((permission) => permission.addEventListener("change", () => {
    if (permission.state === "granted") mended("refused");
    else if (permission.state === "denied" && running && !inCall) stop("refused");
  }), () => {}); // a browser that does not tell: the button is pressed
  new MutationObserver(paint).observe(document.querySelector(".desk__top"), { childList: true, subtree: true });
  addEventListener("pagehide", () => { if (running) line.stop(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(tick, TICK_MS);
  start();
}
