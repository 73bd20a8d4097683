/* Passkeys: forms marked data-passkey ask the server what to sign ("get") or to make ("create"), then send the answer. */
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (keys) => (keys ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

  const wanted = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: known(options.excludeCredentials) }),
    ...(options.allowCredentials && { allowCredentials: known(options.allowCredentials) }),
  });

  const told = ({ id, rawId, type, response }) => {
    const parts = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) parts[name] = text(response[name]);
    }
    if (response.getTransports) parts.transports = response.getTransports();
    return JSON.stringify({ id, rawId: text(rawId), type, response: parts });
  };

  const ask = async (form) => {
    const headers = { "X-CSRFToken": form.elements.csrf_token.value };
    const answer = await fetch(form.dataset.options, { method: "POST", headers, redirect: "error" });
    if (!answer.ok) throw new Error(`the options are not to be had: ${answer.status}`);
    const publicKey = wanted(await answer.json());
    return navigator.credentials[form.dataset.passkey]({ publicKey });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    const button = form.querySelector("button[type=submit]"), sorry = form.querySelector("[role=alert]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      sorry.hidden = true;
      try {
        form.elements.credential.value = told(await ask(form));
        form.submit();
      } catch {
        sorry.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
