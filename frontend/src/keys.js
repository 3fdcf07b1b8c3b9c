// Keys that work on every page. Single letters only where nobody is typing.
import {openDialog} from './dialogs.js';
import {openPalette} from './palette.js';

const typing = element => Boolean(element.closest?.('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable="true"], .ts-control'));
let last = '';

function focusSearch() {
  const input = document.querySelector('[data-list-search]') ?? document.getElementById('global-search');
  input?.focus();
  input?.select?.();
}

const SINGLE = {
  '/': focusSearch,
  '?': () => openDialog(document.getElementById('shortcuts')),
  c: () => {
    const button = document.querySelector('[data-create]');
    button?.focus();
    button?.click();
  },
};

export function startKeys() {
  document.addEventListener('keydown', event => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]')) return;
    if (last === 'g' && event.key === 'h') location.assign('/');
    last = event.key;
    const run = SINGLE[event.key];
    if (run) {
      event.preventDefault();
      run();
    }
  });
}
