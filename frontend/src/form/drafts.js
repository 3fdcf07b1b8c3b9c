// Nothing typed is lost (KN-15): leaving asks first, and what was typed is kept in this tab's storage until the record
// is saved, so that a crash or an expired session can't take it away.
import {fromIso, pad} from './days.js';
import {settle, storage} from './kept.js';

const KEEP_MS = 500;
const SKIPPED = new Set(['csrf_token', '_then', '_confirm']);

function snapshot(form) {
  return [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && !SKIPPED.has(name));
}

const same = (left, right) => JSON.stringify(left) === JSON.stringify(right);

export function startDrafts(form) {
  const {draft: key} = form.dataset;
  if (!key) return;
  settle();
  let leaving = false;
  let timer = 0;
  // An answer with errors shows what was typed: it differs from what is stored, whatever is done next.
  const typed = 'typed' in form.dataset;
  const opened = snapshot(form);
  const dirty = () => typed || !same(snapshot(form), opened);

  const keep = () => {
    if (dirty()) storage.set(key, {at: Date.now(), sent: leaving, values: snapshot(form)});
    else storage.remove(key);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, KEEP_MS);
  };

  const earlier = storage.get(key);
  if (earlier && !typed && !same(earlier.values, opened)) offer(form, key, earlier);

  form.addEventListener('input', later);
  form.addEventListener('change', later);
  form.addEventListener('submit', () => {
    leaving = true;
    keep();
    setTimeout(() => { leaving = false; }, 4000);
  });
  window.addEventListener('pagehide', () => {
    if (!leaving && dirty()) keep();
  });
  window.addEventListener('beforeunload', event => {
    if (leaving || !dirty()) return;
    keep();
    event.preventDefault();
  });
  for (const link of document.querySelectorAll('[data-cancel]')) {
    link.addEventListener('click', () => {
      leaving = true;
      clearTimeout(timer);
      storage.remove(key);
    });
  }
}

function offer(form, key, earlier) {
  const bar = form.querySelector('[data-draft-offer]');
  if (!bar) return;
  const at = new Date(earlier.at);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  bar.querySelector('[data-draft-time]').textContent = `${fromIso(day, form.dataset.dates)} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
  bar.hidden = false;
  bar.querySelector('[data-draft-restore]').addEventListener('click', () => restore(form, earlier.values));
  bar.querySelector('[data-draft-discard]').addEventListener('click', () => {
    storage.remove(key);
    bar.hidden = true;
  });
}

// The server fills the form in again: it knows names of records, rows of lines and widgets better than a script could.
function restore(form, values) {
  const again = document.createElement('form');
  again.method = 'post';
  again.action = form.action;
  again.hidden = true;
  const token = form.elements.csrf_token?.value ?? '';
  for (const [name, value] of [...values, ['csrf_token', token], ['_restore', '1']]) {
    const input = document.createElement('textarea');
    input.name = name;
    input.value = value;
    again.append(input);
  }
  document.body.append(again);
  again.submit();
}
