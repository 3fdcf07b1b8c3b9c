// The box in the top bar: suggestions while one types; Enter without a chosen one shows the page of results.
import {Combo} from './combo.js';

export function startSearch() {
  const form = document.querySelector('[data-search]');
  if (!form) return;
  const input = form.querySelector('input[name="q"]');
  const list = form.querySelector('[role="listbox"]');
  const shown = on => {
    list.hidden = !on;
    input.setAttribute('aria-expanded', String(on));
  };
  const combo = new Combo(input, list, '/search/suggest', {onOpen: () => shown(document.activeElement === input), onClose: () => shown(false)});
  input.addEventListener('focus', () => combo.load());
  input.addEventListener('blur', () => shown(false));
}
