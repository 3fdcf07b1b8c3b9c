// A record's card in the side panel, from any link or button with data-peek="address of the card" (KN-05); the page,
// and a half-filled form in it, stays as it is.
import Offcanvas from 'bootstrap/js/src/offcanvas.js';
import htmx from 'htmx.org';

export function peek(address, page) {
  const panel = document.getElementById('peek');
  const open = document.getElementById('peek-open');
  open.hidden = !page;
  if (page) open.href = page;
  htmx.ajax('GET', address, {target: '#peek-body', swap: 'innerHTML'}).then(() => {
    const title = panel.querySelector('#peek-body [data-title]')?.dataset.title;
    if (title) document.getElementById('peek-title').textContent = title;
    Offcanvas.getOrCreateInstance(panel).show();
  });
}

export function startPeek() {
  document.addEventListener('click', event => {
    const source = event.target.closest('[data-peek]');
    if (!source || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    peek(source.dataset.peek, source.dataset.page ?? source.getAttribute('href'));
  });
}
