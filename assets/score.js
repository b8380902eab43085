// A score over time with its band (Trend), and what moved it from one day to another (Waterfall). Plain SVG and HTML:
// they paint with the page, take their colours from the tokens, and every row of the waterfall can be a link.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var DAY = 86400000;
  var EDGE = { top: 12, right: 52, bottom: 26, left: 34 };

  function useWidth() {
    var React = window.React;
    var place = React.useRef(null);
    var state = React.useState(0);
    React.useEffect(function () {
      if (!place.current) return undefined;
      var watch = new ResizeObserver(function (entries) {
        state[1](Math.round(entries[0].contentRect.width));
      });
      watch.observe(place.current);
      return function () {
        watch.disconnect();
      };
    }, []);
    return [place, state[0]];
  }

  // Ends of the axis: at least ten points apart, on fives.
  function ends(values) {
    var low = Math.floor(Math.min.apply(null, values) / 5) * 5;
    var high = Math.ceil(Math.max.apply(null, values) / 5) * 5;
    while (high - low < 10) {
      if (high < 100) high += 5;
      if (high - low < 10 && low > 0) low -= 5;
      if (high >= 100 && low <= 0) break;
    }
    return [Math.max(0, low), Math.min(100, high)];
  }

  function months(from, to, most) {
    var found = [];
    var at = new Date(from);
    at = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
    while (at <= to) {
      found.push(at);
      var next = new Date(at);
      at = Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + 1, 1);
    }
    var step = Math.max(1, Math.ceil(found.length / most));
    return found.filter(function (_, index) {
      return (found.length - 1 - index) % step === 0;
    });
  }

  function monthName(at) {
    var date = new Date(at);
    var name = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[date.getUTCMonth()];
    return date.getUTCMonth() === 0 || date.getUTCMonth() === 6 ? name + " " + date.getUTCFullYear() : name;
  }

  function drawing(props, width) {
    var h = parts.h;
    var height = props.height || 220;
    var points = props.points.map(function (point) {
      return { at: Date.parse(point.day), value: point.value, said: point.said, made: point.made, href: point.href };
    });
    var values = points.map(function (point) {
      return point.value;
    });
    if (props.low !== undefined && props.low !== null) values = values.concat([props.low, props.high]);
    var axis = ends(values);
    var from = points[0].at;
    var to = Math.max(points[points.length - 1].at, from + DAY);
    var x = function (at) {
      return EDGE.left + ((at - from) / (to - from)) * (width - EDGE.left - EDGE.right);
    };
    var y = function (value) {
      return EDGE.top + (1 - (value - axis[0]) / (axis[1] - axis[0])) * (height - EDGE.top - EDGE.bottom);
    };
    var ticks = [];
    for (var tick = axis[0]; tick <= axis[1]; tick += axis[1] - axis[0] > 30 ? 20 : 5) ticks.push(tick);
    var last = points[points.length - 1];
    var line = points
      .map(function (point, index) {
        return (index ? "L" : "M") + x(point.at).toFixed(1) + " " + y(point.value).toFixed(1);
      })
      .join("");
    return h(
      "svg",
      { width: width, height: height, role: "img", "aria-label": props.caption, className: "trend-drawing" },
      ticks.map(function (value) {
        return h(
          "g",
          { key: "y" + value },
          h("line", { className: "trend-grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
          h("text", { className: "trend-tick", x: EDGE.left - 6, y: y(value) + 4, textAnchor: "end" }, value),
        );
      }),
      months(from, to, Math.max(2, Math.floor(width / 90))).map(function (at) {
        return h("text", { key: "x" + at, className: "trend-tick", x: x(at), y: height - 6, textAnchor: "middle" }, monthName(at));
      }),
      props.low !== undefined && props.low !== null
        ? h("line", { className: "trend-band", x1: x(last.at), x2: x(last.at), y1: y(props.low), y2: y(props.high) })
        : null,
      h("path", { className: "trend-line", d: line }),
      points.map(function (point, index) {
        var final = index === points.length - 1;
        var dot = h(
          "circle",
          { className: "trend-dot is-" + (point.made || "daily"), cx: x(point.at), cy: y(point.value), r: final ? 4 : 2.5 },
          h("title", null, point.said),
        );
        var reach = h("circle", { className: "trend-reach", cx: x(point.at), cy: y(point.value), r: 9 }, h("title", null, point.said));
        return h("g", { key: index }, dot, reach);
      }),
      h("text", { className: "trend-end", x: x(last.at) + 9, y: y(last.value) + 5 }, last.value.toFixed(1)),
    );
  }

  // `points` {day, value, said, made}, oldest first; `low` and `high` are the band of the last one.
  parts.Trend = function (props) {
    var h = parts.h;
    var found = useWidth();
    return h("figure", { id: props.id, className: "trend", ref: found[0] }, found[1] > 0 ? drawing(props, found[1]) : null);
  };

  function signed(value) {
    var text = Math.abs(value).toFixed(1);
    return value > 0 ? "+" + text : value < 0 ? "−" + text : "±" + text;
  }

  // `starts` and `ends` {label, value}; `steps` {label, value, note, href, chosen}. Values are points and add up as shown.
  parts.Waterfall = function (props) {
    var h = parts.h;
    var level = props.starts.value;
    var levels = [level];
    var steps = props.steps.map(function (step) {
      var row = { step: step, start: level };
      level += step.value;
      levels.push(level);
      return row;
    });
    levels.push(props.ends.value);
    var low = Math.min.apply(null, levels);
    var span = Math.max(Math.max.apply(null, levels) - low, 0.5);
    var axis = [low - span * 0.04, low + span * 1.04];
    var place = function (value) {
      return ((value - axis[0]) / (axis[1] - axis[0])) * 100;
    };
    var total = function (end, key) {
      return h(
        "tr",
        { key: key, className: "is-total" },
        h("th", { scope: "row" }, end.label),
        h(
          "td",
          { className: "fall-track", "aria-hidden": "true" },
          h("span", { className: "fall-mark", style: { left: place(end.value).toFixed(2) + "%" } }),
        ),
        h("td", { className: "num" }, end.value.toFixed(1)),
      );
    };
    var rows = steps.map(function (row, index) {
      var step = row.step;
      var label = step.href ? h("a", { href: step.href, "data-go": "" }, step.label) : step.label;
      var low = Math.min(row.start, row.start + step.value);
      return h(
        "tr",
        { key: index, className: step.chosen ? "is-chosen" : undefined },
        h("th", { scope: "row" }, label, step.note ? h("span", { className: "beside" }, step.note) : null),
        h(
          "td",
          { className: "fall-track", "aria-hidden": "true" },
          h("span", {
            className: "fall-bar " + (step.value < 0 ? "is-down" : "is-up"),
            style: { left: place(low).toFixed(2) + "%", width: (Math.abs(step.value) / (axis[1] - axis[0])) * 100 + "%" },
          }),
        ),
        h("td", { className: "num" }, signed(step.value)),
      );
    });
    return h(
      "table",
      { id: props.id, className: "fall" },
      h("caption", { className: "unseen" }, props.caption),
      h("tbody", null, total(props.starts, "starts"), rows, total(props.ends, "ends")),
    );
  };
})();
