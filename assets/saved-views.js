// Views under a name: `aegis_parts.SavedViews` of pages/components/saved_views.py. A view is a query of the page's address.
(function () {
  "use strict";
  const parts = (window.aegis_parts = window.aegis_parts || {});
  const h = (...args) => window.React.createElement(...args);

  function row(view, props) {
    const beside = view.mine ? (view.shared ? "shared" : "") : `by ${view.by}`;
    const remove = () => props.setProps({ asked: { do: "remove", id: view.id, at: Date.now() } });
    return h(
      "li",
      { key: view.id },
      h("a", { href: `${props.path}${view.query ? `?${view.query}` : ""}`, "data-go": "" }, view.name),
      beside ? h("span", { className: "beside" }, beside) : null,
      view.mine ? h("button", { type: "button", className: "button is-quiet is-small", onClick: remove, "aria-label": `Remove ${view.name}` }, "Remove") : null,
    );
  }

  parts.SavedViews = function (props) {
    const [name, setName] = window.React.useState("");
    const [shared, setShared] = window.React.useState(false);
    const views = props.views || [];
    const save = (event) => {
      event.preventDefault();
      props.setProps({ asked: { do: "save", name, shared, query: window.location.search, at: Date.now() } });
      setName("");
    };
    const share = h("label", null, h("input", { type: "checkbox", checked: shared, onChange: (event) => setShared(event.target.checked) }), " for everybody");
    return h(
      "details",
      { id: props.id, className: "menu saved-views" },
      h("summary", { className: "button is-quiet is-small" }, views.length ? `Views (${views.length})` : "Views"),
      h(
        "div",
        { className: "menu-body" },
        views.length ? h("ul", null, views.map((view) => row(view, props))) : h("p", { className: "hint" }, "Keep filters, order and columns under a name; they come back with one click."),
        h(
          "form",
          { onSubmit: save },
          h("input", { className: "field", value: name, maxLength: 60, required: true, placeholder: "Name of this view", "aria-label": "Name of this view", onChange: (event) => setName(event.target.value) }),
          props.mayShare ? share : null,
          h("button", { type: "submit", className: "button is-small" }, "Save view"),
        ),
      ),
    );
  };
})();
