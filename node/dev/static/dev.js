// Shows new messages of the mailbox, and adds keys. The page works without it.
const list = document.getElementById('mails');

function arm() {
  for (const button of list.querySelectorAll('button[data-code]')) {
    button.hidden = false;
    button.onclick = () => copy(button);
  }
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.code);
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const held = document.activeElement?.closest?.('article')?.dataset.id;
  const known = new Set([...list.querySelectorAll('article')].map((a) => a.dataset.id));
  const fresh = [...page.querySelectorAll('#mails > *')].filter((a) => !known.has(a.dataset.id));
  list.querySelector('.empty')?.remove();
  list.prepend(...fresh);
  arm();
  if (held) list.querySelector(`article[data-id="${held}"]`)?.focus();
}

let seen = null;
new EventSource('/.dev/mail/events').onmessage = (event) => {
  if (seen !== null && seen !== event.data) refresh();
  seen = event.data;
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...list.querySelectorAll('article')];
  const at = all.indexOf(document.activeElement?.closest?.('article'));
  if (event.key === 'j') all[Math.min(at + 1, all.length - 1)]?.focus();
  else if (event.key === 'k') all[Math.max(at - 1, 0)]?.focus();
  else if (event.key === 'c') {
    const button = (all[at] ?? all[0])?.querySelector('button[data-code]');
    if (button) copy(button);
  }
});

arm();
