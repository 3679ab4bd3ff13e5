"use strict";
// Checks a policy while it is typed. Without this script the button "Check" does it.
for (const form of document.querySelectorAll("form.editor")) {
  const text = form.querySelector("textarea");
  const findings = form.querySelector(".findings");
  let timer = 0;
  let turn = 0;

  const line = (level, at, words) => {
    const item = document.createElement("li");
    item.className = level;
    if (at) {
      const place = document.createElement("strong");
      place.textContent = `Line ${at}: `;
      item.append(place);
    }
    item.append(words);
    return item;
  };

  const show = (list) => {
    if (list.length === 0) {
      const fine = document.createElement("p");
      fine.className = "fine";
      fine.textContent = "The policy is valid.";
      findings.replaceChildren(fine);
    } else {
      const all = document.createElement("ul");
      all.append(...list.map((f) => line(f.level, f.line, f.text)));
      findings.replaceChildren(all);
    }
    text.setAttribute("aria-invalid", String(list.some((f) => f.level === "error")));
  };

  const check = async () => {
    const mine = ++turn;
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json" } });
      const list = answer.ok ? (await answer.json()).findings : [{ level: "error", line: 0, text: answer.status === 403 || answer.status === 401 ? "Your session has ended. Copy the text, and sign in again." : `The check failed: ${answer.status}.` }];
      if (mine === turn) show(list);
    } catch {
      if (mine === turn) show([{ level: "error", line: 0, text: "The check failed: the server does not answer." }]);
    }
  };

  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 300);
  });
  // Tab keeps its meaning, so that nobody is caught in the field.
}
