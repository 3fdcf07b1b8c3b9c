// The frame: narrow sidebar, theme without a page load, values marked as changed elsewhere.
import {send} from './requests.js';

function toggleSidebar() {
  const root = document.documentElement;
  const narrow = root.dataset.sidebar !== 'narrow';
  if (narrow) root.dataset.sidebar = 'narrow';
  else delete root.dataset.sidebar;
  try {
    localStorage.setItem('crm.sidebar', narrow ? 'narrow' : 'wide');
  } catch { /* storage is switched off: it lasts as long as the page */ }
}

function showTheme(form, theme) {
  const root = document.documentElement;
  root.dataset.theme = theme;
  const dark = theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset.bsTheme = dark ? 'dark' : 'light';
  form.querySelectorAll('[name="theme"]').forEach(button => button.setAttribute('aria-pressed', String(button.value === theme)));
}

export function startShell() {
  document.addEventListener('click', event => {
    if (event.target.closest('[data-sidebar-toggle]')) toggleSidebar();
  });
  document.addEventListener('submit', event => {
    const form = event.target.closest('[data-theme-form]');
    if (!form || !event.submitter) return;
    event.preventDefault();
    showTheme(form, event.submitter.value);
    send(form.action, {method: 'POST', body: new URLSearchParams({theme: event.submitter.value})});
  });
  // A form sent twice by a double click would make two records.
  document.addEventListener('submit', event => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== 'post' || form.matches('[hx-post], [data-theme-form]')) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = '1';
    setTimeout(() => delete form.dataset.sent, 4000);
  });
}
