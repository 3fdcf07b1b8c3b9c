// Ticked rows and the bar that acts on them; arrows of the keyboard through the rows.
import {peek} from '../peek.js';

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
      peek(rows[at].dataset.card, document.activeElement.getAttribute('href'));
      event.preventDefault();
    }
  }
}

export default function start(root) {
  new List(root);
}
