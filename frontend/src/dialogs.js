// <dialog> elements: data-open="id" opens, data-close closes, a click beside the box closes. Answers of htmx with
// target #dialog-body open #dialog; the event "crm:close-dialog" closes it.
const returnTo = new WeakMap();

export function openDialog(dialog) {
  if (dialog.open) return;
  returnTo.set(dialog, document.activeElement);
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent('crm:opened'));
}

function backdropClicked(event) {
  const box = event.target.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

function prepare(dialog) {
  dialog.addEventListener('mousedown', event => {
    if (event.target === dialog && backdropClicked(event)) dialog.close();
  });
  dialog.addEventListener('close', () => {
    const origin = returnTo.get(dialog);
    if (origin?.isConnected) origin.focus();
    if (dialog.id === 'dialog') document.getElementById('dialog-body').replaceChildren();
  });
}

export function startDialogs() {
  document.querySelectorAll('dialog').forEach(prepare);
  document.addEventListener('click', event => {
    const opener = event.target.closest('[data-open]');
    if (opener) {
      const dialog = document.getElementById(opener.dataset.open);
      if (dialog) {
        event.preventDefault();
        openDialog(dialog);
      }
    } else if (event.target.closest('[data-close]')) {
      event.target.closest('dialog')?.close();
    }
  });
  document.addEventListener('htmx:afterSwap', event => {
    const dialog = event.detail.target.closest?.('dialog');
    if (!dialog || event.detail.target.id !== 'dialog-body' || !event.detail.target.childElementCount) return;
    openDialog(dialog);
    dialog.classList.toggle('wide', Boolean(dialog.querySelector('[data-wide]')));
    dialog.querySelector('[autofocus], .is-invalid, input:not([type=hidden]), select, textarea, button:not([data-close])')?.focus();
  });
  document.addEventListener('crm:close-dialog', () => document.getElementById('dialog')?.close());
}
