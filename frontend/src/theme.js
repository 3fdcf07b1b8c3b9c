// Runs before the first paint: the theme of the system where the person chose none, and the width of the sidebar.
(() => {
  const root = document.documentElement;
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    if (root.dataset.theme === 'auto') root.dataset.bsTheme = system.matches ? 'dark' : 'light';
  };
  apply();
  system.addEventListener('change', apply);
  try {
    if (localStorage.getItem('crm.sidebar') === 'narrow') root.dataset.sidebar = 'narrow';
  } catch { /* storage is switched off: the sidebar stays wide */ }
})();
