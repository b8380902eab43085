// Small parts that Dash has no component for. No build step: each is a React component in the namespace that
// pages/components/parts.py names. One node of the Dash tree each, whatever they draw.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var h = function () {
    return window.React.createElement.apply(null, arguments);
  };
  parts.h = h;

  // Text that the server has already sanitised. Links to techniques stay inside the app.
  parts.SafeHtml = function (props) {
    return h("div", {
      id: props.id,
      className: props.className,
      dangerouslySetInnerHTML: { __html: props.html || "" },
      onClick: function (event) {
        var link = event.target.closest("a[href^='/']");
        if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        window.aegis.go(link.getAttribute("href"));
      },
    });
  };

  // -- the frame: many small nodes on every page, most of which nobody opens -------------------------------------------
  parts.Rail = function (props) {
    var links = function (group) {
      return group[1].map(function (place) {
        return h(
          "a",
          {
            key: place[0],
            href: place[0],
            className: "icon is-" + place[2],
            title: place[1],
            "data-go": "",
            "data-key": place[3] || undefined,
          },
          h("span", null, place[1]),
        );
      });
    };
    return h(
      "nav",
      { id: props.id, "aria-label": "Pages" },
      h("a", { href: "/", className: "brand", "data-go": "", "aria-label": "Aegis" }, "Aegis"),
      props.groups.map(function (group) {
        return h(window.React.Fragment, { key: group[0] }, h("div", { className: "group" }, group[0]), links(group));
      }),
      h(
        "button",
        { type: "button", className: "rail-toggle", title: "Narrow or widen", "data-rail-toggle": "" },
        "Narrow",
      ),
    );
  };

  parts.Keys = function (props) {
    var keys = function (key, at) {
      return h("kbd", { key: at }, key);
    };
    var rows = props.rows.map(function (row) {
      return h("tr", { key: row[1] }, h("td", null, row[0].map(keys)), h("td", null, row[1]));
    });
    return h("table", { id: props.id, className: "keys" }, h("tbody", null, rows));
  };

  // -- moments: in the viewer's zone, UTC on hover --------------------------------------------------------------------
  var STEPS = [
    ["year", 31536000],
    ["month", 2592000],
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ];

  // 14 Nov 2026, with the same three letters for every month as the server writes
  function day(date, zone) {
    var parts = {};
    new Intl.DateTimeFormat("en-US", { day: "numeric", month: "short", year: "numeric", timeZone: zone })
      .formatToParts(date)
      .forEach(function (part) {
        parts[part.type] = part.value;
      });
    return parts.day + " " + parts.month + " " + parts.year;
  }

  function clock(date, zone, seconds) {
    var shown = { hour: "2-digit", minute: "2-digit", timeZone: zone };
    if (seconds) shown.second = "2-digit";
    return new Intl.DateTimeFormat("en-GB", shown).format(date);
  }

  function clockOnly(date) {
    return clock(date, undefined, true);
  }

  function ago(date) {
    var seconds = (date.getTime() - Date.now()) / 1000;
    var step = STEPS.find(function (candidate) {
      return Math.abs(seconds) >= candidate[1];
    });
    if (!step) return seconds > 0 ? "in a moment" : "just now";
    return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / step[1]), step[0]);
  }

  parts.moment = function (iso, show) {
    var date = new Date(iso);
    var seconds = show === "second" || show === "clock";
    var exact = day(date) + ", " + clock(date, undefined, seconds);
    var short = { ago: ago, day: day, clock: clockOnly }[show];
    var utc = day(date, "UTC") + ", " + clock(date, "UTC", seconds) + " UTC";
    return h("time", { dateTime: iso, title: short ? exact + " (" + utc + ")" : utc }, short ? short(date) : exact);
  };

  parts.When = function (props) {
    return h("span", { id: props.id, className: props.className }, parts.moment(props.at, props.show || "moment"));
  };

  // -- what happened: [moment, side, text, detail, who], newest first ---------------------------------------------------
  parts.Timeline = function (props) {
    var lines = (props.entries || []).map(function (entry, index) {
      return h(
        "li",
        { key: index, className: "is-" + entry[1] },
        h("div", null, entry[2]),
        entry[3] ? h("div", { className: "hint" }, entry[3]) : null,
        h("div", { className: "by" }, entry[4], h("span", { className: "beside" }, parts.moment(entry[0], "ago"))),
      );
    });
    return h("ol", { id: props.id, className: "timeline" }, lines);
  };

  // -- what is typed, as `value` once the typing has paused ------------------------------------------------------------
  var PAUSE_MS = 150;

  parts.SearchField = function (props) {
    var waiting = window.React.useRef(0);
    return h("input", {
      id: props.id,
      type: "search",
      className: "field",
      placeholder: props.placeholder,
      "aria-label": props.label,
      autoComplete: "off",
      spellCheck: false,
      defaultValue: props.value,
      onInput: function (event) {
        var text = event.target.value;
        window.clearTimeout(waiting.current);
        waiting.current = window.setTimeout(function () {
          props.setProps({ value: text });
        }, PAUSE_MS);
      },
    });
  };

  // -- a form that posts like any form, without a callback -------------------------------------------------------------
  // `form` tells the fields of several forms on a page apart.
  function field(spec, form) {
    if (spec.type === "hidden") {
      return h("input", { key: spec.name, type: "hidden", name: spec.name, defaultValue: spec.value });
    }
    var id = "field" + form.replace(/\W+/g, "-") + "-" + spec.name;
    var hint = spec.hint ? h("span", { id: id + "-hint", className: "hint" }, spec.hint) : null;
    var input = h("input", {
      id: id,
      type: spec.type || "text",
      name: spec.name,
      accept: spec.accept,
      autoComplete: spec.autocomplete,
      placeholder: spec.placeholder,
      required: Boolean(spec.required),
      minLength: spec.minlength,
      className: "field",
      "aria-describedby": hint ? id + "-hint" : undefined,
    });
    return h("div", { key: spec.name, className: "labelled" }, h("label", { htmlFor: id }, spec.label), input, hint);
  }

  parts.PostForm = function (props) {
    return h(
      "form",
      {
        id: props.id,
        action: props.action,
        method: "post",
        className: "form " + (props.className || ""),
        encType: props.touches ? "multipart/form-data" : undefined,
        "data-upload": props.touches,
        "data-limit": props.limit,
      },
      h("input", { type: "hidden", name: "csrf_token", defaultValue: "" }),
      (props.fields || []).map(function (spec) {
        return field(spec, props.action);
      }),
      h("button", { type: "submit", className: "button" + (props.quiet ? " is-quiet" : "") }, props.submit),
      props.touches ? h("progress", { key: "bar", hidden: true, max: 100, value: 0, "aria-label": "Sent" }) : null,
      props.touches ? h("span", { key: "state", className: "upload-state", role: "status" }) : null,
    );
  };
})();
