// Formatted text: a box one writes in with a few tools. The textarea behind it is what the form posts; the server
// keeps a small safe vocabulary of what comes.
const icon = name => {
  const sprite = document.querySelector('#toast-template')?.content.querySelector('use[data-sprite]')?.dataset.sprite ?? '';
  return `<svg class="icon" aria-hidden="true"><use href="${sprite}#${name}"/></svg>`;
};
const TOOLS = () => [
  ['bold', icon('type-bold')],
  ['italic', icon('type-italic')],
  ['insertUnorderedList', icon('list-ul')],
  ['insertOrderedList', icon('list-ol')],
];

function tool(area, box, [command, sign]) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn btn-ghost btn-icon btn-sm';
  button.innerHTML = sign;
  button.setAttribute('aria-label', area.dataset[command]);
  button.title = area.dataset[command];
  button.addEventListener('mousedown', event => event.preventDefault());
  button.addEventListener('click', () => {
    box.focus();
    document.execCommand(command);
  });
  return button;
}

export default function richtext(area) {
  const box = document.createElement('div');
  const label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`);
  box.className = 'form-control richtext-box prose';
  box.contentEditable = 'true';
  box.setAttribute('role', 'textbox');
  box.setAttribute('aria-multiline', 'true');
  box.setAttribute('aria-label', label?.textContent.trim() ?? '');
  for (const name of ['aria-describedby', 'aria-invalid']) if (area.hasAttribute(name)) box.setAttribute(name, area.getAttribute(name));
  // What is stored was sanitised; what was typed and refused comes back as text of a page and is parsed without scripts.
  const page = new DOMParser().parseFromString(area.value, 'text/html');
  page.querySelectorAll('script, style, iframe, object, embed, link, meta, base, form').forEach(element => element.remove());
  for (const element of page.body.querySelectorAll('*')) {
    for (const {name} of [...element.attributes]) if (!['href', 'title'].includes(name)) element.removeAttribute(name);
  }
  box.append(...page.body.childNodes);
  const tools = document.createElement('div');
  tools.className = 'richtext-tools';
  tools.setAttribute('role', 'toolbar');
  tools.setAttribute('aria-label', area.dataset.tools);
  tools.append(...TOOLS().map(each => tool(area, box, each)));
  area.hidden = true;
  area.before(tools, box);
  label?.addEventListener('click', () => box.focus());
  const write = () => {
    const text = box.textContent.trim() || box.querySelector('img, hr') ? box.innerHTML : '';
    if (area.value === text) return;
    area.value = text;
    area.dispatchEvent(new Event('input', {bubbles: true}));
  };
  box.addEventListener('input', write);
  box.addEventListener('paste', event => {
    event.preventDefault();
    document.execCommand('insertText', false, event.clipboardData.getData('text/plain'));
  });
}
