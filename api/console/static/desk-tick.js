// A tick each second that a browser does not slow down when the desk's tab is in the background.
"use strict";
setInterval(() => postMessage(0), 1000);
