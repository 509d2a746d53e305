/** Looks at the page from within, for the tests. It is put into each page before its own modules. */

window.violations = []; // of the policy of the page
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
  window.violations.push(`${violatedDirective} ${blockedURI} ${sample}`));

const ALLOWED = {
  tags: ["A", "CODE", "MARK", "SMALL", "SPAN", "EM"],
  attributes: ["href", "target", "rel", "dir", "class"],
};
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

window.probes = {
  /** Scrolls up as a person does with the wheel. Returns the texts that were drawn, and the most elements. */
  async scrollToOldest(oldest) {
    const log = document.getElementById("log");
    const seen = new Set();
    let elements = 0;
    for (let step = 0; step < 4000 && !seen.has(oldest); step += 1) {
      log.scrollTop -= 700;
      await frame();
      elements = Math.max(elements, all("#lines *").length);
      for (const { textContent } of all(".line.message .text")) seen.add(textContent);
    }
    return { seen: seen.size, elements };
  },

  /** Returns the milliseconds from a key to the next frame; 19 of 20 keys take less. */
  async keyDelay() {
    const took = [];
    const say = document.getElementById("say");
    for (let round = 0; round < 40; round += 1) {
      const begin = performance.now();
      say.value += "x";
      say.dispatchEvent(new Event("input"));
      await frame();
      took.push(performance.now() - begin);
    }
    return took.sort((left, right) => left - right)[37];
  },

  /** Returns what is too small for a finger, but for what is within lines. */
  smallTargets(least) {
    return all("button, textarea, input")
      .filter((one) => one.offsetParent && !one.closest(".line"))
      .filter((one) => one.offsetHeight < least || one.offsetWidth < least)
      .map((one) => one.outerHTML);
  },

  /** Returns what is wider than the window, or than the log. */
  tooWide() {
    const log = document.getElementById("log");
    if (document.documentElement.scrollWidth <= innerWidth && log.scrollWidth <= log.clientWidth) return [];
    return all("body *")
      .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 || one === log)
      .map((one) => one.outerHTML.slice(0, 120));
  },

  /** Returns the elements within others that the page does not make of a text. */
  strangers(selector) {
    return all(selector)
      .flatMap((one) => all("*", one))
      .filter(({ tagName, attributes }) =>
        !ALLOWED.tags.includes(tagName) || [...attributes].some(({ name }) => !ALLOWED.attributes.includes(name)))
      .map((one) => one.outerHTML);
  },

  /** Returns the links within the lines. */
  links() {
    return all("#lines a").map(({ href, textContent: text, rel, target }) => ({ href, text, rel, target }));
  },

  /** Returns the name of the error that making elements of a text ends in. */
  makeElements() {
    try {
      document.body.insertAdjacentHTML("beforeend", "<b id=made>x</b>");
      return "";
    } catch (error) {
      return error.name;
    }
  },

  /** Returns what axe finds. */
  async findings() {
    const { violations } = await window.axe.run({ resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`));
  },
};
