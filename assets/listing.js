// A table of rows that are already here: sorts, filters, shows the first ones and then all, and gives them as CSV.
// Cells are text, a number, null, or {t: text, h: href, m: mark, s: small text beside it, w: moment, x: hover text,
// act: an action of the page's action bar, given: what its form begins with}; a cell with `each` ([name, [marks], words] a thing) draws those instead of its text.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});

  function plain(cell) {
    if (cell === null || cell === undefined) return "";
    if (typeof cell !== "object") return cell;
    return cell.w || [cell.t, cell.s].filter(Boolean).join(" ");
  }

  function order(cell) {
    if (cell && typeof cell === "object" && cell.o !== undefined) return cell.o;
    var value = plain(cell);
    return typeof value === "string" ? value.toLocaleLowerCase() : value;
  }

  function compare(one, other) {
    var a = order(one);
    var b = order(other);
    if (a === b) return 0;
    if (a === "" || b === "") return a === "" ? 1 : -1;
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
  }

  function csv(columns, rows) {
    var quote = function (value) {
      var text = String(value);
      if (/^[=+\-@\t\r]/.test(text) && typeof value === "string") text = "'" + text; // no formulas in spreadsheets
      return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
    };
    var names = columns.map(function (column) {
      return quote(column.name);
    });
    var lines = rows.map(function (row) {
      return row.map(plain).map(quote).join(",");
    });
    return "\ufeff" + [names.join(",")].concat(lines).join("\r\n") + "\r\n";
  }

  function download(name, text) {
    var address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    var link = document.createElement("a");
    link.href = address;
    link.download = name + ".csv";
    link.click();
    URL.revokeObjectURL(address);
  }

  parts.downloadTable = function (name, columns, rows) {
    download(name, csv(columns, rows));
  };

  function shown(cell) {
    var h = parts.h;
    if (cell === null || cell === undefined || cell === "") return h("span", { className: "none" }, "–");
    if (typeof cell === "number") return cell.toLocaleString("en-GB");
    if (typeof cell !== "object") return cell;
    if (cell.w) {
      var after = cell.s ? h("span", { className: "beside" }, cell.s) : null;
      return h("span", null, parts.moment(cell.w, cell.show || "ago"), after);
    }
    if (cell.each) return cell.each.map(marked);
    if (cell.act) return action(cell);
    var inner = [];
    if (cell.m) inner.push(h("span", { key: "m", className: "mark is-" + cell.m, "aria-hidden": "true" }));
    inner.push(cell.h ? link(cell) : h("span", { key: "t" }, cell.t));
    if (cell.b !== undefined) inner.unshift(h("span", { key: "b", className: "cell-bar", "aria-hidden": "true" }, h("i", { style: { width: 100 * cell.b + "%" } })));
    if (cell.s) inner.push(h("span", { key: "s", className: "beside" }, cell.s));
    return cell.m ? h("span", { className: "status" }, inner) : inner;
  }

  // What test-actions.js listens for.
  function action(cell) {
    var props = { type: "button", className: "button is-quiet is-small", "data-act": cell.act, "data-given": JSON.stringify(cell.given || {}) };
    return parts.h("button", props, cell.t);
  }

  parts.shownCell = shown;

  // A name with its marks; the words are for those who hover or do not see.
  function marked(thing, index) {
    var h = parts.h;
    var marks = thing[1].map(function (mark) {
      return h("span", { key: mark, className: "mark is-" + mark });
    });
    return h(
      "span",
      { key: index, className: "marked", title: thing[2] },
      h("span", { "aria-hidden": "true" }, thing[0] + " ", marks),
      h("span", { className: "unseen" }, thing[2] + "; "),
    );
  }

  function counted(count, noun) {
    var one = noun === "people" ? "person" : noun.replace(/s$/, "");
    return count.toLocaleString("en-GB") + " " + (count === 1 ? one : noun);
  }

  function link(cell) {
    var inside = cell.h.charAt(0) === "/" || cell.h.charAt(0) === "?";
    var props = { key: "t", href: cell.h };
    if (inside) props["data-go"] = "";
    else Object.assign(props, { rel: "noopener noreferrer", target: "_blank" });
    return parts.h("a", props, cell.t);
  }

  function matches(row, wanted) {
    return row.map(plain).join(" ").toLocaleLowerCase().indexOf(wanted) >= 0;
  }

  function header(column, index, sort, setSort) {
    var state = sort.by === index ? (sort.down ? "descending" : "ascending") : undefined;
    return parts.h(
      "th",
      { key: index, scope: "col", "aria-sort": state, className: "is-" + (column.kind || "text") },
      parts.h(
        "button",
        {
          type: "button",
          onClick: function () {
            setSort({ by: index, down: sort.by === index && !sort.down });
          },
        },
        column.name,
      ),
    );
  }

  function body(columns, rows) {
    return rows.map(function (row, at) {
      return parts.h(
        "tr",
        { key: at },
        row.map(function (cell, index) {
          var title = cell && typeof cell === "object" ? cell.x : undefined;
          var props = { key: index, className: "is-" + (columns[index].kind || "text"), title: title, "data-column": columns[index].name };
          return parts.h("td", props, shown(cell));
        }),
      );
    });
  }

  function tools(props, state, found, all) {
    var h = parts.h;
    var long = props.rows.length > 20;
    var count = found.length === props.rows.length ? "" : found.length.toLocaleString("en-GB") + " of ";
    return h(
      "div",
      { className: "listing-tools" },
      long
        ? h("input", {
            className: "field is-small",
            type: "search",
            placeholder: "Filter " + props.noun,
            "aria-label": "Filter " + props.noun,
            value: state.wanted,
            onChange: function (event) {
              state.setWanted(event.target.value);
            },
          })
        : null,
      h("span", { className: "count", role: "status" }, count + counted(props.rows.length, props.noun)),
      found.length > props.limit
        ? h(
            "button",
            {
              type: "button",
              className: "button is-quiet is-small",
              "aria-expanded": all,
              onClick: function () {
                state.setOpen(!all);
              },
            },
            all ? "Show fewer" : "Show all " + found.length.toLocaleString("en-GB"),
          )
        : null,
      h(
        "button",
        {
          type: "button",
          className: "button is-quiet is-small",
          onClick: function () {
            download(props.file || props.noun, csv(props.columns, found));
          },
        },
        "CSV",
      ),
    );
  }

  // By what columns there are: more room where there is little, and on a phone a row that stands in lines.
  function widthOf(columns) {
    var wide = columns.length > 7 ? " is-widest" : columns.length > 4 ? " is-wide" : "";
    var long = columns.some(function (column) {
      return column.kind === "prose";
    });
    return wide + (columns.length > 3 || long ? " is-stacked" : "");
  }

  parts.Listing = function (given) {
    var h = parts.h;
    var React = window.React;
    var props = Object.assign({ columns: [], rows: [], limit: 12, noun: "rows" }, given);
    var open = React.useState(false);
    var wanted = React.useState("");
    var sort = React.useState({ by: -1, down: false });
    var found = React.useMemo(
      function () {
        var text = wanted[0].trim().toLocaleLowerCase();
        var rows = text
          ? props.rows.filter(function (row) {
              return matches(row, text);
            })
          : props.rows;
        if (sort[0].by < 0) return rows;
        return rows.slice().sort(function (one, other) {
          return compare(one[sort[0].by], other[sort[0].by]) * (sort[0].down ? -1 : 1);
        });
      },
      [props.rows, wanted[0], sort[0]],
    );
    var state = { wanted: wanted[0], setWanted: wanted[1], setOpen: open[1] };
    var rows = open[0] ? found : found.slice(0, props.limit);
    return h(
      "div",
      { id: props.id, className: "listing " + (props.className || "") },
      h(
        "div",
        { className: "listing-scroll", tabIndex: props.columns.length > 3 ? 0 : undefined, role: "region", "aria-label": props.caption },
        h(
          "table",
          { className: "rows" + widthOf(props.columns) },
          h("caption", { className: "unseen" }, props.caption),
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              props.columns.map(function (column, index) {
                return header(column, index, sort[0], sort[1]);
              }),
            ),
          ),
          h("tbody", null, body(props.columns, rows)),
        ),
      ),
      tools(props, state, found, open[0]),
    );
  };
})();
