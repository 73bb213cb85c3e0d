/** For unit tests of what tells people something: the little of a page that languages and notices need. */

const documentElement = { lang: "", dir: "" };
Object.assign(globalThis, {
  addEventListener: () => {},
  navigator: globalThis.navigator ?? { languages: ["en"] },
  document: { documentElement, activeElement: null, querySelector: () => null },
});
