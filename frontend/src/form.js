// A record's form: keys that save, parts that depend on others, warnings while one types, and nothing typed is lost.
import {evaluate} from './form/conditions.js';
import {startChosen} from './form/chosen.js';
import {startDrafts} from './form/drafts.js';
import {startExtending} from './form/extend.js';

const CHECK_MS = 400;
const READY_TURNS = 100;

// Names with their texts; a name posted several times (ticks, several choices) gives a list.
export function valuesOf(form) {
  const found = new Map();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string') found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}

function showParts(form) {
  const dependent = [...form.querySelectorAll('[data-visible-if]')];
  if (!dependent.length) return;
  // Parts that are switched off keep their values; they only don't take part.
  const values = valuesOf(form);
  for (const part of dependent) {
    const shown = evaluate(JSON.parse(part.dataset.visibleIf), values);
    part.classList.toggle('off', !shown);
    for (const control of part.querySelectorAll('input, select, textarea, button')) {
      if (shown && control.dataset.switchedOff) {
        delete control.dataset.switchedOff;
        control.disabled = false;
        control.tomselect?.enable();
      } else if (!shown && !control.disabled) {
        control.dataset.switchedOff = '1';
        control.disabled = true;
      }
    }
  }
  for (const section of form.querySelectorAll('[data-section]')) {
    section.classList.toggle('off', !section.querySelector('[data-field]:not(.off)'));
  }
}

function showCurrencies(form) {
  for (const affix of form.querySelectorAll('[data-currency-of]')) {
    const source = form.elements[affix.dataset.currencyOf];
    if (source?.value) affix.textContent = source.value;
  }
}

// Choices that go with the value of another field: the others can't be chosen.
function showFitting(form) {
  for (const select of form.querySelectorAll('select[data-by]')) {
    const chosen = new FormData(form).get(select.dataset.by) ?? '';
    for (const option of select.options) {
      const off = Boolean(option.dataset.of) && option.dataset.of !== chosen;
      option.hidden = off;
      option.disabled = off;
      if (off && option.selected) select.value = '';
    }
  }
}

function startKeys(form) {
  document.addEventListener('keydown', event => {
    const combined = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (!combined || !(event.key.toLowerCase() === 's' || event.key === 'Enter')) return;
    if (!form.isConnected || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    document.activeElement?.blur?.();
    form.requestSubmit(form.querySelector('[data-save]'));
  });
}

function startChecks(form) {
  const place = form.querySelector('[data-warnings]');
  if (!place) return;
  let timer = 0;
  form.addEventListener('change', event => {
    if (!event.target.closest?.('[data-checks]')) return;
    clearTimeout(timer);
    timer = setTimeout(() => place.dispatchEvent(new Event('check')), CHECK_MS);
  });
}

// Resolves when the widgets of the form run: until then they still change what it holds.
async function settled(form) {
  const waiting = () => [...form.querySelectorAll('[data-module]')].some(part => !part.dataset.ready);
  for (let turn = 0; turn < READY_TURNS && waiting(); turn += 1) await new Promise(resolve => { setTimeout(resolve, 40); });
}

function focusFirst(form) {
  const summary = form.querySelector('[data-summary]');
  const bad = [...form.querySelectorAll('[aria-invalid="true"]')].find(control => control.checkVisibility?.() ?? true);
  if (bad) {
    bad.focus();
    return;
  }
  if (summary) summary.focus();
  else if (form.dataset.fresh) form.querySelector('[data-field]:not(.off) :is(input[type=text], input[type=email], input[type=tel], textarea):not([tabindex="-1"])')?.focus();
}

export default function form(root) {
  showParts(root);
  showCurrencies(root);
  showFitting(root);
  root.addEventListener('change', () => {
    showParts(root);
    showCurrencies(root);
    showFitting(root);
  });
  startKeys(root);
  startChecks(root);
  startExtending(root);
  startChosen(root);
  // The links of the summary go to the control itself, also where a chooser stands before it.
  root.addEventListener('click', event => {
    const link = event.target.closest('[data-summary] a');
    const target = link && document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    if (target.tomselect) target.tomselect.focus();
    else target.focus();
    target.closest('[data-field]')?.scrollIntoView({block: 'center'});
  });
  settled(root).then(() => {
    startDrafts(root);
    focusFirst(root);
    root.dataset.settled = '1';
  });
}
