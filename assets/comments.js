// What people say to each other: the box they write in, with suggestions after an @, and the list of what was said. Text is
// shown as text; only mentions of people who are known stand out.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var SUGGESTED = 6;
  var TEXT_MAX = 10000;
  var OPEN_MENTION = /(^|[^A-Za-z0-9_.@/+-])@([A-Za-z0-9_-]{0,50})$/; // being typed, before the caret
  var MENTION = /(^|[^A-Za-z0-9_.@/+-])@([A-Za-z0-9_-]{3,50})(?![A-Za-z0-9_-])/g;

  // -- the list: [moment, who, text], newest first -----------------------------------------------------------------------
  function marked(text, known) {
    var found = [];
    var end = 0;
    text.replace(MENTION, function (whole, before, name, at) {
      if (known.indexOf(name.toLowerCase()) < 0) return whole;
      var start = at + before.length;
      found.push(text.slice(end, start), parts.h("span", { key: start, className: "mention" }, "@" + name));
      end = start + name.length + 1;
      return whole;
    });
    return found.concat(text.slice(end));
  }

  parts.Comments = function (props) {
    var h = parts.h;
    var known = (props.known || []).map(function (name) {
      return name.toLowerCase();
    });
    var lines = (props.entries || []).map(function (entry, index) {
      return h(
        "li",
        { key: entry[0] + index },
        h("div", { className: "by" }, h("strong", null, entry[1]), h("span", { className: "beside" }, parts.moment(entry[0], "ago"))),
        h("p", { className: "as-written" }, marked(entry[2] || "", known)),
      );
    });
    return h("ol", { id: props.id, className: "comments" }, lines);
  };

  // -- the box -----------------------------------------------------------------------------------------------------------
  function matching(people, word) {
    var wanted = word.toLowerCase();
    return people
      .filter(function (one) {
        return one[0].toLowerCase().indexOf(wanted) === 0 || one[1].toLowerCase().indexOf(wanted) >= 0;
      })
      .slice(0, SUGGESTED);
  }

  parts.CommentBox = function (props) {
    return parts.h(Box, { key: props.spec.test, id: props.id, spec: props.spec });
  };

  function Box(props) {
    var h = parts.h;
    var React = window.React;
    var draft = parts.draft.name(props.spec.test, "comment");
    var text = React.useState(parts.draft.read(draft) || "");
    var choices = React.useState([]);
    var chosen = React.useState(0);
    var told = React.useState(null);
    var area = React.useRef(null);
    var caret = React.useRef(null); // where it goes once the text has changed
    var doing = told[0] && told[0].state === "doing";

    function write(value) {
      text[1](value);
      if (value) parts.draft.keep(draft, value);
      else parts.draft.drop(draft);
    }

    function typed(event) {
      var value = event.target.value;
      write(value);
      var open = OPEN_MENTION.exec(value.slice(0, event.target.selectionStart));
      choices[1](open ? matching(props.spec.people, open[2]) : []);
      chosen[1](0);
    }

    function take(person) {
      var at = area.current.selectionStart;
      var before = text[0].slice(0, at).replace(/@[A-Za-z0-9_-]*$/, "@" + person[0] + " ");
      write(before + text[0].slice(at));
      choices[1]([]);
      caret.current = before.length;
      area.current.focus();
    }

    // With the text itself, not later: whoever types on types behind the name.
    React.useLayoutEffect(
      function () {
        if (caret.current === null) return;
        area.current.setSelectionRange(caret.current, caret.current);
        caret.current = null;
      },
      [text[0]],
    );

    function send() {
      if (doing || !text[0].trim()) return;
      var question = { kind: "comment", test: props.spec.test, seen_version: props.spec.version, payload: { text: text[0] } };
      parts.act(question, function (answer) {
        told[1](answer);
        if (answer.state === "done" || answer.state === "queued") write("");
        if (answer.state === "done" || answer.state === "queued") window.dispatchEvent(new CustomEvent("aegis:test-changed"));
      });
    }

    function keys(event) {
      var many = choices[0].length;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
      else if (!many) return;
      else if (event.key === "ArrowDown") chosen[1]((chosen[0] + 1) % many);
      else if (event.key === "ArrowUp") chosen[1]((chosen[0] + many - 1) % many);
      else if (event.key === "Enter" || event.key === "Tab") take(choices[0][chosen[0]]);
      else if (event.key === "Escape") choices[1]([]);
      else return;
      event.preventDefault();
    }

    var list = props.id + "-people";
    var open = choices[0].length > 0;
    return h(
      "form",
      {
        id: props.id,
        className: "comment-box",
        onSubmit: function (event) {
          event.preventDefault();
          send();
        },
      },
      h("textarea", {
        ref: area,
        className: "field",
        rows: 2,
        maxLength: TEXT_MAX,
        value: text[0],
        placeholder: "Write to the others; @ speaks to somebody",
        "aria-label": "Comment",
        role: "combobox",
        "aria-expanded": open,
        "aria-autocomplete": "list",
        "aria-controls": list,
        "aria-activedescendant": open ? list + "-" + chosen[0] : undefined,
        onChange: typed,
        onKeyDown: keys,
        onBlur: function () {
          choices[1]([]);
        },
      }),
      h(
        "ul",
        { id: list, role: "listbox", "aria-label": "People", className: "suggestions", hidden: !open },
        choices[0].map(function (person, index) {
          return h(
            "li",
            {
              key: person[0],
              id: list + "-" + index,
              role: "option",
              "aria-selected": index === chosen[0],
              onMouseDown: function (event) {
                event.preventDefault(); // the box keeps the focus
                take(person);
              },
            },
            person[1],
            h("span", { className: "beside" }, "@" + person[0]),
          );
        }),
      ),
      h(
        "div",
        { className: "actions" },
        h("button", { type: "submit", className: "button is-quiet", "aria-disabled": Boolean(doing || !text[0].trim()) }, doing ? "Doing…" : "Comment"),
        h("span", { className: "hint", role: "status" }, said(told[0])),
      ),
    );
  }

  function said(told) {
    if (!told || told.state === "doing" || told.state === "done") return "";
    return told.state === "queued" ? "Queued: your comment is kept and appears when it is taken." : told.text;
  }
})();
