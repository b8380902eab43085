// A chart drawn by Plotly, and the table behind it. Properties: pages/components/charts.py. The library is fetched with the first
// chart; colours are names of tokens, looked up when drawing and again when the theme changes.
(function () {
  "use strict";
  const parts = (window.aegis_parts = window.aegis_parts || {});
  const h = (...args) => window.React.createElement(...args);
  let fetching = null;

  function library(address) {
    if (window.Plotly) return Promise.resolve(window.Plotly);
    fetching =
      fetching ||
      new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = () => done(window.Plotly);
        script.onerror = () => {
          fetching = null; // the next chart tries again
          failed(new Error("the chart library did not come"));
        };
        document.head.appendChild(Object.assign(document.createElement("link"), { rel: "preload", as: "script", href: address }));
        atLeisure(() => document.head.appendChild(script));
      });
    return fetching;
  }

  // Reading the library holds the browser for longer than all else on a page: its figures and filters are shown first.
  function atLeisure(work) {
    if (window.requestIdleCallback) window.requestIdleCallback(work, { timeout: 1000 });
    else setTimeout(work, 100);
  }

  // One chart at a time, and a breath between: the first is there, and the page answers, while the others are drawn.
  let turn = Promise.resolve();
  function inTurn(work) {
    const mine = turn.then(work);
    turn = mine.catch(() => null).then(() => new Promise((done) => setTimeout(done)));
    return mine;
  }

  // -- tokens: "--accent", or "--accent/15" at 15 % opacity -----------------------------------------------------------------
  function coloured(value, look) {
    if (typeof value === "string") return value.startsWith("--") ? look(value) : value;
    if (Array.isArray(value)) return value.map((one) => coloured(one, look));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, look)]));
    return value;
  }

  function looker() {
    const style = getComputedStyle(document.documentElement);
    return (name) => {
      const [token, share] = name.split("/");
      const found = style.getPropertyValue(token).trim();
      if (!share || !/^#[0-9a-f]{6}$/i.test(found)) return found;
      const parts = [1, 3, 5].map((at) => parseInt(found.slice(at, at + 2), 16));
      return "rgba(" + parts.join(",") + "," + Number(share) / 100 + ")";
    };
  }

  // -- the buttons over a chart: its picture, and what it shows -------------------------------------------------------------
  const LETTERS = (path) => ({ width: 24, height: 24, path });
  const PICTURE = LETTERS("M3 5h18v14H3zM5 7v10h14V7zM7 15l3-4 2 3 3-4 3 5z");
  const DRAWING = LETTERS("M4 4h4v4H7v8h1v4H4v-4h1V8H4zM16 4h4v4h-1v8h1v4h-4v-4h1V8h-1zM9 11h6v2H9z");
  const TABLE = LETTERS("M3 4h18v16H3zM5 10v3h6v-3zM13 10v3h6v-3zM5 15v3h6v-3zM13 15v3h6v-3z");

  function buttons(props) {
    const picture = (format) => (chart) =>
      window.Plotly.downloadImage(chart, { format, filename: props.file, width: chart.clientWidth, height: props.height, scale: format === "png" ? 2 : 1 });
    return [
      [
        { name: "PNG", title: "Picture (PNG)", icon: PICTURE, click: picture("png") },
        { name: "SVG", title: "Drawing (SVG)", icon: DRAWING, click: picture("svg") },
        { name: "CSV", title: "Table (CSV)", icon: TABLE, click: () => parts.downloadTable(props.file, props.columns, props.rows) },
      ],
    ];
  }

  function draw(node, props) {
    const figure = coloured(props.figure, looker());
    const config = { displayModeBar: "hover", displaylogo: false, responsive: true, modeBarButtons: buttons(props), doubleClick: false };
    const layout = { ...figure.layout, height: props.height, modebar: { bgcolor: "rgba(0,0,0,0)", color: looker()("--ink-2"), activecolor: looker()("--accent") } };
    return window.Plotly.react(node, figure.data, layout, config);
  }

  function follow(node) {
    node.on("plotly_click", (event) => {
      const href = event.points[0] && event.points[0].customdata;
      if (typeof href === "string" && href.startsWith("/")) window.aegis.go(href);
    });
  }

  parts.Chart = function (props) {
    const React = window.React;
    const place = React.useRef(null);
    const latest = React.useRef(props);
    const [state, setState] = React.useState("waiting");
    latest.current = props;
    React.useEffect(() => {
      let gone = false;
      const node = place.current;
      const redraw = () => window.Plotly && node.data && draw(node, latest.current);
      library(props.library)
        .then(() => inTurn(() => (gone ? null : draw(node, latest.current))))
        .then(() => {
          if (gone) return;
          follow(node);
          setState("drawn");
        })
        .catch((error) => {
          if (!gone) setState("failed");
          console.error("A chart could not be drawn:", error);
        });
      window.addEventListener("aegis:theme", redraw);
      return () => {
        gone = true;
        window.removeEventListener("aegis:theme", redraw);
        if (window.Plotly && node.data) window.Plotly.purge(node);
      };
    }, []);
    React.useEffect(() => {
      if (window.Plotly && place.current.data) draw(place.current, props);
    }, [props.figure, props.rows]);
    const table = h(parts.Listing, { columns: props.columns, rows: props.rows, caption: props.title, noun: props.noun, limit: 12, file: props.file });
    return h(
      "div",
      { id: props.id, className: "chart is-" + state },
      h("div", { ref: place, className: "chart-drawing", style: { height: props.height }, role: "group", "aria-label": props.title }),
      state === "failed" ? h("p", { className: "hint" }, "The chart could not be drawn; the table has all it shows.") : null,
      h("details", { className: "fold chart-table", open: state === "failed" || undefined }, h("summary", null, "As a table"), table),
    );
  };
})();
