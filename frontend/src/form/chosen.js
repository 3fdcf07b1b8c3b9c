// Texts of lines that can be chosen: which controls are shown is asked again when what they depend on was changed.
import {startModules} from '../modules.js';
import {send} from '../requests.js';

const lastPart = name => name.match(/\[([^[\]]+)\]$/)?.[1] ?? '';

// The whole form but its files, with the name of the text that is asked about.
function bodyOf(form, name) {
  const body = new FormData(form);
  for (const [key, value] of [...body]) if (typeof value !== 'string') body.delete(key);
  body.set('_of', name);
  return body;
}

const asked = new Map();

// Only the answer to the latest question counts: what is typed on while one waits asks again.
async function renew(form, name) {
  const turn = (asked.get(name) ?? 0) + 1;
  asked.set(name, turn);
  const answer = await send(form.dataset.pickers, {method: 'POST', body: bodyOf(form, name)});
  if (!answer.ok) return;
  const holder = document.createElement('template');
  holder.innerHTML = await answer.text();
  const part = [...form.querySelectorAll('[data-chosen]')].find(one => one.dataset.name === name);
  if (!part || asked.get(name) !== turn) return;
  const fresh = holder.content.firstElementChild;
  part.replaceWith(fresh);
  await startModules(fresh);
}

export function startChosen(form) {
  form.addEventListener('change', event => {
    const name = event.target.name ?? '';
    for (const part of form.querySelectorAll('[data-chosen]')) {
      if (part.contains(event.target)) continue;
      const inLine = part.closest('[data-line]')?.contains(event.target);
      if (part.dataset.chosen.split(' ').includes(inLine ? lastPart(name) : name)) renew(form, part.dataset.name);
    }
  });
}
