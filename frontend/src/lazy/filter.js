// The filter builder: rows come from the server, so that operators and values always fit the field. A changed field or
// operator fetches its row anew; here are only adding, removing and counting.
import htmx from 'htmx.org';

export default function start(form) {
  const next = name => {
    const number = Number(form.dataset[name] ?? 0) + 1;
    form.dataset[name] = String(number);
    return number;
  };
  form.addEventListener('click', event => {
    const add = event.target.closest('[data-add-row], [data-add-group]');
    if (add) {
      const group = add.matches('[data-add-group]') ? next('lastGroup') : add.dataset.addRow;
      const url = new URL(add.dataset.url, location.href);
      url.searchParams.set('g', group);
      url.searchParams.set('n', next('lastRow'));
      const rows = add.matches('[data-add-group]') ? form.querySelector('[data-groups]') : add.closest('[data-group]').querySelector('[data-rows]');
      htmx.ajax('GET', url.pathname + url.search, {target: rows, swap: 'beforeend'}).then(() => rows.lastElementChild?.querySelector('select')?.focus());
    }
    const cancel = event.target.closest('[data-close-builder]');
    if (cancel && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      form.parentElement.replaceChildren();
    }
    const remove = event.target.closest('[data-remove-row]');
    if (remove) {
      const group = remove.closest('[data-group]');
      const row = remove.closest('[data-row]');
      const near = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      if (!group.querySelector('[data-row]') && group.dataset.group !== '0') group.remove();
      (near?.querySelector('[data-remove-row]') ?? form.querySelector('[data-add-row]'))?.focus();
    }
  });
}
