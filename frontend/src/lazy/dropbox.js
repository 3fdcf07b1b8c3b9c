// A form that takes files: they can be dropped on it, each is sent by itself with its progress shown, and what the
// server refuses is said beside it. Without this script it is a plain form with a file box.
import {token} from '../requests.js';

function post(url, data, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('X-CSRF-Token', token());
    request.setRequestHeader('Accept', 'application/json');
    request.upload.addEventListener('progress', event => {
      if (event.lengthComputable) onProgress(Math.round((100 * event.loaded) / event.total));
    });
    request.addEventListener('load', () => {
      try {
        resolve(JSON.parse(request.responseText));
      } catch {
        reject(new Error(String(request.status)));
      }
    });
    request.addEventListener('error', () => reject(new Error('network')));
    request.send(data);
  });
}

export default function dropbox(form) {
  const box = form.querySelector('input[type=file]');
  const shown = form.querySelector('[data-progress]');
  const bar = shown.querySelector('progress');
  const name = shown.querySelector('[data-name]');
  const errors = form.querySelector('[data-errors]');
  let busy = false;

  const refuse = text => {
    const line = document.createElement('li');
    line.textContent = text;
    errors.append(line);
    errors.hidden = false;
  };

  const one = async file => {
    if (file.size > Number(form.dataset.max)) {
      refuse(form.dataset.tooLarge.replace('{name}', file.name));
      return 0;
    }
    const data = new FormData(form);
    data.delete('file');
    data.append('file', file, file.name);
    name.textContent = file.name;
    bar.value = 0;
    try {
      const answer = await post(form.action, data, percent => { bar.value = percent; });
      for (const error of answer.errors ?? []) refuse(`${error.name}: ${error.message}`);
      return answer.done ?? 0;
    } catch {
      refuse(form.dataset.failed.replace('{name}', file.name));
      return 0;
    }
  };

  const send = async files => {
    if (busy || !files.length) return;
    busy = true;
    errors.replaceChildren();
    errors.hidden = true;
    shown.hidden = false;
    form.setAttribute('aria-busy', 'true');
    let done = 0;
    for (const file of box.multiple ? files : [...files].slice(0, 1)) done += await one(file);
    shown.hidden = true;
    form.removeAttribute('aria-busy');
    busy = false;
    if (!done) return;
    box.value = '';
    if (!box.multiple && !errors.children.length) { // a new version changes the whole page: preview, size, number
      window.location.reload();
      return;
    }
    const kept = [...errors.children];
    await window.htmx.ajax('GET', form.dataset.refresh, {target: '#tab-body', swap: 'innerHTML'});
    document.getElementById('tab-body').dispatchEvent(new CustomEvent('crm:recount', {bubbles: true}));
    const fresh = document.querySelector('#tab-body [data-errors]');
    if (kept.length && fresh) {
      fresh.replaceChildren(...kept);
      fresh.hidden = false;
    }
  };

  form.addEventListener('submit', event => {
    event.preventDefault();
    send(box.files);
  });
  for (const kind of ['dragenter', 'dragover']) {
    form.addEventListener(kind, event => {
      event.preventDefault();
      form.classList.add('over');
    });
  }
  form.addEventListener('dragleave', event => {
    if (!form.contains(event.relatedTarget)) form.classList.remove('over');
  });
  form.addEventListener('drop', event => {
    event.preventDefault();
    form.classList.remove('over');
    send(event.dataTransfer.files);
  });
}
