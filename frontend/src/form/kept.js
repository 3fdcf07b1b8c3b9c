// What was typed, kept in this tab under the form's address.
const PREFIX = 'crm.draft:';
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;

export const storage = {
  get(key) {
    try {
      const found = JSON.parse(sessionStorage.getItem(PREFIX + key));
      return found && Date.now() - found.at < MAX_AGE_MS ? found : null;
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
    } catch { /* switched off or full: leaving still asks */ }
  },
  remove(key) {
    try {
      sessionStorage.removeItem(PREFIX + key);
    } catch { /* switched off: nothing to remove */ }
  },
  keys() {
    try {
      return Object.keys(sessionStorage).filter(key => key.startsWith(PREFIX)).map(key => key.slice(PREFIX.length));
    } catch {
      return [];
    }
  },
};

// The server says "#saved" when it stored what was sent: those drafts are done with.
export function settle() {
  if (location.hash !== '#saved') return;
  for (const key of storage.keys()) {
    if (storage.get(key)?.sent) storage.remove(key);
  }
  history.replaceState(history.state, '', location.pathname + location.search);
}
