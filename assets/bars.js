// Horizontal bars with their denominators. One part for shares with a 95 % interval (Bars), one for a mix that adds up to
// its whole (Mix). Plain elements instead of a chart library: they paint with the page and every row can be a link.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});

  function percent(share) {
    return (100 * share).toFixed(2) + "%";
  }

  // 0 and 100 are said of exactly none and exactly all.
  parts.perCent = function (share) {
    var rounded = Math.round(100 * share);
    if (share > 0 && !rounded) return "<1 %";
    if (share < 1 && rounded === 100) return ">99 %";
    return rounded + " %";
  };

  function bar(spec, index) {
    var h = parts.h;
    var thin = spec.of > 0 && spec.of < 3 && !spec.counted;
    var known = spec.of > 0;
    var words = known ? parts.perCent(spec.n / spec.of) : "–";
    var count = known ? spec.n.toLocaleString("en-GB") + " of " + spec.of.toLocaleString("en-GB") : spec.empty || "none tested";
    var own = spec.width === null || spec.width === undefined;
    var interval =
      known && spec.low !== null && spec.low !== undefined
        ? "95 % interval " + Math.round(100 * spec.low) + "–" + Math.round(100 * spec.high) + " %"
        : undefined;
    return h(
      "div",
      { key: index, className: "bar", title: [spec.name + ": " + count, interval, thin ? "too few to say" : null].filter(Boolean).join("; ") },
      h(
        "span",
        { className: "bar-track", "aria-hidden": "true" },
        spec.n > 0
          ? h("span", {
              className: "bar-fill is-" + spec.colour + (thin ? " is-thin" : ""),
              style: { width: percent(own ? spec.n / spec.of : spec.width) },
            })
          : null,
        known && interval && own
          ? h("span", { className: "bar-interval", style: { left: percent(spec.low), width: percent(spec.high - spec.low) } })
          : null,
      ),
      h("span", { className: "bar-value" }, words),
      h("span", { className: "bar-count" }, count, thin ? h("em", null, " too few") : null),
    );
  }

  parts.Bars = function (props) {
    var h = parts.h;
    return h(
      "table",
      { id: props.id, className: "bars" },
      h("caption", { className: "unseen" }, props.caption),
      h(
        "tbody",
        null,
        props.rows.map(function (row, at) {
          var label = row.href ? h("a", { href: row.href, "data-go": "" }, row.label) : row.label;
          return h(
            "tr",
            { key: at },
            h("th", { scope: "row" }, label, row.note ? h("span", { className: "beside" }, row.note) : null),
            h("td", null, row.bars.map(bar)),
          );
        }),
      ),
    );
  };

  parts.Mix = function (props) {
    var h = parts.h;
    var whole = props.parts.reduce(function (sum, part) {
      return sum + part.n;
    }, 0);
    var inside = function (part) {
      var share = whole ? part.n / whole : 0;
      return { share: share, words: parts.perCent(share) };
    };
    return h(
      "figure",
      { id: props.id, className: "mix" },
      h("figcaption", null, props.caption, h("span", { className: "beside" }, "n = " + whole.toLocaleString("en-GB"))),
      h(
        "div",
        { className: "mix-track", "aria-hidden": "true" },
        props.parts.map(function (part, index) {
          if (!part.n) return null;
          return h(
            "span",
            { key: index, className: "mix-part is-" + part.colour, style: { width: percent(inside(part).share) }, title: part.name + ": " + part.n },
            inside(part).share > 0.07 ? inside(part).words : null,
          );
        }),
      ),
      h(
        "ul",
        null,
        props.parts.map(function (part, index) {
          var text = part.href ? h("a", { href: part.href, "data-go": "" }, part.name) : part.name;
          return h(
            "li",
            { key: index },
            h("span", { className: "mark is-" + part.mark, "aria-hidden": "true" }),
            text,
            h("span", { className: "beside" }, part.n.toLocaleString("en-GB") + " · " + inside(part).words),
          );
        }),
      ),
    );
  };
})();
