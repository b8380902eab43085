// The jobs page asks anew every few seconds, but only while somebody looks at it.
(function () {
  "use strict";

  document.addEventListener("visibilitychange", function () {
    if (!document.getElementById("jobs-body")) return;
    window.dash_clientside.set_props("jobs-poll", { disabled: document.hidden });
  });
})();
