// Native fields, tables of choices and the order of a campaign's tests, each as one node. Properties: pages/components/choosing.py.
(function () {
  "use strict";
  const parts = (window.aegis_parts = window.aegis_parts || {});
  const h = (...args) => window.React.createElement(...args);

  // -- a select, text with suggestions, or a calendar day ---------------------------------------------------------------------------------------
  parts.Field = function ({ id, kind, value, options, label, setProps }) {
    const common = { id, className: "field", "aria-label": label, value: value || "", onChange: (event) => setProps({ value: event.target.value }) };
    if (kind === "date") return h("input", { ...common, type: "date" });
    if (kind === "suggest") {
      const listed = (options || []).map(([key, words]) => h("option", { key, value: key }, words));
      return h("span", { className: "suggest" }, h("input", { ...common, list: id + "-list", autoComplete: "off" }), h("datalist", { id: id + "-list" }, listed));
    }
    return h("select", common, (options || []).map(([key, words]) => h("option", { key, value: key }, words)));
  };

  // -- rows to be ticked, with a column of choices where one is named ---------------------------------------------------
  const first = (row) => (row.options.length ? row.options[0][0] : undefined);

  // A column is its name, or its name and kind as in a listing.
  const nameOf = (column) => column.name || column;
  const classOf = (column) => (column.kind ? "is-" + column.kind : undefined);

  function Row({ row, columns, chosen, change, chooses }) {
    const none = !row.options.length;
    const tick = h("input", {
      type: "checkbox",
      checked: chosen !== undefined,
      disabled: none,
      "aria-label": row.label,
      onChange: (event) => change(row.key, event.target.checked ? first(row) : undefined),
    });
    const choice = none
      ? h("span", { className: "hint" }, row.none)
      : row.options.length === 1
        ? row.options[0][1]
        : h(
            "select",
            {
              className: "field is-small",
              "aria-label": "Which, for " + row.label,
              value: chosen === undefined ? first(row) : chosen,
              onChange: (event) => change(row.key, event.target.value),
            },
            row.options.map(([key, words]) => h("option", { key, value: key }, words)),
          );
    const cells = row.cells.map((cell, index) => h("td", { key: index, className: classOf(columns[index]), "data-column": nameOf(columns[index]) }, parts.shownCell(cell)));
    return h("tr", { className: none ? "is-out" : undefined }, h("td", { className: "is-tight" }, tick), cells, chooses && h("td", null, choice));
  }

  parts.Chooser = function ({ id, rows, value, columns, caption, noun, setProps }) {
    const chosen = value || {};
    const open = rows.filter((row) => row.options.length);
    const change = (key, option) => {
      const next = { ...chosen };
      if (option === undefined) delete next[key];
      else next[key] = option;
      setProps({ value: next });
    };
    const all = open.length > 0 && open.every((row) => row.key in chosen);
    const every = h("input", {
      type: "checkbox",
      "aria-label": "All of them",
      checked: all,
      onChange: () => setProps({ value: all ? {} : Object.fromEntries(open.map((row) => [row.key, chosen[row.key] || first(row)])) }),
    });
    const named = columns.map((column) => h("th", { key: nameOf(column), scope: "col", className: classOf(column) }, nameOf(column)));
    const head = h("tr", null, h("th", { scope: "col", className: "is-tight" }, every), named);
    const chooses = rows.length > 0 && columns.length > rows[0].cells.length;
    const count = Object.keys(chosen).length;
    return h(
      "div",
      { id, className: "listing chooser" },
      h(
        "div",
        { className: "listing-scroll", tabIndex: 0, role: "region", "aria-label": caption },
        h(
          "table",
          { className: "rows is-wide" },
          h("caption", { className: "unseen" }, caption),
          h("thead", null, head),
          h(
            "tbody",
            null,
            rows.map((row) => h(Row, { key: row.key, row, columns, chosen: chosen[row.key], change, chooses })),
          ),
        ),
      ),
      h("div", { className: "listing-tools" }, h("span", { className: "count", role: "status" }, `${count} of ${rows.length} ${noun} chosen`)),
    );
  };

  // -- the order of a campaign's tests ---------------------------------------------------------------------------------------
  function Waits({ row, ask }) {
    const [text, setText] = window.React.useState(row.waits.join(", "));
    window.React.useEffect(() => setText(row.waits.join(", ")), [row.waits.join()]);
    const done = () => {
      if (text.trim() !== row.waits.join(", ")) ask({ kind: "depends", test: row.id, text });
    };
    return h("input", {
      className: "field is-small",
      "aria-label": `Test ${row.number} waits for`,
      placeholder: "nothing",
      value: text,
      onChange: (event) => setText(event.target.value),
      onBlur: done,
      onKeyDown: (event) => event.key === "Enter" && event.target.blur(),
    });
  }

  parts.Arranger = function ({ id, rows, chosen, caption, asked, setProps }) {
    const ticked = chosen || [];
    const ask = (what) => setProps({ asked: { n: ((asked && asked.n) || 0) + 1, ...what } });
    const flip = (key) => setProps({ chosen: ticked.includes(key) ? ticked.filter((one) => one !== key) : [...ticked, key] });
    const step = (row, index, by, words) =>
      h(
        "button",
        {
          type: "button",
          className: "button is-quiet is-small",
          "aria-label": `Move test ${row.number} ${words}`,
          disabled: index + by < 0 || index + by >= rows.length,
          onClick: () => ask({ kind: "move", test: row.id, position: index + by + 1 }),
        },
        by < 0 ? "↑" : "↓",
      );
    const body = rows.map((row, index) =>
      h(
        "tr",
        { key: row.id },
        h("td", { className: "is-tight" }, h("input", { type: "checkbox", checked: ticked.includes(row.id), "aria-label": `Test ${row.number}`, onChange: () => flip(row.id) })),
        h("td", { className: "is-num" }, index + 1),
        h("td", { className: "is-tight" }, step(row, index, -1, "up"), step(row, index, 1, "down")),
        h("td", null, `${row.number} ${row.title}`),
        h("td", { className: "is-mono" }, row.technique),
        h("td", null, row.state),
        h("td", null, h(Waits, { row, ask })),
      ),
    );
    const names = ["", "#", "Move", "Test", "Technique", "State", "Waits for tests"];
    return h(
      "div",
      { id, className: "listing arranger" },
      h(
        "div",
        { className: "listing-scroll", tabIndex: 0, role: "region", "aria-label": caption },
        h(
          "table",
          { className: "rows is-wide" },
          h("caption", { className: "unseen" }, caption),
          h("thead", null, h("tr", null, names.map((name, index) => h("th", { key: index, scope: "col" }, name)))),
          h("tbody", null, body),
        ),
      ),
    );
  };
})();
