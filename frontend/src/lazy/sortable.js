// A list one may reorder: by dragging its handle, by the buttons up and down, by arrow keys on the handle.
//   <ol data-module="sortable" data-url="/settings/lists/x/order" data-name="ids"> <li data-id="3">
//     <button class="handle" data-handle>…</button> … <button data-move="-1"> <button data-move="1">
// Without data-url nothing is sent; the order of hidden inputs in the items is the form's order.
import Sortable from 'sortablejs';
import {send, texts} from '../requests.js';
import {toast} from '../toasts.js';

function announce(item) {
  const place = [...item.parentElement.children].indexOf(item) + 1;
  const region = document.getElementById('sort-live') ?? document.body.appendChild(Object.assign(document.createElement('div'), {id: 'sort-live', className: 'visually-hidden'}));
  region.setAttribute('role', 'status');
  region.textContent = (texts().moved ?? '').replace('{n}', place);
}

async function save(list) {
  list.dispatchEvent(new CustomEvent('crm:sorted', {bubbles: true}));
  if (!list.dataset.url) return;
  const body = new URLSearchParams();
  for (const item of list.children) if (item.dataset.id) body.append(list.dataset.name ?? 'ids', item.dataset.id);
  const answer = await send(list.dataset.url, {method: 'POST', body}).catch(() => null);
  if (!answer?.ok) toast(texts().failed, 'error');
}

function move(list, item, step) {
  const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (step < 0) other.before(item);
  else other.after(item);
  announce(item);
  save(list);
}

export default function start(list) {
  Sortable.create(list, {
    handle: '[data-handle]', animation: 120, forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4,
    delay: 120, delayOnTouchOnly: true, ghostClass: 'sortable-ghost',
    onEnd: event => {
      if (event.oldIndex !== event.newIndex) save(list);
    },
  });
  list.addEventListener('click', event => {
    const button = event.target.closest('[data-move]');
    if (!button || !list.contains(button)) return;
    move(list, button.closest('li'), Number(button.dataset.move));
    button.focus();
  });
  list.addEventListener('keydown', event => {
    const handle = event.target.closest('[data-handle]');
    const step = {ArrowUp: -1, ArrowDown: 1}[event.key];
    if (!handle || !step) return;
    event.preventDefault();
    move(list, handle.closest('li'), step);
    handle.focus();
  });
}
