/** The clock of the browser, as `send-window.js` wants it. */

/** @type {import("./send-window.js").Clock} */
export const CLOCK = {
  later(milliseconds, act) {
    const timer = setTimeout(act, milliseconds);
    return () => clearTimeout(timer);
  },
};
