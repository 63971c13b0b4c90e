// The line of a browser at Twilio, by its Voice SDK.
"use strict";
{
  const ownerline = (window.ownerline = window.ownerline || {});
  const REFUSED = new Set([20101, 20102, 20103, 20104, 20151, 20157, 31201, 31204, 31205, 31207]);

  ownerline.lines = { ...ownerline.lines };
  ownerline.lines.twilio = (phone) => {
    let device = null, call = null, busy = false;

    function start(given) {
      const own = device = new Twilio.Device(given.token, {
        appName: "ownerline",
        closeProtection: false,
        allowIncomingWhileBusy: false,
        tokenRefreshMs: 60_000,
      });
      own.audio?.incoming(false); // it is answered at once
      const on = (name, heard) => own.on(name, (...told) => { if (device === own) heard(...told); });
      on("registering", () => phone.lost("connecting"));
      on("registered", () => phone.registered());
      on("unregistered", () => phone.lost("away"));
      on("error", (error) => phone.lost(REFUSED.has(error?.code) ? "rejected" : "away"));
      on("tokenWillExpire", async () => {
        try {
          own.updateToken((await phone.credentials()).token);
        } catch { /* the server is away, or another page has the desk: the call goes on */ }
      });
      on("incoming", rung);
      own.register().catch((error) => { if (device === own) phone.lost(REFUSED.has(error?.code) ? "rejected" : "away"); });
    }

    async function rung(incoming) {
      if (busy) { incoming.reject(); return; }
      busy = true;
      let over = false;
      const end = () => {
        if (over) return;
        over = true;
        busy = false;
        if (call === incoming) { call = null; phone.over(); }
      };
      for (const name of ["disconnect", "cancel", "reject"]) incoming.on(name, end);
      incoming.on("accept", () => { call = incoming; phone.began(); });
      try {
        if (!(await phone.isWanted())) { if (!over) incoming.reject(); end(); return; }
        const stream = await phone.microphone();
        const id = stream.getAudioTracks()[0].getSettings().deviceId;
        if (id) await device.audio.setInputDevice(id);
        if (!over) incoming.accept();
      } catch (error) {
        if (!over) incoming.reject();
        end();
        phone.failed(error);
      }
    }

    return {
      start,
      stop() {
        const own = device;
        device = null;
        if (call) { call = null; phone.over(); }
        busy = false;
        own?.destroy();
      },
      mute(muted) { call?.mute(muted); },
      async use(stream) {
        await device?.audio.setInputDevice(stream.getAudioTracks()[0].getSettings().deviceId);
      },
    };
  };
}
