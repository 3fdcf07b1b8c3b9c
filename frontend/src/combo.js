// A text box with a list of options below it, after the ARIA pattern "combobox": the focus stays in the box, arrows
// move aria-activedescendant, Enter follows the option. The options are HTML that the server escaped.
export class Combo {
  constructor(input, list, address, {onOpen = () => {}, onClose = () => {}} = {}) {
    Object.assign(this, {input, list, address, onOpen, onClose, active: -1, timer: 0, asked: 0});
    input.addEventListener('input', () => this.later());
    input.addEventListener('keydown', event => this.key(event));
    list.addEventListener('mousemove', event => this.hover(event));
    list.addEventListener('mousedown', event => event.preventDefault());
  }

  get options() {
    return [...this.list.querySelectorAll('[role="option"]')];
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), 140);
  }

  async load() {
    const turn = ++this.asked;
    const url = new URL(this.address, location.href);
    url.searchParams.set('q', this.input.value);
    let answer;
    try {
      answer = await fetch(url, {headers: {'X-Requested-With': 'fetch'}, credentials: 'same-origin'});
    } catch {
      return;
    }
    if (!answer.ok || turn !== this.asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    this.list.replaceChildren(...page.body.childNodes);
    this.options.forEach((option, n) => { option.id = `${this.list.id}-${n}`; });
    this.show(this.input.value.trim() ? 0 : -1);
    this.onOpen();
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
    } else if (event.key === 'Enter' && this.options[this.active] && !this.list.hidden) {
      event.preventDefault();
      this.options[this.active].click();
    } else if (event.key === 'Escape') {
      this.onClose();
    }
  }
}
