// The dialog that chooses the columns of a list: what is shown, in order, and what could be.
export default function start(form) {
  const shown = form.querySelector('[data-shown]');
  const others = form.querySelector('[data-others]');
  const template = form.querySelector('template');
  const sortOthers = () => {
    const items = [...others.children].sort((a, b) => a.textContent.trim().localeCompare(b.textContent.trim()));
    others.append(...items);
  };
  form.addEventListener('click', event => {
    const add = event.target.closest('[data-add]');
    const remove = event.target.closest('[data-remove]');
    if (add) {
      const item = template.content.firstElementChild.cloneNode(true);
      item.querySelector('input').value = add.dataset.add;
      item.querySelector('[data-name]').textContent = add.textContent.trim();
      item.querySelectorAll('[data-label]').forEach(b => b.setAttribute('aria-label', b.dataset.label.replace('{name}', add.textContent.trim())));
      const next = add.closest('li').nextElementSibling ?? add.closest('li').previousElementSibling;
      shown.append(item);
      add.closest('li').remove();
      next?.querySelector('button')?.focus();
    } else if (remove && shown.children.length > 1) {
      const item = remove.closest('li');
      const key = item.querySelector('input').value;
      const back = document.createElement('li');
      const button = Object.assign(document.createElement('button'), {type: 'button', textContent: item.querySelector('[data-name]').textContent});
      button.dataset.add = key;
      back.append(button);
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      others.append(back);
      sortOthers();
      next?.querySelector('[data-handle]')?.focus();
    }
  });
}
