// Loads what a page asks for: an element with data-module="name other" gets the default export of lazy/<name>.js (or
// form….js for names that start with "form") called with it, once, now or when htmx brings the element.
const started = new WeakMap();

function load(name) {
  return name.startsWith('form') ? import(`./form${name.slice(4)}.js`) : import(`./lazy/${name}.js`);
}

async function start(element, name) {
  const done = started.get(element) ?? new Set();
  if (done.has(name)) return;
  started.set(element, done.add(name));
  try {
    const module = await load(name);
    await module.default(element);
    element.dataset.ready = [element.dataset.ready, name].filter(Boolean).join(' ');
  } catch (error) {
    console.error(`The module "${name}" failed`, error);
  }
}

// Starts the modules of root and of everything in it; resolves when all of them run.
export function startModules(root) {
  const found = root.matches?.('[data-module]') ? [root] : [];
  found.push(...root.querySelectorAll('[data-module]'));
  return Promise.all(found.flatMap(element => element.dataset.module.split(/\s+/).filter(Boolean).map(name => start(element, name))));
}

document.addEventListener('htmx:load', event => startModules(event.detail.elt));
