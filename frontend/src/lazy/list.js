// Ticked rows and the bar that acts on them; arrows of the keyboard through the rows.
import Dropdown from 'bootstrap/js/src/dropdown.js';
import htmx from 'htmx.org';
import {peek} from '../peek.js';

// The menu of a row is made from one template when it is first opened; from then on it is a dropdown like any other.
function openMenu(button) {
  const template = document.getElementById('row-menu');
  if (!template || button.nextElementSibling) return;
  const row = button.closest('[data-row]');
  const menu = template.content.firstElementChild.cloneNode(true);
  if (!('editable' in row.dataset)) menu.querySelectorAll('[data-needs-edit]').forEach(item => item.remove());
  for (const link of menu.querySelectorAll('a, button')) {
    for (const name of ['href', 'hx-get', 'data-peek', 'data-page']) {
      if (link.hasAttribute(name)) link.setAttribute(name, link.getAttribute(name).replace('{url}', row.dataset.url));
    }
  }
  button.after(menu);
  htmx.process(menu);
  button.dataset.bsToggle = 'dropdown';
  Dropdown.getOrCreateInstance(button).show();
}

// One click on a status: the server answers with the row as it is then (CT-47).
async function setStatus(button) {
  const set = button.closest('[data-status]');
  const row = set.closest('[data-row]');
  const {url, field, version} = set.dataset;
  const values = {field, version, value: button.dataset.value};
  document.querySelectorAll('#row-context input').forEach(input => { values[input.name] = input.value; });
  await htmx.ajax('POST', url, {source: set, target: row, swap: 'outerHTML', values});
  document.querySelector(`#${row.id} [data-value="${CSS.escape(button.dataset.value)}"]`)?.focus();
}

class List {
  constructor(root) {
    this.root = root;
    this.bar = root.querySelector('[data-bulk]');
    this.last = null;
    this.everything = false;
    root.addEventListener('click', event => this.click(event));
    root.addEventListener('change', event => this.changed(event));
    document.addEventListener('keydown', this.key = this.key.bind(this));
    this.update();
  }

  get ticks() {
    return [...this.root.querySelectorAll('[data-tick]')];
  }

  get rows() {
    return [...this.root.querySelectorAll('[data-row]')];
  }

  click(event) {
    const menu = event.target.closest('[data-row-menu]');
    if (menu) openMenu(menu);
    const status = event.target.closest('[data-status] [data-value]');
    if (status) setStatus(status);
    const tick = event.target.closest('[data-tick]');
    if (tick) {
      const ticks = this.ticks;
      if (event.shiftKey && this.last && this.last.isConnected) {
        const [from, to] = [ticks.indexOf(this.last), ticks.indexOf(tick)].sort((a, b) => a - b);
        ticks.slice(from, to + 1).forEach(other => { other.checked = tick.checked; });
      }
      this.last = tick;
      this.everything = false;
      this.update();
    }
    if (event.target.closest('[data-tick-matching]')) {
      this.everything = true;
      this.ticks.forEach(other => { other.checked = true; });
      this.update();
    }
    if (event.target.closest('[data-untick]')) this.clear();
  }

  clear() {
    this.everything = false;
    this.ticks.forEach(other => { other.checked = false; });
    this.update();
  }

  changed(event) {
    if (!event.target.matches('[data-tick-page]')) return;
    this.everything = false;
    this.ticks.forEach(other => { other.checked = event.target.checked; });
    this.update();
  }

  update() {
    const ticks = this.ticks;
    const chosen = ticks.filter(tick => tick.checked);
    ticks.forEach(tick => tick.closest('[data-row]').classList.toggle('ticked', tick.checked));
    const page = this.root.querySelector('[data-tick-page]');
    if (page) {
      page.checked = chosen.length > 0 && chosen.length === ticks.length;
      page.indeterminate = chosen.length > 0 && chosen.length < ticks.length;
    }
    if (!this.bar) return;
    this.bar.hidden = chosen.length === 0;
    const data = this.bar.dataset;
    const count = this.everything ? data.matching : String(chosen.length);
    this.bar.querySelector('[data-count]').textContent = (this.everything ? data.textAll : data.text).replace('{n}', count);
    this.bar.querySelectorAll('[data-all-input]').forEach(input => { input.value = this.everything ? '1' : ''; });
    const more = this.bar.querySelector('[data-tick-matching]');
    if (more) more.hidden = this.everything || chosen.length < ticks.length || data.more !== '1';
  }

  key(event) {
    if (!this.root.isConnected) {
      document.removeEventListener('keydown', this.key);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.target.closest?.('input:not([type=checkbox]), textarea, select, [contenteditable="true"], .dropdown-menu')) return;
    const rows = this.rows;
    const at = rows.indexOf(document.activeElement?.closest?.('[data-row]'));
    if (event.key === 'j' || event.key === 'k') {
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === 'j' ? 1 : at < 0 ? 1 : -1)))];
      next?.querySelector('[data-title-link]')?.focus();
      event.preventDefault();
    } else if (at >= 0 && event.key === 'x') {
      rows[at].querySelector('[data-tick]')?.click();
      event.preventDefault();
    } else if (at >= 0 && event.key === ' ' && document.activeElement.matches('[data-title-link]')) {
      peek(`${rows[at].dataset.url}/card`, document.activeElement.getAttribute('href'));
      event.preventDefault();
    }
  }
}

export default function start(root) {
  new List(root);
}
