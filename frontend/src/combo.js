// A text box with a list of options below it, after the ARIA pattern "combobox": the focus stays in the box, arrows
// move aria-activedescendant, Enter follows the option. The options are HTML that the server escaped.
export class Combo {
  constructor(input, list, address, {onOpen = () => {}, onClose = () => {}} = {}) {
    Object.assign(this, {input, list, address, onOpen, onClose, active: -1, timer: 0, asked: 0, answered: null, following: false});
    input.addEventListener('input', () => this.later());
    input.addEventListener('keydown', event => this.key(event));
    list.addEventListener('mousemove', event => this.hover(event));
    list.addEventListener('mousedown', event => event.preventDefault());
  }

  get options() {
    return [...this.list.querySelectorAll('[role="option"]')];
  }

  // Options of an earlier text: Enter must not open what the words on the screen no longer mean.
  get outdated() {
    return this.answered !== this.input.value;
  }

  later() {
    clearTimeout(this.timer);
    this.following = false;
    this.timer = setTimeout(() => this.load(), 140);
  }

  async load() {
    clearTimeout(this.timer);
    const turn = ++this.asked;
    const text = this.input.value;
    const url = new URL(this.address, location.href);
    url.searchParams.set('q', text);
    let html;
    try {
      const answer = await fetch(url, {headers: {'X-Requested-With': 'fetch'}, credentials: 'same-origin'});
      if (!answer.ok) return;
      html = await answer.text();
    } catch {
      return;
    }
    if (turn === this.asked) this.fill(html, text);
  }

  fill(html, text) {
    const page = new DOMParser().parseFromString(html, 'text/html');
    this.list.replaceChildren(...page.body.childNodes);
    this.options.forEach((option, n) => { option.id = `${this.list.id}-${n}`; });
    this.answered = text;
    this.show(text.trim() ? 0 : -1);
    this.onOpen();
    if (this.following) this.follow();
  }

  follow() {
    this.following = this.outdated;
    if (this.following) this.load();
    else this.options[this.active]?.click();
  }

  show(index) {
    const options = this.options;
    this.active = options.length ? Math.max(-1, Math.min(index, options.length - 1)) : -1;
    options.forEach((option, n) => option.setAttribute('aria-selected', String(n === this.active)));
    const current = options[this.active];
    if (current) {
      this.input.setAttribute('aria-activedescendant', current.id);
      current.scrollIntoView({block: 'nearest'});
    } else {
      this.input.removeAttribute('aria-activedescendant');
    }
  }

  hover(event) {
    const option = event.target.closest('[role="option"]');
    if (option) this.show(this.options.indexOf(option));
  }

  key(event) {
    const count = this.options.length;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (this.list.hidden) this.load();
      else this.show((this.active + (event.key === 'ArrowDown' ? 1 : -1) + count) % Math.max(count, 1));
    } else if (event.key === 'Enter' && !this.list.hidden && (this.outdated || this.options[this.active])) {
      event.preventDefault();
      this.follow();
    } else if (event.key === 'Escape') {
      this.onClose();
    }
  }
}
