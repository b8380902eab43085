// What each step adds, on top of those before it: a waterfall that only rises, one row a step, as elements that paint with
// the page. One node of the Dash tree.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});

  function place(value, low, high) {
    return (100 * (value - low)) / (high - low || 1);
  }

  parts.Steps = function (props) {
    var h = parts.h;
    return h(
      "table",
      { id: props.id, className: "steps" },
      h("caption", { className: "unseen" }, props.caption),
      h(
        "tbody",
        null,
        props.steps.map(function (step, at) {
          var left = place(step.from, props.low, props.high);
          var width = place(step.to, props.low, props.high) - left;
          var title = step.href ? h("a", { href: step.href, "data-go": "" }, step.label) : step.label;
          return h(
            "tr",
            { key: at },
            h("th", { scope: "row" }, title, h("span", { className: "beside" }, step.note)),
            h(
              "td",
              null,
              h(
                "div",
                { className: "step-track", title: step.words },
                h("span", { className: "step-before", style: { width: left + "%" } }),
                h("span", { className: "step-fill", style: { left: left + "%", width: Math.max(width, 0.4) + "%" } }),
              ),
            ),
            h("td", { className: "step-words" }, step.words),
          );
        }),
      ),
    );
  };
})();
