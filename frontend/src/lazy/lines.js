// Lines of a form: add, remove, put in order by buttons or by dragging the handle, one primary. Works on what the server rendered for browsers without
// scripts: existing rows and two spare ones.
import Sortable from 'sortablejs';
import {startModules} from '../modules.js';

const items = list => [...list.querySelectorAll(':scope > [data-line]')];

function refresh(root, list) {
  const rows = items(list);
  rows.forEach((row, n) => {
    row.querySelector('[data-up]').disabled = n === 0;
    row.querySelector('[data-down]').disabled = n === rows.length - 1;
  });
  root.classList.toggle('single', rows.length < 2);
  root.classList.toggle('none', rows.length === 0);
}

function prepare(row) {
  row.querySelectorAll('[data-drag], [data-up], [data-down], [data-remove]').forEach(button => { button.hidden = false; });
  row.querySelectorAll('.no-script').forEach(element => element.remove());
}

const told = root => root.dispatchEvent(new Event('change', {bubbles: true}));

async function add(root, list) {
  const number = Number(root.dataset.next);
  root.dataset.next = String(number + 1);
  const row = root.querySelector('[data-template]').content.firstElementChild.cloneNode(true);
  for (const element of row.querySelectorAll('[id], [name], [for], [aria-labelledby], [aria-describedby], [value="NEW"]')) {
    for (const name of ['id', 'name', 'for', 'aria-labelledby', 'aria-describedby', 'value']) {
      const value = element.getAttribute(name);
      if (value?.includes('NEW')) element.setAttribute(name, value.replace(/\[NEW\]/g, `[${number}]`).replace(/-NEW-/g, `-${number}-`).replace(/^NEW$/, String(number)));
    }
  }
  prepare(row);
  list.append(row);
  const mark = row.querySelector('.cell-mark input[type=radio]');
  if (mark && items(list).length === 1) mark.checked = true;
  refresh(root, list);
  await startModules(row);
  row.querySelector('.cell-main input:not([type=hidden]), .cell-main select, .cell input:not([type=hidden]), .cell select')?.focus();
  told(root);
}

function remove(root, list, row, button) {
  const rows = items(list);
  const next = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
  const marked = [...row.querySelectorAll('.cell-mark input[type=radio]:checked')].length > 0;
  row.remove();
  if (marked) {
    const first = items(list)[0]?.querySelector('.cell-mark input[type=radio]');
    if (first) first.checked = true;
  }
  refresh(root, list);
  (next?.querySelector('[data-remove]') ?? button).focus();
  told(root);
}

function move(root, list, row, by) {
  const rows = items(list);
  const to = rows.indexOf(row) + by;
  if (to < 0 || to >= rows.length) return;
  const focused = document.activeElement;
  if (by < 0) list.insertBefore(row, rows[to]);
  else list.insertBefore(rows[to], row);
  refresh(root, list);
  (focused.disabled ? row.querySelector(by < 0 ? '[data-down]' : '[data-up]') : focused).focus();
  told(root);
}

export default function lines(root) {
  const list = root.querySelector('[data-list]');
  const button = root.querySelector('[data-add]');
  // Short lines wait with an empty row to type in; long ones come with the button.
  const spares = [...list.querySelectorAll(':scope > .spare')];
  const kept = list.children.length === spares.length && !spares[0]?.classList.contains('line-card') ? spares.shift() : null;
  spares.forEach(row => row.remove());
  kept?.classList.remove('spare');
  const mark = kept?.querySelector('.cell-mark input[type=radio]');
  if (mark) mark.checked = true;
  items(list).forEach(prepare);
  button.hidden = false;
  button.addEventListener('click', () => add(root, list));
  root.addEventListener('click', event => {
    const row = event.target.closest('[data-line]');
    if (!row) return;
    if (event.target.closest('[data-remove]')) remove(root, list, row, button);
    else if (event.target.closest('[data-up]')) move(root, list, row, -1);
    else if (event.target.closest('[data-down]')) move(root, list, row, 1);
  });
  Sortable.create(list, {
    handle: '[data-drag]', draggable: '[data-line]', animation: 120, forceFallback: true, fallbackTolerance: 4,
    delay: 120, delayOnTouchOnly: true, ghostClass: 'sortable-ghost',
    onEnd: event => {
      if (event.oldIndex === event.newIndex) return;
      refresh(root, list);
      told(root);
    },
  });
  refresh(root, list);
}
