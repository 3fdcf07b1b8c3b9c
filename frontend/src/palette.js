// The command palette (Ctrl-K): pages, things to create, recent records and search in one box.
import {Combo} from './combo.js';
import {openDialog} from './dialogs.js';

let combo = null;

export function openPalette() {
  const dialog = document.getElementById('palette');
  if (dialog) openDialog(dialog);
}

export function startPalette() {
  const dialog = document.getElementById('palette');
  if (!dialog) return;
  const input = dialog.querySelector('#palette-input');
  const list = dialog.querySelector('#palette-options');
  combo = new Combo(input, list, '/search/palette', {onOpen: () => combo.show(0)});
  dialog.addEventListener('crm:opened', () => {
    input.value = '';
    input.focus();
    combo.load();
  });
  dialog.addEventListener('click', event => {
    const option = event.target.closest('[data-run]');
    if (!option) return;
    event.preventDefault();
    dialog.close();
    document.getElementById(option.dataset.run)?.click();
  });
}
