/* All that the browser does by itself, besides htmx. Every page works without it; nothing is kept in the browser. */
"use strict";
const root = document.documentElement;
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => within.querySelectorAll(selector);
const on = (type, act) => document.addEventListener(type, act);

// A short word in the live region; good news goes by itself, bad news stays until it is closed.
const goes = (toast) => setTimeout(() => toast.remove(), 8000);
const say = (text) => { const toast = Object.assign(document.createElement("p"), { className: "toast", textContent: text }); find("#toasts").append(toast); goes(toast); };
on("htmx:oobAfterSwap", ({ detail }) => all(".toast:not(.is-failed)", detail.target).forEach(goes));

// Our form token goes along. A part that fails says so in its own place, anything else that fails among the toasts.
on("htmx:configRequest", ({ detail }) => { detail.headers["X-CSRFToken"] = find("meta[name=csrf-token]")?.content ?? ""; });
on("htmx:beforeSwap", ({ detail }) => {
  if (!detail.xhr.getResponseHeader("HX-Failed-Part")) return;
  detail.shouldSwap = true;
  if (!detail.target.matches("[data-section]")) Object.assign(detail, { target: find("#toasts"), swapOverride: "beforeend" });
});
for (const type of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) on(type, ({ detail }) => {
  if (detail.xhr?.getResponseHeader("HX-Failed-Part")) return;
  const section = detail.elt.closest("[data-section]"), notice = find("#away").content.cloneNode(true);
  if (section) { section.removeAttribute("aria-busy"); find(".section-wait", section)?.replaceWith(notice); } else find("#toasts").append(notice);
});

// Focus follows what changed: the summary of errors, else the place that the new part marks.
const focusIn = (part) => {
  const found = part.matches?.(".errors, [data-focus]") ? part : find(".errors, [data-focus]", part);
  const word = found?.dataset.title;
  found?.focus();
  if (word && !document.title.startsWith(word)) document.title = `${word} ${document.title}`;
};
on("htmx:afterSettle", ({ target }) => focusIn(target));
focusIn(document);

// “/” goes to the search; Escape and a click elsewhere close an open menu.
const shut = (but) => all("details.menu[open]").forEach((menu) => { if (menu !== but) menu.open = false; });
on("keydown", (event) => {
  const open = find("details.menu[open]"), typing = event.target.closest("input, select, textarea, dialog");
  if (event.key === "Escape" && open) { shut(); find("summary", open).focus(); }
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && find("#q")) { event.preventDefault(); find("#q").focus(); }
});
on("click", async ({ target }) => {
  const theme = target.closest("[data-theme]"), copy = target.closest("[data-copy]"), step = target.closest("[data-step]");
  shut(target.closest("details.menu"));
  target.closest("[data-close]")?.closest(".toast, .notice").remove();
  if (theme) { root.dataset.bsTheme = theme.value; all("[data-theme]").forEach((one) => { one.ariaPressed = one === theme; }); }
  if (copy) { await navigator.clipboard.writeText(copy.dataset.copy); say(copy.dataset.done); }
  if (step) { const field = find("input", step.parentElement); field[step.dataset.step](); field.dispatchEvent(new Event("input", { bubbles: true })); }
});
const clock = find("#clock"), ahead = clock && Date.parse(clock.dateTime) - Date.now(); // it goes by the server's time
if (clock) setInterval(() => { clock.textContent = new Intl.DateTimeFormat(clock.lang, { timeZone: clock.dataset.zone, weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }).format(Date.now() + ahead); }, 20000);
on("htmx:confirm", (event) => {
  const { question, issueRequest } = event.detail, dialog = find("#confirm");
  if (!question) return;
  event.preventDefault();
  find("p", dialog).textContent = question;
  dialog.onclose = () => { if (dialog.returnValue === "yes") issueRequest(true); dialog.returnValue = ""; };
  dialog.showModal();
});
