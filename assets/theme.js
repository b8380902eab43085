// The theme and the width of the rail, as this browser last chose them. Loaded in <head>, before anything is painted;
// running it twice does no harm.
(function () {
  "use strict";
  if (window.aegisTheme) return;
  var root = document.documentElement;
  var systemDark = window.matchMedia("(prefers-color-scheme: dark)");

  function read(key, otherwise) {
    try {
      return localStorage.getItem(key) || otherwise;
    } catch (error) {
      return otherwise; // storage is closed in some private windows: the default is right then
    }
  }

  function keep(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch (error) {
      console.info("This browser keeps no settings; the choice lasts for this page.");
    }
  }

  function apply(choice) {
    var dark = choice === "dark" || (choice === "system" && systemDark.matches);
    root.setAttribute("data-bs-theme", dark ? "dark" : "light");
    root.setAttribute("data-theme-choice", choice);
    window.dispatchEvent(new CustomEvent("aegis:theme", { detail: dark ? "dark" : "light" }));
  }

  function applyStored() {
    apply(read("aegis-theme", "system"));
    root.setAttribute("data-rail", read("aegis-rail", "full"));
  }

  window.aegisTheme = {
    choose: function (choice) {
      keep("aegis-theme", choice);
      apply(choice);
    },
    toggleRail: function () {
      var next = root.getAttribute("data-rail") === "icons" ? "full" : "icons";
      keep("aegis-rail", next);
      root.setAttribute("data-rail", next);
    },
  };
  systemDark.addEventListener("change", applyStored);
  window.addEventListener("storage", applyStored);
  applyStored();
})();
