// Files on their way to the server: one after the other, each with its progress, and what became of it.
(function () {
  "use strict";

  function megabytes(bytes) {
    if (bytes < 1024) return bytes + " B";
    if (bytes < 1048576) return Math.round(bytes / 1024) + " KB";
    return (bytes / 1048576).toLocaleString("en", { maximumFractionDigits: bytes < 104857600 ? 1 : 0 }) + " MB";
  }

  function signIn() {
    location.assign("/login?ended=1&next=" + encodeURIComponent(location.pathname + location.search));
  }

  function answer(request) {
    try {
      return JSON.parse(request.responseText);
    } catch (error) {
      return {}; // a proxy's own page: the status says enough
    }
  }

  function refusal(request) {
    if (request.status === 0) return "The connection broke off. Nothing was kept; try again.";
    if (request.status === 413) return answer(request).detail || "This is larger than the server takes. Nothing was kept.";
    return answer(request).detail || "The server refused it (" + request.status + "). Nothing was kept.";
  }

  // A request with the token; `done(answer)` or `failed(sentence)`.
  function ask(method, address, body, on) {
    const request = new XMLHttpRequest();
    request.open(method, address);
    request.setRequestHeader("X-CSRFToken", window.aegisCsrf());
    request.setRequestHeader("Accept", "application/json");
    if (typeof body === "string") request.setRequestHeader("Content-Type", "application/json");
    if (on.progress) request.upload.addEventListener("progress", on.progress);
    request.addEventListener("load", () => {
      if (request.status === 401) return signIn();
      if (request.status >= 200 && request.status < 300) on.done(answer(request));
      else on.failed(refusal(request));
    });
    request.addEventListener("error", () => on.failed(refusal(request)));
    request.send(body);
    return request;
  }

  const all = new Map();

  class Sending {
    // The one of this address: what is on its way goes on, and is still shown, when the page was drawn anew meanwhile.
    static to(address, limit) {
      if (!all.has(address)) all.set(address, new Sending(address, limit));
      return all.get(address);
    }

    constructor(address, limit) {
      Object.assign(this, { address, limit, files: [], caption: "", made: 0, listeners: new Set(), chooser: null });
    }

    // The browser's dialog belongs to an element of ours, none of the page's: that may be drawn anew while somebody chooses.
    choose() {
      this.chooser = Object.assign(document.createElement("input"), { type: "file", multiple: true });
      this.chooser.addEventListener("change", (event) => this.add(event.target.files));
      this.chooser.click();
    }

    // What the next files show.
    say(caption) {
      this.caption = caption;
      this.tell();
    }

    // `listener()` after every step, `listener(item)` with what the server has taken; returns what ends it.
    listen(listener) {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    }

    tell(item) {
      this.listeners.forEach((listener) => listener(item));
    }

    add(files) {
      if (!files.length) return;
      for (const file of files) {
        const entry = { key: (this.made += 1), file, caption: this.caption, name: file.name, size: file.size, sent: 0, state: "waiting" };
        if (file.size > this.limit) this.fail(entry, "It has " + megabytes(file.size) + "; the limit is " + megabytes(this.limit) + ".");
        else if (file.size === 0) this.fail(entry, "It is empty, or a folder.");
        this.files.push(entry);
      }
      this.caption = "";
      this.tell();
      this.next();
    }

    fail(entry, words) {
      entry.state = "failed";
      entry.words = words;
    }

    next() {
      if (this.files.some((one) => one.state === "sending")) return;
      const entry = this.files.find((one) => one.state === "waiting");
      if (entry) this.send(entry);
    }

    send(entry) {
      const body = new FormData();
      body.append("caption", entry.caption || "");
      body.append("file", entry.file, entry.name);
      entry.state = "sending";
      entry.request = ask("POST", this.address, body, {
        progress: (event) => {
          entry.sent = event.total ? event.loaded / event.total : 0;
          this.tell();
        },
        done: (item) => {
          this.files = this.files.filter((one) => one !== entry);
          this.tell(item);
          this.next();
        },
        failed: (words) => {
          this.fail(entry, words);
          this.tell();
          this.next();
        },
      });
      this.tell();
    }

    // Stop one on its way, or put away what was said about it.
    drop(entry) {
      if (entry.state === "sending") entry.request.abort();
      this.files = this.files.filter((one) => one !== entry);
      this.tell();
      this.next();
    }

    get busy() {
      return this.files.some((one) => one.state !== "failed");
    }
  }

  window.aegisSending = { Sending, ask, megabytes };
})();
