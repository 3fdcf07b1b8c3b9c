// A date typed in the person's own order, or chosen in the browser's calendar (KN-24). The calendar belongs to a native
// date box behind the button; what is chosen there is written back the way the person writes dates.
import {fromIso, toIso} from '../form/days.js';

export default function datefield(root) {
  const {format} = root.dataset;
  const box = root.querySelector('input[type=text]');
  const native = root.querySelector('[data-native]');
  const button = root.querySelector('[data-calendar]');
  const set = text => {
    box.value = text;
    box.dispatchEvent(new Event('input', {bubbles: true}));
    box.dispatchEvent(new Event('change', {bubbles: true}));
    box.focus();
  };
  for (const shortcut of document.querySelectorAll(`[data-shortcut][data-for="${CSS.escape(box.id)}"]`)) {
    shortcut.hidden = false;
    shortcut.addEventListener('click', () => set(shortcut.dataset.shortcut));
  }
  if (!native.showPicker) return;
  button.hidden = false;
  const open = () => {
    native.value = toIso(box.value, format);
    native.showPicker();
  };
  button.addEventListener('click', open);
  box.addEventListener('keydown', event => {
    if (event.key === 'ArrowDown' && event.altKey) {
      event.preventDefault();
      open();
    }
  });
  native.addEventListener('change', () => {
    if (native.value) set(fromIso(native.value, format));
  });
  // 3/4/2026 is understood; showing it as 03/04/2026 tells how.
  box.addEventListener('change', () => {
    const iso = toIso(box.value, format);
    if (iso) box.value = fromIso(iso, format);
  });
}
