// Messages at the edge of the page. The server sends them with the page, or as the event "crm:toast" of an answer:
// HX-Trigger: {"crm:toast": {"items": [{"text": "Saved", "kind": "success", "url": "/contacts/1", "label": "Open"}]}}
const ICONS = {success: 'check-circle', error: 'exclamation-octagon', warning: 'exclamation-triangle', info: 'info-circle'};
const SHOWN_MS = 7000;

function leave(item) {
  let timer = setTimeout(() => item.remove(), SHOWN_MS);
  item.addEventListener('mouseenter', () => clearTimeout(timer));
  item.addEventListener('focusin', () => clearTimeout(timer));
  item.addEventListener('mouseleave', () => { timer = setTimeout(() => item.remove(), SHOWN_MS / 2); });
}

export function toast(text, kind = 'success', link = null) {
  const place = document.getElementById('toasts');
  const template = document.getElementById('toast-template');
  if (!place || !template || !text) return;
  const item = template.content.firstElementChild.cloneNode(true);
  item.classList.add(kind);
  const use = item.querySelector('use[data-sprite]');
  use.setAttribute('href', `${use.dataset.sprite}#${ICONS[kind] ?? ICONS.info}`);
  const words = item.querySelector('.toast-text');
  words.textContent = text;
  if (link) {
    const anchor = document.createElement('a');
    anchor.href = link.url;
    anchor.textContent = link.label;
    words.append(' ', anchor);
  }
  place.append(item);
  if (kind !== 'error') leave(item);
}

export function startToasts() {
  // Errors stay until they are dismissed.
  document.querySelectorAll('[data-toast]:not(.error)').forEach(leave);
  document.addEventListener('click', event => event.target.closest('[data-dismiss-toast]')?.closest('.toast-item').remove());
  document.addEventListener('crm:toast', event => {
    for (const {text, kind, url, label} of event.detail.items ?? [event.detail]) toast(text, kind, url ? {url, label} : null);
  });
}
