// What stands around the grid of tests: `aegis_parts.TestsTable` of pages/components/tests_table.py, and how its cells are drawn.
// The address holds which columns are shown, how dense, and in which order; the grid follows it and writes it.
(function () {
  "use strict";
  const parts = (window.aegis_parts = window.aegis_parts || {});
  const address = window.aegisAddress;
  const h = (...args) => window.React.createElement(...args);
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const PHONE = window.matchMedia("(max-width: 767.98px)");
  const STATES = { draft: "off", red_executing: "progress", blue_evaluating: "progress", in_review: "review", validated: "on", rejected: "missed", cancelled: "untested" };
  const BATCH_MAX = 1000;

  // -- cells: a row that is not here yet is drawn as nothing -----------------------------------------------------------------
  const go = (href, text, className) => h("a", { href, className, "data-go": "" }, text);
  const none = () => h("span", { className: "none" }, "–");
  const marked = (mark, text) => h("span", { className: "status" }, h("span", { className: `mark is-${mark}`, "aria-hidden": "true" }), text);
  const draw = (cell) => (props) => (props.data ? cell(props.data, props.value) : h("span", { className: "tests-wait" }));

  const state = (row) => marked(STATES[row.state_key], row.state);
  const outcome = (row) => (row.outcome ? marked(row.mark || "off", row.outcome) : none());

  cells.TestPlain = draw((row, value) => (value === "" || value === null ? none() : String(value)));
  cells.TestNumber = draw((row) => go(`/test/${row.number}`, row.number, "id"));
  cells.TestTechnique = draw((row) => h("span", { title: row.technique_name }, go(`/technique/${row.technique}`, row.technique, "id")));
  cells.TestState = draw(state);
  cells.TestOutcome = draw(outcome);
  cells.TestWhen = draw((row, value) => (value ? parts.moment(value, "ago") : none()));
  cells.TestCampaign = draw((row) => (row.campaign_id ? go(`/campaign/${row.campaign_id}`, row.campaign) : none()));
  // On a phone this one is the whole row.
  cells.TestTitle = draw((row) =>
    PHONE.matches
      ? h(
          "div",
          { className: "tests-card" },
          h("span", { className: "tests-card-title" }, row.title),
          h("span", { className: "tests-card-line" }, state(row), row.outcome ? outcome(row) : null),
          h("span", { className: "hint" }, [`#${row.number}`, row.technique, row.platform, row.red].filter(Boolean).join(" · ")),
        )
      : h("span", { title: row.title }, row.title),
  );

  // -- the grid follows the address -----------------------------------------------------------------------------------------
  const LOCAL = ["columns", "rows", "view"];

  function asks() {
    const query = address.read();
    LOCAL.concat("sort").forEach((name) => delete query[name]);
    return JSON.stringify(Object.entries(query).filter((pair) => pair[1]).sort());
  }

  function fit(api, heights) {
    const query = address.read();
    const phone = PHONE.matches;
    const wanted = query.columns ? query.columns.split(",").concat("number") : null;
    const all = api.getColumns().filter((column) => column.getColDef().headerName);
    const usual = (column) => !column.getColDef().initialHide;
    const shown = (column) => (phone ? column.getColId() === "title" : wanted ? wanted.includes(column.getColId()) : usual(column));
    api.setColumnsVisible(all.filter(shown).map((column) => column.getColId()), true);
    api.setColumnsVisible(all.filter((column) => !shown(column)).map((column) => column.getColId()), false);
    if (!api.getDisplayedRowCount()) return; // heights cannot be changed before there are rows
    const height = phone ? heights[2] : query.rows === "dense" ? heights[1] : heights[0];
    if (api.getGridOption("rowHeight") === height) return;
    api.setGridOption("rowHeight", height);
    api.setGridOption("headerHeight", phone ? 0 : heights[0]);
    api.purgeInfiniteCache(); // rows of this model keep the height they came with
  }

  const USUAL = "number";
  const falls = (name) => name !== "technique" && name !== "priority";

  function sortOf(api) {
    const column = api.getColumnState().find((one) => one.sort);
    if (!column) return USUAL;
    return (falls(column.colId) === (column.sort === "desc") ? "" : "-") + column.colId;
  }

  function followSort(api) {
    const wanted = address.read().sort || USUAL;
    if (wanted === sortOf(api)) return;
    const name = wanted.replace("-", "");
    const sort = falls(name) !== wanted.startsWith("-") ? "desc" : "asc";
    api.applyColumnState({ state: [{ colId: name, sort }], defaultState: { sort: null } });
  }

  function watch(api, props, tell) {
    const heights = props.heights;
    let asked = asks();
    // a grid tells what happened a moment later, when it may be gone: it then answers nothing
    const on = (name, act) => api.addEventListener(name, (event) => api.isDestroyed() || act(event));
    // the rows in sight, not those drawn ahead of them
    const range = () => {
      const sight = api.getVerticalPixelRange();
      const height = api.getGridOption("rowHeight");
      const last = Math.min(Math.floor(sight.bottom / height), api.getDisplayedRowCount());
      tell.range([Math.min(Math.floor(sight.top / height) + 1, last), last]);
    };
    const follow = () => {
      if (window.location.pathname !== "/tests" || api.isDestroyed()) return;
      fit(api, heights);
      followSort(api);
      if (asked === asks()) return;
      asked = asks();
      api.deselectAll();
      api.ensureIndexVisible(0, "top");
      api.purgeInfiniteCache();
    };
    const refit = () => api.isDestroyed() || (fit(api, heights), api.refreshCells({ force: true }));
    const open = (event) => {
      const number = event.data && event.data.number;
      const target = event.event && event.event.target;
      if (!number || (target && target.closest("a, input, .ag-selection-checkbox")) || String(window.getSelection())) return;
      window.aegis.go(`/test/${number}`);
    };
    on("rowClicked", open);
    on("cellKeyDown", (event) => event.event.key === "Enter" && event.data && window.aegis.go(`/test/${event.data.number}`));
    on("sortChanged", () => address.write({ sort: sortOf(api) === USUAL ? "" : sortOf(api) }, true));
    on("selectionChanged", () => tell.chosen(api.getSelectedNodes().filter((node) => node.data).map((node) => node.data)));
    let fitted = false;
    const settle = () => {
      if (fitted || !api.getDisplayedRowCount()) return;
      fitted = true;
      fit(api, heights);
    };
    on("modelUpdated", settle);
    ["modelUpdated", "viewportChanged", "bodyScrollEnd"].forEach((name) => on(name, range));
    window.addEventListener("aegis:query", follow);
    PHONE.addEventListener("change", refit);
    fit(api, heights);
    range();
    return () => {
      window.removeEventListener("aegis:query", follow);
      PHONE.removeEventListener("change", refit);
    };
  }

  // -- what can be done to those that are chosen ----------------------------------------------------------------------------
  const FORMS = {
    assign: { label: "Assign", verb: "Assign", fields: ["team", "person"] },
    start: { label: "Start execution", verb: "Start execution", says: "starts the red timer of each" },
    retest: { label: "Plan retests", verb: "Plan retests", says: "makes a new draft of each" },
    cancel: { label: "Cancel tests", verb: "Cancel tests", fields: ["reason"], danger: true, says: "ends each for everybody" },
  };

  function Bulk({ props, chosen, total, clear }) {
    const [kind, setKind] = window.React.useState("");
    const [all, setAll] = window.React.useState(false);
    const [values, setValues] = window.React.useState({ team: "red", person: "", reason: "" });
    window.React.useEffect(() => setAll(false), [chosen]);
    if (!chosen.length || !props.actions.length) return null;
    const number = all ? total : chosen.length;
    const form = FORMS[kind];
    const set = (name) => (event) => setValues({ ...values, [name]: event.target.value });
    const able = props.people.filter((one) => one[values.team === "red" ? 2 : 3]);
    const fields = {
      team: () => h("label", { key: "team" }, "Side", h("select", { className: "field", value: values.team, onChange: set("team") }, h("option", { value: "red" }, "Red"), h("option", { value: "blue" }, "Blue"))),
      person: () =>
        h(
          "label",
          { key: "person" },
          "To",
          h("select", { className: "field", value: values.person, onChange: set("person") }, h("option", { value: "" }, "Nobody"), able.map((one) => h("option", { key: one[0], value: one[0] }, one[1]))),
        ),
      reason: () => h("label", { key: "reason" }, "Reason", h("input", { className: "field", value: values.reason, maxLength: 2000, required: true, onChange: set("reason") })),
    };
    const send = (event) => {
      event.preventDefault();
      const key = parts.uuid();
      const tests = all ? null : chosen.map((row) => [row.id, row.version]);
      props.setProps({ asked: { ...values, kind, tests, key } });
      setKind("");
      clear();
    };
    const count = `${number.toLocaleString("en-GB")} ${number === 1 ? "test" : "tests"}`;
    return h(
      "form",
      { className: "tests-bulk", onSubmit: send, "aria-label": "What to do with the tests that are chosen" },
      h("strong", { role: "status" }, `${count} chosen`),
      total > chosen.length && total <= BATCH_MAX ? h("button", { type: "button", className: "button is-quiet is-small", onClick: () => setAll(!all) }, all ? "Only those marked" : `All ${total.toLocaleString("en-GB")} that match`) : null,
      form
        ? [
            ...(form.fields || []).map((name) => fields[name]()),
            form.says ? h("span", { key: "says", className: "hint" }, form.says) : null,
            h("button", { key: "do", type: "submit", className: `button is-small${form.danger ? " is-danger" : ""}` }, `${form.verb} (${number})`),
            h("button", { key: "back", type: "button", className: "button is-quiet is-small", onClick: () => setKind("") }, "Back"),
          ]
        : [
            ...props.actions.map((name) => h("button", { key: name, type: "button", className: "button is-quiet is-small", onClick: () => setKind(name) }, FORMS[name].label)),
            h("button", { key: "none", type: "button", className: "button is-quiet is-small", onClick: clear }, "Choose none"),
            total > BATCH_MAX || total < 0 ? h("span", { key: "limit", className: "hint" }, "At most 1,000 at a time.") : null,
          ],
    );
  }

  const ORDERS = { executed: "by execution", number: "newest first" };

  function line(count, range) {
    if (!count || count.total === 0) return "";
    const total = count.total === null ? "more than 10,000" : count.total.toLocaleString("en-GB");
    const shown = range[1] > 0 ? `${range[0].toLocaleString("en-GB")}–${Math.min(range[1], count.total === null ? Infinity : count.total).toLocaleString("en-GB")} of ${total}` : total;
    return count.order ? `${shown}; so many are shown ${ORDERS[count.order]}` : shown;
  }

  parts.TestsTable = function (props) {
    const [range, setRange] = window.React.useState([0, 0]);
    const [chosen, setChosen] = window.React.useState([]);
    const grid = window.React.useRef(null);
    window.React.useEffect(() => {
      let stop = () => {};
      let gone = false;
      window.dash_ag_grid.getApiAsync(props.grid).then((api) => {
        if (gone || !api || api.isDestroyed()) return;
        grid.current = api;
        stop = watch(api, props, { range: setRange, chosen: setChosen });
      });
      return () => {
        gone = true;
        stop();
      };
    }, []);
    const api = () => (grid.current && !grid.current.isDestroyed() ? grid.current : null);
    window.React.useEffect(() => {
      if (props.done && api()) api().refreshInfiniteCache();
    }, [props.done]);
    const count = props.count;
    const total = count ? (count.total === null ? -1 : count.total) : 0;
    const none = asks() === "[]" ? "No test has been planned yet." : "No test matches. Take a filter away, or search for fewer words.";
    return h(
      "div",
      { id: props.id, className: "tests-foot" },
      h(Bulk, { props, chosen, total, clear: () => api() && api().deselectAll() }),
      h("p", { className: "count", role: "status" }, count && count.total === 0 ? none : line(count, range)),
    );
  };
})();
