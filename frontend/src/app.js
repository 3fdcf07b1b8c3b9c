// Entry of the browser code: htmx with the settings that a strict Content-Security-Policy needs, the parts that every
// page has, and the loader of the parts that only some pages have (<div data-module="select">).
import 'bootstrap/js/src/dropdown.js';
import 'bootstrap/js/src/offcanvas.js';
import 'bootstrap/js/src/collapse.js';
import htmx from 'htmx.org';
import {startDialogs} from './dialogs.js';
import {startKeys} from './keys.js';
import {startModules} from './modules.js';
import {startPalette} from './palette.js';
import {startPeek} from './peek.js';
import {startRequests} from './requests.js';
import {startSearch} from './search.js';
import {startShell} from './shell.js';
import {startToasts} from './toasts.js';

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  attributesToSettle: ['class', 'width', 'height'],
  // What a swap brings answers a fast hand at once: until it settles its hx- attributes are dead.
  defaultSettleDelay: 0,
  historyCacheSize: 0,
  includeIndicatorStyles: false,
  refreshOnHistoryMiss: true,
  scrollIntoViewOnBoost: false,
  selfRequestsOnly: true,
});
window.htmx = htmx;

startRequests();
startToasts();
startDialogs();
startShell();
startPeek();
startSearch();
startPalette();
startKeys();
await startModules(document);
document.documentElement.dataset.booted = '1';
