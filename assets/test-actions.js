// The action bar of a test: its buttons, a dialog for each action that has a form, how the last action went, what waits,
// and whether anybody changed the test meanwhile.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var LOOK_MS = 5000; // how often an open page asks whether the test has changed
  var NO_WORKER = "No worker is running; your action is kept and done when one returns.";
  var CHANGED = "aegis:test-changed";

  parts.TestActions = function (props) {
    var spec = props.spec || { actions: [], waiting: [] };
    return parts.h(Bar, { key: spec.test, id: props.id, spec: spec, asked: props.asked, setProps: props.setProps });
  };

  function find(spec, kind) {
    return spec.actions.find(function (action) {
      return action.kind === kind;
    });
  }

  // -- the page follows the test -----------------------------------------------------------------------------------------
  // A ref to the newest props: timers and listeners are made once.
  function useNewest(value) {
    var held = window.React.useRef(value);
    held.current = value;
    return held;
  }

  function changed(now, spec) {
    if (now.version !== spec.version || now.entries !== spec.entries) return true;
    return now.waiting !== spec.waiting.length || now.ahead !== spec.ahead;
  }

  function useFollow(newest, setWorker) {
    window.React.useEffect(function () {
      var reread = function () {
        newest.current.setProps({ asked: (newest.current.asked || 0) + 1 });
      };
      var look = function () {
        if (document.hidden) return;
        var spec = newest.current.spec;
        parts.request("GET", "/api/tests/" + spec.number + "/version", null, true).then(
          function (answer) {
            if (!answer.ok || newest.current.spec !== spec) return;
            setWorker(answer.body.worker);
            if (changed(answer.body, spec)) reread();
          },
          function () {}, // nobody answers just now: asked again soon, and the frame says so
        );
      };
      var clock = window.setInterval(look, LOOK_MS);
      document.addEventListener("visibilitychange", look);
      window.addEventListener(CHANGED, reread);
      return function () {
        window.clearInterval(clock);
        document.removeEventListener("visibilitychange", look);
        window.removeEventListener(CHANGED, reread);
      };
    }, []);
  }

  // Buttons elsewhere on the page that ask for an action: <button data-act="observe" data-given="{...}">
  function useButtons(newest, open) {
    window.React.useEffect(function () {
      var listen = function (event) {
        var button = event.target.closest && event.target.closest("[data-act]");
        var action = button && find(newest.current.spec, button.getAttribute("data-act"));
        if (action) open({ kind: action.kind, given: JSON.parse(button.getAttribute("data-given") || "{}") });
      };
      document.addEventListener("click", listen);
      return function () {
        document.removeEventListener("click", listen);
      };
    }, []);
  }

  function Bar(props) {
    var h = parts.h;
    var React = window.React;
    var newest = useNewest(props);
    var opened = React.useState(null);
    var result = React.useState(null);
    var worker = React.useState(props.spec.worker);
    var busy = React.useRef(false);
    // One's own action makes the next version; who goes on before the page is read again has seen that one.
    var own = React.useRef({ after: 0, version: 0 });
    useFollow(newest, worker[1]);
    useButtons(newest, opened[1]);
    React.useEffect(
      function () {
        worker[1](props.spec.worker);
      },
      [props.spec],
    );

    function run(action, payload, seen) {
      if (busy.current) return;
      busy.current = true;
      var read = seen;
      if (read === own.current.after) seen = own.current.version;
      var question = { kind: action.kind, test: props.spec.test, seen_version: seen, payload: payload };
      parts.act(question, function (told) {
        result[1](Object.assign({ action: action }, told));
        if (told.state === "doing") return;
        busy.current = false;
        if (told.worker !== undefined) worker[1](told.worker);
        if (told.state === "done" && told.version === seen + 1) own.current = { after: read, version: told.version };
        if (told.state === "done") parts.draft.drop(parts.draft.name(props.spec.test, action.kind));
        if (told.state === "done" || told.state === "queued") opened[1](null);
        if (told.state !== "lost") window.dispatchEvent(new CustomEvent(CHANGED));
      });
    }

    function press(action) {
      if (action.refusal) return result[1]({ action: action, state: "refused", text: action.refusal });
      result[1](null);
      if (action.fields) opened[1]({ kind: action.kind, given: null });
      else run(action, action.fixed, props.spec.version);
    }

    var action = opened[0] && find(props.spec, opened[0].kind);
    return h(
      "div",
      { id: props.id, className: "test-actions" },
      h("div", { className: "actions", role: "group", "aria-label": "Actions" }, buttons(props.spec, result[0], press)),
      props.spec.next ? h("p", { className: "hint" }, props.spec.next) : null,
      lines(props.spec, result[0], worker[0], opened),
      opened[0]
        ? h(Dialog, {
            key: opened[0].kind,
            spec: props.spec,
            action: action,
            given: opened[0].given,
            result: result[0],
            run: run,
            close: function () {
              opened[1](null);
            },
          })
        : null,
    );
  }

  function buttons(spec, result, press) {
    var h = parts.h;
    return spec.actions.map(function (action) {
      var doing = result && result.state === "doing" && result.action.kind === action.kind;
      var why = "why-" + action.kind;
      return h(
        "span",
        { key: action.kind, className: "action" },
        h(
          "button",
          {
            type: "button",
            className: "button" + (action.primary ? "" : " is-quiet") + (action.danger ? " is-risky" : ""),
            "aria-disabled": Boolean(action.refusal || doing),
            "aria-describedby": action.refusal ? why : undefined,
            title: action.refusal || undefined,
            onClick: function () {
              press(action);
            },
          },
          doing ? "Doing…" : action.label,
        ),
        action.refusal ? h("span", { id: why, className: "unseen" }, action.refusal) : null,
      );
    });
  }

  // How the last action went, what waits, and whether anybody is there to do it.
  function lines(spec, result, worker, opened) {
    var h = parts.h;
    var queued = result && result.state === "queued";
    var known = find(spec, result && result.action.kind);
    var again =
      result && result.state !== "done" && !opened[0] && known && known.fields && !known.refusal
        ? h(
            "button",
            {
              type: "button",
              className: "button is-quiet is-small",
              onClick: function () {
                opened[1]({ kind: known.kind, given: null });
              },
            },
            "Open the form again",
          )
        : null;
    return h(
      "div",
      { className: "action-lines", role: "status" },
      result && result.state === "done" ? h("p", { key: "r", className: "is-done" }, result.action.label + ": done.") : null,
      result && result.text && !opened[0] ? h("p", { key: "f", className: "is-failed" }, result.text, " ", again) : null,
      queued && !spec.waiting.length ? h("p", { key: "q" }, "Queued: " + result.action.label + ".") : null,
      spec.waiting.map(function (one, index) {
        return h("p", { key: "w" + index }, "Queued: " + one[0] + ", by " + one[1] + ", ", parts.moment(one[2], "ago"), ".");
      }),
      worker ? null : h("p", { key: "n", className: "is-failed" }, NO_WORKER),
    );
  }

  // -- the form of an action ---------------------------------------------------------------------------------------------
  function Dialog(props) {
    var h = parts.h;
    var React = window.React;
    var box = React.useRef(null);
    var draft = parts.draft.name(props.spec.test, props.action ? props.action.kind : "");
    var fields = props.action ? props.action.fields : [];
    var seen = React.useRef(props.spec.version);
    var fresh = React.useRef(parts.uuid());
    // Only what this person typed is kept: everything else follows the test.
    var typed = React.useState(function () {
      return (!props.given && parts.draft.read(draft)) || {};
    });
    var values = Object.assign(parts.formBegin(fields, props.given), typed[0]);
    React.useLayoutEffect(function () {
      var dialog = box.current;
      dialog.showModal();
      var first = dialog.querySelector("input:not([type=checkbox]), textarea, select");
      if (first) first.focus();
      return function () {
        dialog.close(); // focus goes back to the button
      };
    }, []);

    var told = useTold(props.result, props.action);
    var stale = told && told.code === "stale_version";
    React.useEffect(
      function () {
        if (stale) seen.current = props.spec.version; // the page behind shows the new state by now
      },
      [stale, props.spec.version],
    );

    function change(field, value, from) {
      var next = Object.assign({}, typed[0]);
      var key = field.key || field.name;
      next[key] = value;
      if (from) next[key + ":from"] = from;
      if (field.fills) next = parts.formRefill(fields, next, field.name, value);
      typed[1](next);
      parts.draft.keep(draft, next);
    }

    function submit(event, confirmed) {
      event.preventDefault();
      if (!props.action || !box.current.querySelector("form").reportValidity()) return;
      var payload = Object.assign(parts.formPayload(fields, values, props.action.changed_only), props.action.fixed);
      if (props.action.makes) payload[props.action.makes] = fresh.current;
      if (confirmed) payload.confirmed = true;
      props.run(props.action, payload, seen.current);
    }

    var doing = props.result && props.result.state === "doing";
    return h(
      "dialog",
      { ref: box, className: "act", "aria-labelledby": "act-title", onClose: props.close },
      h(
        "header",
        null,
        h("h2", { id: "act-title" }, props.action ? props.action.label : "Not possible any more"),
        h("button", { type: "button", className: "button is-quiet is-small", onClick: props.close }, "Close"),
      ),
      props.action ? null : h("p", null, "Somebody was quicker: this is no longer offered. What you typed is kept in this tab."),
      props.action && props.action.note ? h("p", { className: "hint" }, props.action.note) : null,
      h(
        "form",
        { className: "form", onSubmit: submit },
        props.action ? parts.formFields(fields, values, "act-" + props.action.kind, change) : null,
        told && told.text ? answer(told, submit) : null,
        props.action
          ? h(
              "button",
              {
                type: "submit",
                className: "button" + (props.action.danger ? " is-danger" : ""),
                "aria-disabled": Boolean(doing),
              },
              doing ? "Doing…" : props.action.label,
            )
          : null,
      ),
    );
  }

  // What the server said to this form, also while it is read again with other actions.
  function useTold(result, action) {
    var kind = window.React.useRef(action ? action.kind : "");
    return result && result.action.kind === kind.current && result.state !== "doing" ? result : null;
  }

  function answer(told, submit) {
    var h = parts.h;
    if (told.code !== "needs_confirmation") return h("p", { className: "is-failed", role: "alert" }, told.text);
    var questions = told.text.split(/(?<=\?) /);
    return h(
      "div",
      { className: "questions", role: "alert" },
      h(
        "ul",
        null,
        questions.map(function (question) {
          return h("li", { key: question }, question);
        }),
      ),
      h(
        "button",
        {
          type: "button",
          className: "button is-small",
          onClick: function (event) {
            submit(event, true);
          },
        },
        "Yes, it is right",
      ),
    );
  }
})();
