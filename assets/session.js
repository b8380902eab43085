// Two things the server says on the side: this session has ended, and nobody answers.
(function () {
  "use strict";
  var plainFetch = window.fetch;
  var asked = 0; // numbers our requests: an answer to an older one says nothing about a failure after it
  var failed = 0;
  var owed = false; // the page that the address names has not come
  var waiting = 0;
  var PAUSE_MS = 3000;

  function isOurs(resource) {
    return String(resource && resource.url ? resource.url : resource).indexOf("_dash-") >= 0;
  }

  function opensPage(options) {
    return String(options && options.body).indexOf('"output":"..page.children.') >= 0;
  }

  function reachable(yes, number) {
    if (number < failed) return;
    if (!yes) failed = number;
    document.documentElement.toggleAttribute("data-unreachable", !yes);
    clearTimeout(waiting);
    if (!yes) waiting = setTimeout(askAgain, PAUSE_MS);
  }

  // Back again, what is on the screen stays, unless it is not what the address names.
  function askAgain() {
    var number = (asked += 1);
    plainFetch.call(window, "/readyz").then(
      function (response) {
        if (response.ok && owed) location.reload();
        else reachable(response.ok, number);
      },
      function () {
        reachable(false, number);
      },
    );
  }

  window.fetch = function (resource, options) {
    var ours = isOurs(resource);
    var number = (asked += 1);
    return plainFetch.call(window, resource, options).then(
      function (response) {
        var answers = ![502, 503, 504].includes(response.status);
        if (ours && opensPage(options)) owed = !answers;
        if (ours) reachable(answers, number);
        if (ours && response.status === 401) {
          var here = location.pathname + location.search + location.hash;
          location.assign("/login?ended=1&next=" + encodeURIComponent(here));
          return new Promise(function () {}); // we are leaving: nobody waits for this answer any more
        }
        return response;
      },
      function (error) {
        if (ours && error.name !== "AbortError") {
          if (opensPage(options)) owed = true;
          reachable(false, number);
        }
        throw error;
      },
    );
  };

  // Forms that leave the page carry the token of the cookie that Dash reads too.
  function token() {
    var found = /(?:^|;\s*)_csrf_token=([^;]+)/.exec(document.cookie);
    return found ? decodeURIComponent(found[1]) : "";
  }

  document.addEventListener(
    "submit",
    function (event) {
      var field = event.target.querySelector('input[name="csrf_token"]');
      if (field && !field.value) field.value = token();
    },
    true,
  );
  window.aegisCsrf = token;
})();
