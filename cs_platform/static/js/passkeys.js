// Passkeys: a form with data-passkey="create" or "get" asks the browser before it is sent. What to ask for stands in the
// JSON that data-passkey-options names, or comes from data-passkey-from.
(() => {
  "use strict";

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  function toCreate(options, passwordless) {
    const selection = { ...options.authenticatorSelection };
    selection.residentKey = passwordless ? "required" : "discouraged";
    selection.requireResidentKey = passwordless;
    if (passwordless) selection.userVerification = "required";
    return {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
      authenticatorSelection: selection,
    };
  }

  function toGet(options) {
    const { allowCredentials, ...rest } = options;
    const wanted = { ...rest, challenge: bytes(options.challenge) };
    return allowCredentials && allowCredentials.length ? { ...wanted, allowCredentials: known(allowCredentials) } : wanted;
  }

  function said(credential) {
    const response = { clientDataJSON: text(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return {
      type: credential.type,
      id: credential.id,
      rawId: text(credential.rawId),
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  }

  async function options(form) {
    if (form.dataset.passkeyFrom) {
      const answer = await fetch(form.dataset.passkeyFrom, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error("lost");
      return (await answer.json()).request_options;
    }
    const told = JSON.parse(document.getElementById(form.dataset.passkeyOptions).textContent);
    return told.creation_options || told.request_options;
  }

  function trouble(form, kind) {
    const box = form.querySelector("[data-passkey-trouble]");
    box.querySelector("[data-passkey-words]").textContent = kind ? box.dataset[kind] : "";
    box.hidden = !kind;
  }

  async function ask(form) {
    const wanted = (await options(form)).publicKey;
    if (form.dataset.passkey === "get") return navigator.credentials.get({ publicKey: toGet(wanted) });
    const passwordless = form.elements.passwordless ? form.elements.passwordless.checked : false;
    return navigator.credentials.create({ publicKey: toCreate(wanted, passwordless) });
  }

  function kindOf(fault) {
    if (fault.message === "lost" || fault instanceof TypeError) return "lost";
    return fault.name === "SecurityError" ? "unsupported" : "refused";
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button[data-needs-script]");
    button.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      trouble(form, "");
      if (!window.PublicKeyCredential || !navigator.credentials) return trouble(form, "unsupported");
      button.disabled = true;
      try {
        form.elements.credential.value = JSON.stringify(said(await ask(form)));
        form.submit();
      } catch (fault) {
        trouble(form, kindOf(fault));
        button.disabled = false;
      }
    });
  }
})();
