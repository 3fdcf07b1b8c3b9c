// The "+" beside a choice: a new entry of its list without leaving the form (KN-22).
import {openDialog} from '../dialogs.js';
import {send, texts} from '../requests.js';
import {toast} from '../toasts.js';

function select(target, entry, place) {
  if (target?.tomselect) {
    target.tomselect.addOption({value: entry.code, text: entry.label});
    target.tomselect.addItem(entry.code);
  } else if (target) {
    if (![...target.options].some(option => option.value === entry.code)) target.add(new Option(entry.label, entry.code));
    target.value = entry.code;
  } else {
    // A row of ticks gets one more.
    const pattern = place.querySelector('[data-tick-template]');
    const tick = pattern.content.firstElementChild.cloneNode(true);
    tick.querySelector('input').value = entry.code;
    tick.querySelector('input').checked = true;
    tick.querySelector('span').textContent = entry.label;
    pattern.before(tick);
  }
  (target ?? place).dispatchEvent(new Event('change', {bubbles: true}));
}

export function startExtending(form) {
  const dialog = document.getElementById('extend');
  if (!dialog) return;
  const box = dialog.querySelector('input[type=text]');
  const problem = dialog.querySelector('[data-problem]');
  let button = null;

  const prepare = root => root.querySelectorAll?.('[data-extend]').forEach(found => { found.hidden = false; });
  prepare(form);
  new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(prepare))).observe(form, {childList: true, subtree: true});

  form.addEventListener('click', event => {
    button = event.target.closest('[data-extend]');
    if (!button) return;
    box.value = '';
    problem.textContent = '';
    box.removeAttribute('aria-invalid');
    dialog.querySelector('[data-what]').textContent = button.getAttribute('aria-label');
    openDialog(dialog);
    box.focus();
  });

  dialog.querySelector('form').addEventListener('submit', async event => {
    event.preventDefault();
    const place = button.closest('.ticks') ?? button.parentElement;
    try {
      const answer = await send(button.dataset.extend, {
        method: 'POST', body: new URLSearchParams({label: box.value}), headers: {Accept: 'application/json'},
      });
      const found = await answer.json();
      if (answer.ok) {
        dialog.close();
        select(document.getElementById(button.dataset.for), found, place);
        return;
      }
      problem.textContent = found.message ?? texts().failed;
      box.setAttribute('aria-invalid', 'true');
      box.focus();
    } catch {
      toast(texts().offline, 'error');
    }
  });
}
