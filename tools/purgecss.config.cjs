// What of Tabler the portal takes: its base rules and its form controls, nothing else.
//
// Only words inside class="…" and names of elements count as used; PurgeCSS's own rule would take every English word
// in a template for a class and keep Tabler's .page, .steps, .status and .alert. What app.css draws by itself is
// on the blocklist, so that there is one place to look for it.
const classes = (text) => [...text.matchAll(/class="([^"]*)"/g)].flatMap((m) => m[1].split(/[\s{}'%~|()]+/));
const elements = (text) => [...text.matchAll(/<([a-z][a-z0-9]*)/g)].map((m) => m[1]);

module.exports = {
  content: ["templates/**/*.html"],
  defaultExtractor: (text) => [...classes(text), ...elements(text)],
  safelist: { standard: ["form-control", "form-select", "form-label", "form-hint", "invalid-feedback", "disabled"] },
  blocklist: [
    /^\.?(btn|icon|nav|menu|avatar|kbd|table|small|strong|state|status|steps?|page|row|col|count|price|offer|progress|placeholder|dialog|toast|card|meta|hr|h[1-6])\b/,
    /scrollbar/, /selection/, /color-swatch/, /^legend/, /^a$/, /^a:hover/, /^sub/, /^pre/, /^code/,
  ],
  variables: true,
  keyframes: true,
  fontFace: true,
};
