// An action on a test, from the click to its end: `parts.act(question, tell)` sends {kind, test, seen_version, payload} and
// tells {state, text, code, worker} as it goes on: doing, queued, then done, refused or lost.
// What is asked keeps its key until it is answered: a second click and a request that got no answer are the same action.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var PAUSES = [400, 1000, 2500]; // before a request that got no answer is sent again
  var LOOK_MS = 1500; // how often a queued action is looked at
  var LOST = "The connection broke off. What you typed is kept; press again, and it is done once only.";
  var GONE = "It could not be done. Nothing was changed; try it again.";
  var keys = {};

  parts.uuid = function () {
    if (window.crypto.randomUUID) return window.crypto.randomUUID();
    var bytes = window.crypto.getRandomValues(new Uint8Array(16)); // plain HTTP has no randomUUID
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    var hex = Array.from(bytes, function (byte) {
      return byte.toString(16).padStart(2, "0");
    }).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };

  // What is asked `byItself` does not keep a session open that nobody uses.
  function request(method, address, body, byItself) {
    var headers = { Accept: "application/json", "X-CSRFToken": window.aegisCsrf() };
    if (byItself) headers["X-Background"] = "1";
    if (body) headers["Content-Type"] = "application/json";
    return window.fetch(address, { method: method, headers: headers, body: body ? JSON.stringify(body) : undefined }).then(function (response) {
      if (response.status === 401) {
        location.assign("/login?ended=1&next=" + encodeURIComponent(location.pathname + location.search));
        return new Promise(function () {}); // we are leaving
      }
      if ([502, 503, 504].indexOf(response.status) >= 0) throw new Error("unavailable");
      return response.json().then(function (answer) {
        return { ok: response.ok, body: answer };
      });
    });
  }
  parts.request = request;

  function later(milliseconds, work) {
    window.setTimeout(work, milliseconds);
  }

  function ended(answer, asked, tell) {
    var body = answer.body;
    if (answer.ok && body.state === "queued") return false;
    delete keys[asked];
    if (!answer.ok) tell({ state: "refused", text: body.detail || GONE, code: body.code });
    else if (body.state === "done") tell({ state: "done", version: body.version });
    else tell({ state: "refused", text: body.detail || GONE, code: body.code });
    return true;
  }

  function follow(key, asked, tell) {
    later(LOOK_MS, function () {
      request("GET", "/api/actions/" + key, null, true).then(
        function (answer) {
          if (ended(answer, asked, tell)) return;
          tell({ state: "queued", worker: answer.body.worker });
          follow(key, asked, tell);
        },
        function () {
          follow(key, asked, tell);
        },
      );
    });
  }

  function send(key, question, asked, tell, tries) {
    request("POST", "/api/actions", Object.assign({ key: key }, question)).then(
      function (answer) {
        if (ended(answer, asked, tell)) return;
        tell({ state: "queued", worker: answer.body.worker });
        follow(key, asked, tell);
      },
      function () {
        if (tries >= PAUSES.length) return tell({ state: "lost", text: LOST });
        later(PAUSES[tries], function () {
          send(key, question, asked, tell, tries + 1);
        });
      },
    );
  }

  parts.act = function (question, tell) {
    var asked = JSON.stringify(question);
    keys[asked] = keys[asked] || parts.uuid();
    tell({ state: "doing" });
    send(keys[asked], question, asked, tell, 0);
  };

  // -- what somebody is writing survives a reload, a new sign-in and an action that fails ---------------------------------
  parts.draft = {
    name: function (test, kind) {
      return "aegis-draft:" + test + ":" + kind;
    },
    read: function (name) {
      try {
        return JSON.parse(window.sessionStorage.getItem(name) || "null");
      } catch (error) {
        return null; // not ours, or storage is off
      }
    },
    keep: function (name, value) {
      try {
        window.sessionStorage.setItem(name, JSON.stringify(value));
      } catch (error) {
        return; // storage is full or off: then it is only on the screen
      }
    },
    drop: function (name) {
      try {
        window.sessionStorage.removeItem(name);
      } catch (error) {
        return;
      }
    },
  };
})();
