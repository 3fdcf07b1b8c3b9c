// What every request of the page shares: the token against forgery, the line that shows progress, failures as messages.
import {toast} from './toasts.js';

export const texts = () => document.getElementById('texts')?.dataset ?? {};

export function token() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? '';
}

// fetch() with the token, for scripts that don't go through htmx.
export function send(url, options = {}) {
  const headers = {'X-CSRF-Token': token(), 'X-Requested-With': 'fetch', ...options.headers};
  return fetch(url, {credentials: 'same-origin', ...options, headers});
}

let running = 0;

function progress(change) {
  running = Math.max(0, running + change);
  document.getElementById('progress')?.classList.toggle('on', running > 0);
}

function failed(event) {
  const status = event.detail.xhr?.status ?? 0;
  // A message of the server comes as the event "crm:toast" in its headers.
  if (event.detail.xhr?.getResponseHeader('HX-Trigger')?.includes('crm:toast')) return;
  toast(status === 401 ? texts().signedOut : texts().failed, 'error');
}

export function startRequests() {
  document.addEventListener('htmx:configRequest', event => {
    if (event.detail.verb !== 'get') event.detail.headers['X-CSRF-Token'] = token();
  });
  document.addEventListener('htmx:beforeRequest', () => progress(1));
  document.addEventListener('htmx:afterRequest', () => progress(-1));
  document.addEventListener('htmx:responseError', failed);
  document.addEventListener('htmx:sendError', () => toast(texts().offline, 'error'));
  // 422 answers hold the form with what is wrong in it: show them.
  document.addEventListener('htmx:beforeSwap', event => {
    if (event.detail.xhr.status === 422 || event.detail.xhr.status === 409 || event.detail.xhr.status === 412) {
      if (event.detail.xhr.getResponseHeader('X-Fragment') === '1') {
        event.detail.shouldSwap = true;
        event.detail.isError = false;
      }
    }
  });
}
