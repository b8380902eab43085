// <form data-upload="id of a store"> (a PostForm with `touches`): sends a file with its progress, and touches the store when the server has taken it.
(function () {
  "use strict";

  function say(form, text, kind) {
    var line = form.querySelector(".upload-state");
    line.textContent = text;
    line.className = "upload-state" + (kind ? " is-" + kind : "");
  }

  function megabytes(bytes) {
    return (bytes / 1048576).toLocaleString(undefined, { maximumFractionDigits: 1 }) + " MB";
  }

  function answer(request) {
    try {
      return JSON.parse(request.responseText);
    } catch (error) {
      return {}; // a proxy's own page: the status says enough
    }
  }

  function refusal(request) {
    if (request.status === 413) return "The file is larger than this server takes. Nothing was changed.";
    return "The server refused the file (" + request.status + "). Nothing was changed.";
  }

  function send(form) {
    var file = form.querySelector('input[type="file"]').files[0];
    var limit = Number(form.getAttribute("data-limit"));
    var bar = form.querySelector("progress");
    var button = form.querySelector("button");
    if (!file) return say(form, "Choose a file first.", "failed");
    if (limit && file.size > limit) {
      return say(form, "This file has " + megabytes(file.size) + "; the limit is " + megabytes(limit) + ".", "failed");
    }
    var request = new XMLHttpRequest();
    request.open("POST", form.getAttribute("action"));
    request.setRequestHeader("X-CSRFToken", window.aegisCsrf());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", function (event) {
      bar.hidden = false;
      bar.max = event.total;
      bar.value = event.loaded;
      say(form, megabytes(event.loaded) + " of " + megabytes(event.total));
    });
    request.addEventListener("loadend", function () {
      bar.hidden = true;
      button.disabled = false;
      if (request.status === 401) return location.assign("/login?ended=1&next=" + encodeURIComponent(location.pathname));
      if (request.status >= 200 && request.status < 300) {
        form.reset();
        say(form, answer(request).message || "Received. The sync has been queued.", "done");
        window.dash_clientside.set_props(form.getAttribute("data-upload"), { data: answer(request).touched || Date.now() });
      } else if (request.status === 0) {
        say(form, "The connection broke off. Nothing was changed; try again.", "failed");
      } else {
        say(form, answer(request).detail || refusal(request), "failed");
      }
    });
    button.disabled = true;
    say(form, "Sending");
    request.send(new FormData(form));
  }

  document.addEventListener("submit", function (event) {
    if (!event.target.matches("form[data-upload]")) return;
    event.preventDefault();
    send(event.target);
  });
})();
