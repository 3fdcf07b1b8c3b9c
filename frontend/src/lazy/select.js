// A select that can be searched by typing. <select data-module="select"> stays a select for forms and without scripts.
//   data-source="/contacts/options"   choices come from the server while one types: [{"value", "label", "hint"}]
//   data-create="1"                   unknown text becomes a choice of its own (tags)
import TomSelect from 'tom-select/popular';

const escapeColour = colour => (/^#[0-9a-f]{3,8}$/i.test(colour ?? '') ? colour : '');

function face(data, escape, tag) {
  const colour = escapeColour(data.colour);
  const mark = colour ? `<svg class="dot" viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="5" fill="${colour}"/></svg> ` : '';
  const hint = tag === 'option' && data.hint ? ` <small class="muted">${escape(data.hint)}</small>` : '';
  return `<div>${mark}${escape(data.text ?? data.label ?? data.value)}${hint}</div>`;
}

function remote(source) {
  return function (query, done) {
    const url = new URL(source, location.href);
    url.searchParams.set('q', query);
    fetch(url, {headers: {'X-Requested-With': 'fetch', Accept: 'application/json'}, credentials: 'same-origin'})
      .then(answer => (answer.ok ? answer.json() : []))
      .then(found => done((found.items ?? found).map(item => ({value: String(item.value ?? item.id), text: item.label ?? item.title, hint: item.hint ?? item.subtitle ?? '', colour: item.colour ?? ''}))))
      .catch(() => done([]));
  };
}

export default function start(element) {
  const texts = document.getElementById('texts')?.dataset ?? {};
  const label = element.labels?.[0]?.textContent?.trim() ?? element.getAttribute('aria-label') ?? '';
  const control = new TomSelect(element, {
    maxOptions: 500,
    hideSelected: element.multiple,
    plugins: element.multiple ? ['remove_button'] : [],
    allowEmptyOption: true,
    create: element.dataset.create === '1',
    persist: false,
    preload: element.dataset.source ? 'focus' : false,
    load: element.dataset.source ? remote(element.dataset.source) : undefined,
    searchField: element.dataset.source ? [] : ['text'],
    placeholder: element.dataset.placeholder ?? element.getAttribute('placeholder') ?? '',
    render: {
      option: (data, escape) => face(data, escape, 'option'),
      item: (data, escape) => face(data, escape, 'item'),
      no_results: () => `<div class="no-results">${texts.nothing ?? ''}</div>`,
    },
  });
  // The hidden select loses its label: it must not be found by assistive technology any more.
  element.setAttribute('aria-hidden', 'true');
  element.tabIndex = -1;
  if (label && !control.control_input.getAttribute('aria-label')) control.control_input.setAttribute('aria-label', label);
}
