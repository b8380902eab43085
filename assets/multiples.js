// Small multiples: one small chart a group, all on one scale, so that they can be compared at a glance. Each month is a
// bar as high as the share of its tests that were detected; a month with fewer than three is hollow, one without any a
// gap. Drawn as SVG in one node of the Dash tree.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var WIDTH = 168;
  var HEIGHT = 44;
  var GAP = 3;

  function month(text) {
    var date = new Date(text + "T00:00:00Z");
    return new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" }).format(date);
  }

  function words(pair) {
    return pair[0] ? pair[1] + " of " + pair[0] + " detected" : "none evaluated";
  }

  function chart(group, months) {
    var h = parts.h;
    var step = WIDTH / months.length;
    var bars = group.trend.map(function (pair, at) {
      if (!pair[0]) return null;
      var high = Math.max(1, Math.round((HEIGHT * pair[1]) / pair[0]));
      return h(
        "rect",
        {
          key: at,
          className: pair[0] < 3 ? "multiple-bar is-thin" : "multiple-bar",
          x: at * step,
          y: HEIGHT - high,
          width: step - GAP,
          height: high,
        },
        h("title", null, month(months[at]) + ": " + words(pair)),
      );
    });
    return h(
      "svg",
      { viewBox: "0 0 " + WIDTH + " " + (HEIGHT + 1), width: WIDTH, height: HEIGHT + 1, "aria-hidden": "true" },
      h("line", { className: "multiple-rule", x1: 0, x2: WIDTH, y1: 0.5, y2: 0.5 }),
      h("line", { className: "multiple-base", x1: 0, x2: WIDTH, y1: HEIGHT + 0.5, y2: HEIGHT + 0.5 }),
      bars,
    );
  }

  function said(group) {
    var sums = group.trend.reduce(
      function (sum, pair) {
        return [sum[0] + pair[0], sum[1] + pair[1]];
      },
      [0, 0],
    );
    if (!sums[0]) return "none evaluated";
    return parts.perCent(sums[1] / sums[0]) + " of " + sums[0].toLocaleString("en-GB");
  }

  parts.Multiples = function (props) {
    var h = parts.h;
    return h(
      "figure",
      { id: props.id, className: "multiples-figure" },
      h("figcaption", { className: "unseen" }, props.caption),
      h(
        "ul",
        { className: "multiples" },
        props.groups.map(function (group, at) {
          var name = group.href ? h("a", { href: group.href, "data-go": "" }, group.name) : group.name;
          return h("li", { key: at }, h("div", { className: "multiple-name" }, name), chart(group, props.months), h("div", { className: "beside" }, said(group)));
        }),
      ),
    );
  };
})();
