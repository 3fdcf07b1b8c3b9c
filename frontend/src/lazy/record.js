// A record's page: empty fields on demand, facts folded on phones, the tab one is on, a half-written comment.
import {settle, storage} from '../form/kept.js';

function startFacts(root) {
  const body = root.querySelector('.facts-body');
  const empty = root.querySelector('[data-show-empty]');
  if (empty) {
    empty.hidden = false;
    empty.addEventListener('click', () => {
      const shown = body.classList.toggle('with-empty');
      empty.setAttribute('aria-pressed', String(shown));
    });
  }
  root.querySelector('[data-show-facts]')?.addEventListener('click', event => {
    const open = root.querySelector('.facts-panel').classList.toggle('open');
    event.currentTarget.setAttribute('aria-expanded', String(open));
  });
}

function startTabs(root) {
  root.addEventListener('click', event => {
    const tab = event.target.closest('[data-tab]');
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
    root.querySelectorAll('[data-tab]').forEach(other => other.removeAttribute('aria-current'));
    tab.setAttribute('aria-current', 'page');
    tab.scrollIntoView({block: 'nearest', inline: 'nearest'});
  });
  const reveal = () => {
    const tab = root.querySelector('[data-tab][aria-current]');
    const bar = tab?.closest('.tabs');
    if (!bar) return;
    const [inner, outer] = [tab.getBoundingClientRect(), bar.getBoundingClientRect()];
    if (inner.right > outer.right) bar.scrollLeft += inner.right - outer.right + 24; // without moving the page itself
  };
  reveal();
  root.addEventListener('htmx:load', event => event.target.id === 'record-tabs' && reveal());
}

// What a script changed in a tab may have changed the numbers beside the names of the tabs.
function startCounts(root) {
  root.addEventListener('crm:recount', () => {
    const current = root.querySelector('[data-tab][aria-current]')?.dataset.tab ?? 'activity';
    const url = `/${root.dataset.record}/tabs?tab=${encodeURIComponent(current)}`;
    window.htmx.ajax('GET', url, {target: '#record-tabs', swap: 'outerHTML'});
  });
}

// A comment that was not sent waits in this tab, as forms do.
function startComments(root) {
  const key = `comment:${root.dataset.record}`;
  const box = () => root.querySelector('[data-comment] textarea');
  const restore = () => {
    const kept = storage.get(key);
    if (kept && box() && !box().value) box().value = kept.text;
  };
  restore();
  root.addEventListener('input', event => {
    if (event.target !== box()) return;
    if (event.target.value.trim()) storage.set(key, {at: Date.now(), text: event.target.value});
    else storage.remove(key);
  });
  root.addEventListener('submit', event => {
    if (event.target.matches('[data-comment]')) storage.remove(key);
  });
  root.addEventListener('htmx:responseError', event => {
    if (event.target.matches('[data-comment]')) storage.set(key, {at: Date.now(), text: box()?.value ?? ''});
  });
  root.addEventListener('keydown', event => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') event.target.closest('.comment-form, .comment-edit')?.requestSubmit();
  });
}

export default function record(root) {
  settle();
  startFacts(root);
  startTabs(root);
  startCounts(root);
  startComments(root);
}
