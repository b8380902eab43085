// State in the address. A component that changes the query writes it here and tells nobody, because it knows already;
// going back or forward within a page is announced as `aegis:query`. Going to another page is `aegis.go` of frame.js.
(function () {
  "use strict";

  function read() {
    return Object.fromEntries(new URLSearchParams(window.location.search));
  }

  // `changes`: name -> text; an empty text removes the name. Commas stay readable, as the server writes them.
  function write(changes, replace) {
    const query = new URLSearchParams(window.location.search);
    Object.entries(changes).forEach(([name, text]) => (text ? query.set(name, text) : query.delete(name)));
    const text = query.toString().replace(/%2C/g, ",");
    const href = window.location.pathname + (text ? "?" + text : "");
    if (href === window.location.pathname + window.location.search) return;
    window.history[replace ? "replaceState" : "pushState"]({}, "", href);
  }

  function plainClick(event) {
    const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    return !event.defaultPrevented && event.button === 0 && !modified;
  }

  ["popstate", "_dashprivate_pushstate"].forEach((type) =>
    window.addEventListener(type, () => window.dispatchEvent(new CustomEvent("aegis:query"))),
  );

  // <a data-with-query href="/export/..."> takes along what the address says at that moment.
  ["pointerdown", "focusin", "click"].forEach((type) =>
    document.addEventListener(
      type,
      (event) => {
        const link = event.target.closest && event.target.closest("a[data-with-query]");
        if (link) link.search = window.location.search;
      },
      true,
    ),
  );

  window.aegisAddress = { plainClick, read, write };
})();
