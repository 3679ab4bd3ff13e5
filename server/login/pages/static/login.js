// What HTML cannot do on the login pages: passkeys, password rules while typing, showing the password, the time left.
"use strict";
(() => {
  const all = (selector, of = document) => [...of.querySelectorAll(selector)];

  // Bytes travel as base64url in JSON.
  const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const encode = (bytes) => bytes && btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  function parse(json) {
    const o = JSON.parse(json);
    o.challenge = decode(o.challenge);
    if (o.user) o.user.id = decode(o.user.id);
    for (const list of [o.allowCredentials, o.excludeCredentials]) for (const c of list || []) c.id = decode(c.id);
    return o;
  }

  function print(c) {
    const r = c.response, response = { clientDataJSON: encode(r.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (r[name]) response[name] = encode(r[name]);
    if (r.getTransports) response.transports = r.getTransports();
    return JSON.stringify({
      id: c.id, rawId: encode(c.rawId), type: c.type, response,
      authenticatorAttachment: c.authenticatorAttachment || undefined, clientExtensionResults: c.getClientExtensionResults(),
    });
  }

  function passkey(form) {
    let pending; // one request at a time: the list of names waits until the button is pressed
    const error = form.querySelector(".error");
    async function ask(more) {
      pending?.abort();
      pending = new AbortController();
      const options = { publicKey: parse(form.dataset.options), signal: pending.signal, ...more };
      const credential = await navigator.credentials[form.dataset.passkey](options);
      form.elements.credential.value = print(credential);
      HTMLFormElement.prototype.submit.call(form);
    }
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      error.hidden = true;
      try {
        await ask();
      } catch (e) {
        if (e.name === "AbortError") return;
        release(form);
        error.textContent = form.dataset.failed;
        error.hidden = false;
      }
    });
    if ("conditional" in form.dataset) {
      PublicKeyCredential.isConditionalMediationAvailable?.().then((can) => can && ask({ mediation: "conditional" })).catch(() => {});
    }
  }

  function rules(list) {
    const input = all("[aria-describedby~=rules]")[0];
    const met = {
      length: (text, item) => [...text].length >= item.dataset.count,
      upper: (text) => /[A-Z]/.test(text),
      lower: (text) => /[a-z]/.test(text),
      number: (text) => /[0-9]/.test(text),
      symbol: (text) => /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+-]|\S +\S/.test(text),
    };
    const update = () => {
      for (const item of all("li", list)) {
        const ok = met[item.dataset.rule](input.value, item);
        item.classList.toggle("met", ok);
        item.classList.toggle("passwordCheck-valid-customizable", ok && input.value !== "");
        item.classList.toggle("passwordCheck-notValid-customizable", !ok && input.value !== "");
        item.querySelector(".state").textContent = " – " + (ok ? list.dataset.met : list.dataset.unmet);
      }
    };
    input.addEventListener("input", update);
    update();
  }

  function reveal(button) {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    const { show, hide } = button.dataset;
    button.hidden = false;
    const set = (visible) => {
      input.type = visible ? "text" : "password";
      button.setAttribute("aria-pressed", visible);
      button.title = visible ? hide : show;
    };
    button.addEventListener("click", () => set(input.type === "password"));
    input.form.addEventListener("submit", () => set(false)); // so that browsers know a password
  }

  // The last minute is counted down.
  function timer(line) {
    const end = Date.now() + line.dataset.seconds * 1000;
    const show = () => {
      const left = Math.max(0, Math.round((end - Date.now()) / 1000));
      const time = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
      if (left > 60) return;
      line.hidden = false;
      line.textContent = left ? line.dataset.left.replace("{time}", time) : line.dataset.over;
      if (left) return;
      clearInterval(clock);
      line.setAttribute("role", "alert");
    };
    const clock = setInterval(show, 1000);
    show();
  }

  // A form is sent once.
  function hold(event) {
    const button = event.submitter || event.target.querySelector("button:not([type])");
    if (event.target.dataset.sent) return event.preventDefault();
    event.target.dataset.sent = "1";
    if (button?.classList.contains("button")) button.classList.add("busy");
  }

  function release(form) {
    delete form.dataset.sent;
    for (const button of all(".busy", form)) button.classList.remove("busy");
  }

  for (const button of all(".reveal")) reveal(button);
  for (const list of all(".rules")) rules(list);
  for (const line of all(".timer")) timer(line);
  for (const form of all("form")) form.addEventListener("submit", hold);
  if (window.PublicKeyCredential) for (const form of all("form[data-passkey]")) passkey(form);
  for (const form of all("form[data-submit]")) HTMLFormElement.prototype.submit.call(form);
  addEventListener("pageshow", (event) => event.persisted && all("form").forEach(release));

  for (const list of all(".languages")) {
    addEventListener("click", (event) => list.contains(event.target) || list.removeAttribute("open"));
    list.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !list.open) return;
      list.open = false;
      list.querySelector("summary").focus();
    });
  }
})();
