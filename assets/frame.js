// What the frame does without asking the server: going places, the rail, menus, dialogs, keyboard shortcuts.
(function () {
  "use strict";
  var doc = document;

  function byId(id) {
    return doc.getElementById(id);
  }

  // -- going places: links marked data-go change the view without loading the document again ------------------------
  function go(href) {
    var target = new URL(href, location.href);
    var sameView = target.pathname === location.pathname;
    history.pushState({}, "", target.pathname + target.search + target.hash);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    if (target.hash) jump(target.hash.slice(1));
    else if (!sameView) {
      window.scrollTo(0, 0);
      byId("page").focus({ preventScroll: true }); // what was clicked may be gone with its page
    }
    arrived();
  }

  function jump(id) {
    var section = byId(id);
    if (!section) return;
    section.scrollIntoView({ block: "start" });
    section.setAttribute("tabindex", "-1");
    section.focus({ preventScroll: true });
  }

  function arrived() {
    var links = doc.querySelectorAll("#rail a.icon");
    var nearest = "";
    links.forEach(function (link) {
      var path = link.getAttribute("href");
      var here = path === "/" ? location.pathname === "/" : location.pathname.indexOf(path) === 0;
      if (here && path.length > nearest.length) nearest = path;
    });
    links.forEach(function (link) {
      if (link.getAttribute("href") !== nearest) return link.removeAttribute("aria-current");
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest" });
    });
    doc.documentElement.removeAttribute("data-drawer");
  }

  doc.addEventListener("click", function (event) {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    var link = event.target.closest && event.target.closest("a[data-go]");
    if (!link) return;
    event.preventDefault();
    var dialog = link.closest("dialog");
    if (dialog) dialog.close();
    closeMenus();
    go(link.getAttribute("href"));
  });
  window.addEventListener("popstate", arrived);

  // -- menus are <details class="menu">: they close when the person goes on -----------------------------------------
  function closeMenus(except) {
    doc.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (menu !== except) menu.removeAttribute("open");
    });
  }

  doc.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details.menu"));
    var choice = event.target.closest("[data-theme-set]");
    if (choice) {
      window.aegisTheme.choose(choice.getAttribute("data-theme-set"));
      closeMenus();
    }
    var opener = event.target.closest("[data-opens]");
    if (opener) open(opener.getAttribute("data-opens"));
    var closer = event.target.closest("[data-closes]");
    if (closer) putAway(closer.closest("dialog, .told"));
    if (event.target.closest("[data-rail-toggle]")) window.aegisTheme.toggleRail();
    if (event.target.closest("[data-drawer-toggle]")) doc.documentElement.toggleAttribute("data-drawer");
    else if (!event.target.closest("#rail")) doc.documentElement.removeAttribute("data-drawer");
    if (event.target.tagName === "DIALOG") event.target.close(); // the backdrop
  });

  function putAway(thing) {
    if (thing.matches("dialog")) thing.close();
    else thing.hidden = true; // the node stays React's
  }

  // -- dialogs ------------------------------------------------------------------------------------------------------
  function open(id) {
    var dialog = byId(id);
    if (!dialog || dialog.open) return;
    dialog.showModal();
    var field = dialog.querySelector("input");
    if (field) {
      field.focus();
      field.select();
    }
  }

  function walkResults(event) {
    var dialog = byId("search-dialog");
    if (!dialog || !dialog.open || !/^(ArrowDown|ArrowUp|Enter)$/.test(event.key)) return false;
    var links = Array.from(dialog.querySelectorAll("a[href]"));
    if (!links.length) return false;
    var at = links.indexOf(doc.activeElement);
    if (event.key === "Enter") {
      if (at >= 0) return false;
      links[0].click();
    } else {
      var next = event.key === "ArrowDown" ? at + 1 : at - 1;
      (next < 0 ? dialog.querySelector("input") : links[Math.min(next, links.length - 1)]).focus();
    }
    event.preventDefault();
    return true;
  }

  // -- keyboard -----------------------------------------------------------------------------------------------------
  var pending = 0;

  function typing(target) {
    return target.closest && target.closest("input, textarea, select, [contenteditable], .ag-root");
  }

  doc.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || walkResults(event)) return;
    if (event.key === "Escape") {
      var panel = doc.querySelector(".side .side-close");
      closeMenus();
      doc.documentElement.removeAttribute("data-drawer");
      if (panel && !doc.querySelector("dialog[open]")) panel.click();
      return;
    }
    if (typing(event.target) || doc.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      event.preventDefault();
      open("search-dialog");
    } else if (event.key === "?") {
      open("keys-dialog");
    } else if (event.key === "g") {
      pending = event.timeStamp;
      return;
    } else if (pending && event.timeStamp - pending < 1500) {
      var place = doc.querySelector('#rail a[data-key="' + CSS.escape(event.key) + '"]');
      if (place) {
        event.preventDefault();
        go(place.getAttribute("href"));
      }
    }
    pending = 0;
  });

  // -- what follows the page as it changes --------------------------------------------------------------------------
  var opener = null;
  var shown = null;

  function followPanel() {
    var panel = doc.querySelector(".side");
    if (panel === shown) return;
    if (panel) {
      opener = opener || doc.activeElement;
      panel.setAttribute("tabindex", "-1");
      panel.focus({ preventScroll: true });
    } else if (opener && doc.contains(opener)) {
      opener.focus({ preventScroll: true });
    }
    if (!panel) opener = null;
    shown = panel;
  }

  var announced = "";

  function followTitle() {
    var title = byId("title");
    if (!title || title.textContent === announced) return;
    announced = title.textContent;
    doc.title = announced ? announced + " · Aegis" : "Aegis";
  }

  var started = false;

  function settle() {
    if (!started && byId("rail")) {
      started = true;
      arrived();
      tellTheme();
    }
    followTitle();
    followPanel();
  }

  // Charts need the theme's name: it is handed to Dash as the store "theme".
  function tellTheme() {
    if (!byId("toasts") || !window.dash_clientside || !window.dash_clientside.set_props) return;
    window.dash_clientside.set_props("theme", { data: doc.documentElement.getAttribute("data-bs-theme") });
  }

  window.addEventListener("aegis:theme", tellTheme);
  new MutationObserver(settle).observe(doc.documentElement, { childList: true, subtree: true, characterData: true });
  window.aegis = { go: go, jump: jump };
})();
