// Controls by their state. `StateBars`: a row for each framework, its controls as parts of one bar. `ControlWall`: every
// control as a tile under its group, a link to what stands behind it. Meaning is colour and pattern, and said in words.
(function () {
  "use strict";
  const parts = (window.aegis_parts = window.aegis_parts || {});
  const h = (...args) => window.React.createElement(...args);
  const number = (value) => value.toLocaleString("en-GB");
  const go = (href, ...inside) => h("a", { href, "data-go": "" }, ...inside);

  // part: [name, n, state, href]
  function bar(row) {
    const whole = row.parts.reduce((sum, part) => sum + part[1], 0);
    const said = row.parts.filter((part) => part[1]).map((part) => `${part[0]}: ${number(part[1])}`);
    const inside = row.parts.map(([name, n, state, href]) => {
      if (!n) return null;
      const props = { key: state, className: `tile-fill is-${state}`, style: { flexGrow: n }, title: `${name}: ${number(n)}`, "aria-label": `${name}: ${number(n)}` };
      const wide = n / whole > 0.05;
      return h("a", { ...props, href, "data-go": "", tabIndex: -1 }, wide ? number(n) : null);
    });
    return h("div", { className: "state-bar", role: "group", "aria-label": said.join(", ") }, inside);
  }

  parts.StateBars = function (props) {
    const rows = props.rows.map((row) =>
      h(
        "tr",
        { key: row.href },
        h("th", { scope: "row" }, go(row.href, row.label), h("span", { className: "beside" }, row.note)),
        h("td", null, bar(row)),
        h("td", { className: "state-value" }, row.value, h("span", { className: "beside" }, row.under)),
      ),
    );
    return h(
      "table",
      { id: props.id, className: "state-bars" },
      h("caption", { className: "unseen" }, props.caption),
      h("tbody", null, rows),
    );
  };

  // cell: [code, state, href, words, flag, shown code]
  function tile([code, state, href, words, flag, shown], text, chosen) {
    const name = `tile is-${state}${flag ? " has-flag" : ""}${text ? "" : " is-bare"}`;
    const props = { key: code, href, className: name, title: words, "aria-label": words, "data-go": "" };
    return h("a", { ...props, "aria-current": code === chosen ? "true" : undefined }, text ? shown : null);
  }

  parts.ControlWall = function (props) {
    const groups = props.groups.map((group) =>
      h(
        "section",
        { key: group.code, className: "wall-group" },
        h("h3", null, group.href ? go(group.href, group.label) : group.label, h("span", { className: "beside" }, group.note)),
        h(
          "div",
          { className: "wall-tiles" },
          group.cells.map((cell) => tile(cell, props.text, props.chosen)),
        ),
      ),
    );
    return h("div", { id: props.id, className: "wall", role: "group", "aria-label": props.caption }, groups);
  };
})();
