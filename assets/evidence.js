// The files of one side of a test: the other half of pages/components/evidence.py. Files come by drop, by choice and by paste, and
// the server's answer is what is shown.
(function () {
  "use strict";
  const parts = (window.aegis_parts = window.aegis_parts || {});
  const h = function () {
    return window.React.createElement.apply(null, arguments);
  };
  const { Sending, ask, megabytes } = window.aegisSending;
  const SHORT = 12;

  function address(item, more) {
    return "/api/evidence/" + item.id + (more || "");
  }

  // Screenshots come from the clipboard as "image.png", all of them.
  function named(file) {
    if (!/^image\.\w+$/.test(file.name)) return file;
    const moment = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
    return new File([file], file.name.replace("image", "screenshot-" + moment), { type: file.type });
  }

  function badge(item) {
    const ending = item.name.split(".").pop();
    return h("span", { className: "evidence-kind", "aria-hidden": true }, ending.length > 6 ? "file" : ending);
  }

  function Picture(props) {
    const [broken, setBroken] = window.React.useState(false);
    const item = props.item;
    if (!item.previewed || broken) return badge(item);
    return h(
      "button",
      { type: "button", className: "evidence-thumb", "aria-label": "Show " + item.name, onClick: () => props.show(item) },
      h("img", { src: address(item, "/preview"), alt: "", loading: "lazy", onError: () => setBroken(true) }),
    );
  }

  function Digest(props) {
    const [whole, setWhole] = window.React.useState(false);
    const text = whole ? props.sha256 : props.sha256.slice(0, SHORT) + "…";
    const words = { type: "button", className: "evidence-digest", title: "SHA-256 " + props.sha256, "aria-expanded": whole };
    return h("button", { ...words, onClick: () => setWhole(!whole) }, "SHA-256 " + text);
  }

  function Row(props) {
    const item = props.item;
    if (item.deleted_at) {
      return h(
        "li",
        { className: "evidence-row is-gone" },
        badge(item),
        h(
          "div",
          { className: "evidence-said" },
          h("span", { className: "evidence-name" }, h("s", null, item.name), " deleted"),
          h("div", { className: "hint" }, "“" + item.deleted_reason + "”"),
          h("div", { className: "by" }, item.deleted_by, ", ", parts.moment(item.deleted_at, "ago"), " · ", h(Digest, item)),
        ),
      );
    }
    return h(
      "li",
      { className: "evidence-row" },
      h(Picture, { item: item, show: props.show }),
      h(
        "div",
        { className: "evidence-said" },
        h("a", { className: "evidence-name", href: address(item) }, item.name),
        item.caption ? h("div", null, item.caption) : null,
        h("div", { className: "by" }, item.kind + ", " + megabytes(item.size) + " · ", h(Digest, item)),
        h("div", { className: "by" }, "Round " + item.round + ", " + item.uploaded_by + ", ", parts.moment(item.uploaded_at, "ago")),
      ),
      h(
        "div",
        { className: "evidence-acts" },
        h("a", { className: "button is-quiet is-small", href: address(item), "aria-label": "Download " + item.name }, "Download"),
        props.mayDelete
          ? h(
              "button",
              { type: "button", className: "button is-quiet is-small", "aria-label": "Delete " + item.name, onClick: () => props.remove(item) },
              "Delete",
            )
          : null,
      ),
    );
  }

  function OnItsWay(props) {
    const entry = props.entry;
    const failed = entry.state === "failed";
    const state = failed ? entry.words : entry.state === "waiting" ? "Waiting" : entry.sent < 1 ? Math.round(100 * entry.sent) + " %" : "Looking at it";
    return h(
      "li",
      { className: "evidence-row is-sending" + (failed ? " is-failed" : "") },
      h(
        "div",
        { className: "evidence-said" },
        h("span", { className: "evidence-name" }, entry.name),
        h("span", { className: "beside" }, megabytes(entry.size)),
        failed ? null : h("progress", { max: 1, value: entry.sent, "aria-label": "Sent of " + entry.name }),
        h("div", { className: failed ? "evidence-failure" : "by", role: failed ? "alert" : undefined }, state),
      ),
      h(
        "button",
        { type: "button", className: "button is-quiet is-small", "aria-label": (failed ? "Close " : "Stop ") + entry.name, onClick: props.drop },
        failed ? "Close" : "Stop",
      ),
    );
  }

  // A native dialog that is open as long as it is there.
  function Over(props) {
    const own = window.React.useRef(null);
    window.React.useEffect(() => {
      own.current.showModal();
    }, []);
    const title = h("h2", null, props.title);
    const close = h("button", { type: "button", className: "button is-quiet is-small", onClick: () => own.current.close() }, "Close");
    return h(
      "dialog",
      { ref: own, className: props.className, onClose: props.close, "aria-label": props.title },
      h("header", null, title, close),
      props.children,
    );
  }

  function Deleting(props) {
    const item = props.item;
    const [reason, setReason] = window.React.useState("");
    const [failure, setFailure] = window.React.useState("");
    const [busy, setBusy] = window.React.useState(false);
    const send = (event) => {
      event.preventDefault();
      setBusy(true);
      ask("DELETE", address(item), JSON.stringify({ reason: reason }), {
        done: props.done,
        failed: (words) => {
          setBusy(false);
          setFailure(words);
        },
      });
    };
    const id = "reason-" + item.id;
    return h(
      Over,
      { title: "Delete " + item.name, close: props.close, className: "evidence-deleting" },
      h(
        "p",
        null,
        "This removes the file (" + megabytes(item.size) + ") for everybody, and it cannot be brought back. Its name, its SHA-256, your name and the reason stay.",
      ),
      h(
        "form",
        { className: "form", onSubmit: send },
        h(
          "div",
          { className: "labelled" },
          h("label", { htmlFor: id }, "Why it is deleted"),
          h("textarea", {
            id: id,
            className: "field",
            rows: 3,
            required: true,
            minLength: 3,
            maxLength: props.limit,
            value: reason,
            onChange: (event) => setReason(event.target.value),
          }),
        ),
        failure ? h("p", { className: "evidence-failure", role: "alert" }, failure) : null,
        h("button", { type: "submit", className: "button is-danger", disabled: busy || reason.trim().length < 3 }, "Delete for everybody"),
      ),
    );
  }

  function Looking(props) {
    const item = props.item;
    return h(
      Over,
      { title: item.name, close: props.close, className: "evidence-looking" },
      h("img", { src: address(item, "/preview"), alt: item.caption || item.name }),
      h("p", null, item.caption ? item.caption + " " : "", h("a", { href: address(item) }, "Download")),
    );
  }

  function Adding(props) {
    const React = window.React;
    const [over, setOver] = React.useState(false);
    const zone = React.useRef(null);
    React.useEffect(() => {
      // Of several panels the one with the focus takes what is pasted, else the first.
      const pasted = (event) => {
        const files = event.clipboardData ? Array.from(event.clipboardData.files) : [];
        if (!files.length) return;
        const all = Array.from(document.querySelectorAll(".evidence-adding"));
        const meant = all.find((one) => one.closest(".evidence").contains(document.activeElement)) || all[0];
        if (meant !== zone.current) return;
        event.preventDefault();
        props.sending.add(files.map(named));
      };
      document.addEventListener("paste", pasted);
      return () => document.removeEventListener("paste", pasted);
    }, [props.sending]);
    return h(
      "div",
      {
        ref: zone,
        className: "evidence-adding" + (over ? " is-over" : ""),
        onDragOver: (event) => {
          event.preventDefault();
          setOver(true);
        },
        onDragLeave: () => setOver(false),
        onDrop: (event) => {
          event.preventDefault();
          setOver(false);
          props.sending.add(event.dataTransfer.files);
        },
      },
      h("button", { type: "button", className: "button is-quiet", onClick: () => props.sending.choose() }, "Choose files"),
      h("span", { className: "hint" }, "or drop them here, or paste a screenshot. " + megabytes(props.limits.bytes) + " each at most."),
      h("input", {
        type: "text",
        className: "field",
        "aria-label": "What the next files show",
        placeholder: "What they show (optional)",
        maxLength: props.limits.caption,
        value: props.sending.caption,
        onChange: (event) => props.sending.say(event.target.value),
      }),
    );
  }

  parts.EvidencePanel = function (props) {
    const React = window.React;
    const [items, setItems] = React.useState(props.items || []);
    const [said, setSaid] = React.useState("");
    const [open, setOpen] = React.useState(null); // {look: item} or {remove: item}
    const [, redraw] = React.useReducer((count) => count + 1, 0);
    React.useEffect(() => setItems(props.items || []), [props.items]);

    const changed = (words) => {
      setSaid(words);
      if (props.touches) window.dash_clientside.set_props(props.touches, { data: Date.now() });
    };
    const kept = React.useRef(null);
    kept.current = (item) => {
      setItems((before) => [item, ...before]);
      changed(item.name + " was added.");
    };
    const where = "/api/tests/" + props.number + "/evidence?side=" + props.side;
    const sending = Sending.to(where, props.limits.bytes);
    React.useEffect(
      () =>
        sending.listen((item) => {
          if (item) kept.current(item);
          redraw();
        }),
      [sending],
    );
    React.useEffect(() => {
      const warn = (event) => {
        if (sending.busy) event.preventDefault();
      };
      window.addEventListener("beforeunload", warn);
      return () => window.removeEventListener("beforeunload", warn);
    }, [sending]);

    const removed = (tombstone) => {
      setItems((before) => before.map((item) => (item.id === tombstone.id ? tombstone : item)));
      setOpen(null);
      changed(tombstone.name + " was deleted.");
    };
    const rows = sending.files
      .map((entry) => h(OnItsWay, { key: "s" + entry.key, entry: entry, drop: () => sending.drop(entry) }))
      .concat(
        items.map((item) =>
          h(Row, {
            key: item.id,
            item: item,
            mayDelete: props.mayDelete,
            show: (it) => setOpen({ look: it }),
            remove: (it) => setOpen({ remove: it }),
          }),
        ),
      );
    const close = () => setOpen(null);
    return h(
      "div",
      { id: props.id, className: "evidence is-" + props.side },
      props.mayAdd ? h(Adding, { sending: sending, limits: props.limits }) : null,
      rows.length ? h("ul", { className: "evidence-rows" }, rows) : h("p", { className: "hint" }, "No files yet."),
      !props.mayAdd && props.whyNot ? h("p", { className: "hint" }, props.whyNot) : null,
      h("span", { className: "unseen", role: "status" }, said),
      open && open.look ? h(Looking, { item: open.look, close: close }) : null,
      open && open.remove ? h(Deleting, { item: open.remove, close: close, done: removed, limit: props.limits.reason }) : null,
    );
  };
})();
