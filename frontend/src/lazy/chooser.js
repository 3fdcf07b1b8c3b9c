// A <select> one can search: records and tags asked from the server while one types, long lists searched in the page.
// The select stays what the form posts.
import clearButton from 'tom-select/dist/esm/plugins/clear_button/plugin.js';
import TomSelect from 'tom-select/popular';
import {send, texts} from '../requests.js';

TomSelect.define('clear_button', clearButton);
const DEBOUNCE_MS = 160;

async function ask(address, text) {
  const url = new URL(address, location.href);
  url.searchParams.set('q', text);
  const answer = await send(url, {headers: {Accept: 'application/json'}});
  return answer.ok ? (await answer.json()).items.map(item => ({...item, text: item.label})) : [];
}

// Letters go through textContent: nothing of the data is read as HTML.
function line(data, className) {
  const element = document.createElement('div');
  element.className = className;
  if (data.colour) {
    element.insertAdjacentHTML('afterbegin', '<svg class="dot" viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="5"/></svg>');
    element.querySelector('circle').setAttribute('fill', data.colour);
  }
  const label = document.createElement('span');
  label.textContent = data.text;
  element.append(label);
  if (data.hint && className === 'option') {
    const hint = document.createElement('small');
    hint.textContent = data.hint;
    element.append(hint);
  }
  return element;
}

function note(text, className = 'no-results') {
  const element = document.createElement('div');
  element.className = className;
  element.textContent = text;
  // A list box may hold options only.
  if (className !== 'create') {
    element.setAttribute('role', 'option');
    element.setAttribute('aria-disabled', 'true');
  }
  return element;
}

function settings(select, label) {
  const {source} = select.dataset;
  const creates = 'creates' in select.dataset;
  const several = select.multiple;
  return {
    plugins: several ? ['remove_button'] : ['clear_button'],
    maxItems: several ? null : 1,
    maxOptions: 400,
    valueField: 'value',
    labelField: 'text',
    searchField: source ? [] : ['text', 'value'],
    sortField: [{field: '$order'}],
    create: creates ? input => ({value: input.trim(), text: input.trim()}) : false,
    createOnBlur: creates,
    persist: false,
    preload: source ? 'focus' : false,
    openOnFocus: true,
    selectOnTab: false,
    closeAfterSelect: !several,
    hidePlaceholder: true,
    allowEmptyOption: false,
    loadThrottle: DEBOUNCE_MS,
    shouldLoad: () => true,
    // The server has chosen what matches: show all of it.
    ...(source ? {score: () => () => 1, load: (text, done) => ask(source, text).then(done, () => done())} : {}),
    render: {
      option: data => line(data, 'option'),
      item: data => line(data, 'item'),
      no_results: () => note(texts().nothing ?? ''),
      option_create: data => note(`+ ${data.input}`, 'create'),
      loading: () => note('…', 'loading'),
    },
    onInitialize() {
      this.control_input.setAttribute('aria-label', label);
    },
  };
}

export default function chooser(select) {
  const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
  const words = (label?.textContent ?? select.getAttribute('aria-label') ?? '').replace('*', '').trim();
  const placeholder = select.querySelector('option[value=""]');
  if (placeholder && select.multiple) placeholder.remove();
  const {describedby} = {describedby: select.getAttribute('aria-describedby')};
  const invalid = select.getAttribute('aria-invalid');
  const made = new TomSelect(select, settings(select, words));
  const input = made.control_input;
  select.setAttribute('aria-hidden', 'true');
  if (describedby) input.setAttribute('aria-describedby', describedby);
  if (invalid) input.setAttribute('aria-invalid', invalid);
  made.dropdown_content.setAttribute('aria-label', words);
  if (select.dataset.source) {
    // What an earlier text brought does not belong below a new one.
    made.on('type', () => { made.clearOptions(option => made.items.includes(option.value)); });
    made.on('dropdown_close', () => { made.setTextboxValue(''); });
  }
}
