// The line of a browser at our own exchange: SIP over secure WebSocket, by JsSIP.
"use strict";
{
  const ownerline = (window.ownerline = window.ownerline || {});
  const REFUSALS = new Set([401, 403, 404, 407]);
  const LOST_MS = 6_000; // audio that is away for so long does not come back by itself
  const AGAIN_MS = 5_000, REFUSED_AGAIN_MS = 30_000;
  const BUSY = 486;

  ownerline.lines = { ...ownerline.lines };
  ownerline.lines.sip = (phone) => {
    let agent = null, call = null, busy = false, strayed = false, again = null;

    function start(given) {
      const host = new URL(given.url.replace(/^wss/, "https")).hostname;
      const own = agent = new JsSIP.UA({
        sockets: [new JsSIP.WebSocketInterface(given.url)],
        uri: `sip:${given.identity}@${host}`,
        password: given.token,
        register_expires: 120,
        session_timers: false,
        connection_recovery_min_interval: 2,
        connection_recovery_max_interval: 10,
        user_agent: "Ownerline",
      });
      const on = (name, heard) => own.on(name, (event) => { if (agent === own) heard(event); });
      on("disconnected", () => { strayed = Boolean(call); phone.lost("away"); });
      on("registered", () => phone.registered());
      on("registrationFailed", ({ response }) => {
        const refused = REFUSALS.has(response?.status_code);
        phone.lost(refused ? "rejected" : "away");
        clearTimeout(again);
        again = setTimeout(() => { if (agent === own) renew(own, given); }, refused ? REFUSED_AGAIN_MS : AGAIN_MS);
      });
      on("newRTCSession", ({ originator, session }) => { if (originator === "remote") rung(session); });
      own.start();
    }

    // Signs in anew where the exchange takes connections but did not let us in, as while it starts.
    // A connection that is lost is made again, and signed in on, by JsSIP.
    function renew(own, given) {
      if (!own.isConnected() || own.isRegistered()) return;
      if (busy) { own.register(); return; }
      agent = null;
      own.stop(); // it may be a connection on which nothing passes
      start(given);
    }

    // The one call that is answered, by itself: into the agent's room, while they are at work.
    async function rung(session) {
      if (call && strayed) call.terminate(); // its end was told to a connection that is no more
      if (busy) { session.terminate({ status_code: BUSY }); return; }
      busy = true;
      let over = false;
      const end = () => {
        if (over) return;
        over = true;
        busy = false;
        if (call === session) { call = null; phone.over(); }
      };
      session.on("ended", end);
      session.on("failed", end);
      session.on("accepted", () => { call = session; strayed = false; phone.began(); });
      session.on("peerconnection", ({ peerconnection }) => watch(session, peerconnection));
      try {
        if (!(await phone.isWanted())) { if (!over) session.terminate({ status_code: BUSY }); return; }
        const mediaStream = await phone.microphone();
        if (!over) session.answer({ mediaStream, pcConfig: { iceServers: [] } });
      } catch (error) {
        if (!over) session.terminate({ status_code: 480 });
        phone.failed(error);
      }
    }

    function watch(session, connection) {
      let since = null;
      connection.addEventListener("track", (event) => phone.play(event.streams[0] ?? new MediaStream([event.track])));
      connection.addEventListener("iceconnectionstatechange", () => {
        clearTimeout(since);
        if (["disconnected", "failed"].includes(connection.iceConnectionState))
          since = setTimeout(() => { if (!session.isEnded()) session.terminate(); }, LOST_MS);
      });
    }

    return {
      start,
      stop() {
        const own = agent;
        agent = null;
        clearTimeout(again);
        if (call) { call = null; phone.over(); }
        busy = false;
        own?.stop(); // ends calls, signs out, closes
      },
      mute() {}, // the microphone's track is silent, which is all there is
      async use(stream) {
        const sender = call?.connection.getSenders().find((each) => each.track?.kind === "audio");
        await sender?.replaceTrack(stream.getAudioTracks()[0]);
      },
    };
  };
}
