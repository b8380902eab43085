// Tests by state, side by side: `aegis_parts.Board` of pages/components/tests_board.py. Arrow keys go from card to card.
(function () {
  "use strict";
  const parts = (window.aegis_parts = window.aegis_parts || {});
  const h = (...args) => window.React.createElement(...args);

  function card(test) {
    const who = [test.red, test.blue].filter(Boolean).join(" · ");
    const facts = [test.technique, test.platform, test.priority === "High" ? "high priority" : ""].filter(Boolean).join(" · ");
    const outcome = test.outcome && h("span", { className: "status" }, h("span", { className: `mark is-${test.mark || "off"}`, "aria-hidden": "true" }), test.outcome);
    return h(
      "li",
      { key: test.id },
      h(
        "a",
        { className: "board-card", href: `/test/${test.number}`, "data-go": "" },
        h("span", { className: "board-title" }, test.title),
        h("span", { className: "hint" }, `#${test.number} · ${facts}`),
        outcome,
        h("span", { className: "hint board-foot" }, h("span", null, who || "nobody yet"), parts.moment(test.updated, "ago")),
      ),
    );
  }

  // left and right go to the neighbour column, up and down within one
  function walk(event) {
    const step = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[event.key];
    const here = event.target.closest(".board-card");
    if (!step || !here) return;
    const columns = Array.from(event.currentTarget.querySelectorAll(".board-column")).map((one) => Array.from(one.querySelectorAll(".board-card")));
    const at = columns.findIndex((cards) => cards.includes(here));
    const row = columns[at].indexOf(here);
    const ahead = step[0] > 0 ? columns.slice(at + 1) : columns.slice(0, at).reverse();
    const beside = step[0] ? ahead.find((cards) => cards.length) : columns[at];
    const next = beside && beside[step[0] ? Math.min(row, beside.length - 1) : row + step[1]];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  parts.Board = function (props) {
    const columns = (props.columns || []).map((column) =>
      h(
        "section",
        { key: column.state, className: "board-column", "aria-label": column.name },
        h("h2", null, h("a", { href: column.href, "data-go": "" }, column.name), h("span", { className: "beside" }, column.total)),
        column.cards.length ? h("ul", null, column.cards.map(card)) : h("p", { className: "hint" }, "None"),
      ),
    );
    return h("div", { id: props.id, className: "board", tabIndex: 0, role: "region", "aria-label": "Tests by state", onKeyDown: walk }, columns);
  };
})();
