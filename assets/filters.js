// The filter line of a page: `aegis_parts.FilterLine`. Its values are the query of the address, word for word.
// `value` holds what the server must know; a field with `local` concerns the browser alone, lives in the address only, and is announced
// as `aegis:query`. So a change costs one round trip or none. Properties: pages/components/filters.py.
(function () {
  "use strict";
  const parts = (window.aegis_parts = window.aegis_parts || {});
  const address = window.aegisAddress;
  const h = (...args) => window.React.createElement(...args);
  const REST_WAIT = 120; // ms until a hand that types or slides is taken to rest

  const split = (text) => (text ? text.split(",") : []);

  function Choice({ field, value, change }) {
    const options = field.options.map(([key, label]) => h("option", { key, value: key }, label));
    const onChange = (event) => change(event.target.value === field.none ? "" : event.target.value);
    const props = { value: value || field.none || "", onChange, "aria-label": field.label };
    return h("select", props, options);
  }

  function Search({ field, value, change }) {
    const [text, setText] = window.React.useState(value || "");
    const waiting = window.React.useRef(0);
    window.React.useEffect(() => setText(value || ""), [value]);
    const onChange = (event) => {
      const typed = event.target.value;
      setText(typed);
      clearTimeout(waiting.current);
      waiting.current = setTimeout(() => change(typed.trim(), true), REST_WAIT);
    };
    const onKeyDown = (event) => {
      if (event.key === "Enter") document.dispatchEvent(new CustomEvent("aegis:find"));
    };
    return h("input", {
      type: "search",
      value: text,
      placeholder: field.placeholder,
      "aria-label": field.label,
      autoComplete: "off",
      spellCheck: false,
      onChange,
      onKeyDown,
    });
  }

  function Switch({ field, value, change }) {
    const onChange = (event) => change(event.target.checked ? field.on : "");
    return h("input", { type: "checkbox", role: "switch", checked: value === field.on, onChange, "aria-label": field.label });
  }

  function summary(field, chosen) {
    if (!chosen.length) return field.placeholder;
    const names = chosen.map((key) => (field.options.find((option) => option[0] === key) || [key, key])[1]);
    return names.length < 3 ? names.join(", ") : `${names.length} chosen`;
  }

  // A button that opens a searchable list of check boxes.
  function Picker({ field, value, change }) {
    const [open, setOpen] = window.React.useState(false);
    const [text, setText] = window.React.useState("");
    const [first, setFirst] = window.React.useState([]);
    const box = window.React.useRef(null);
    const chosen = split(value);

    const close = (back) => {
      setOpen(false);
      setText("");
      if (back) box.current.querySelector("button").focus();
    };
    const onKeyDown = (event) => {
      if (!open) return;
      if (event.key === "Escape") {
        event.stopPropagation();
        close(true);
      }
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      const stops = Array.from(box.current.querySelectorAll(".picker-list input"));
      const at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      const next = at < 0 ? box.current.querySelector(".picker-search") : stops[Math.min(at, stops.length - 1)];
      if (next) next.focus();
    };
    const onBlur = (event) => {
      if (open && event.relatedTarget && !box.current.contains(event.relatedTarget)) close(false);
    };
    window.React.useEffect(() => {
      if (!open) return undefined;
      const outside = (event) => box.current.contains(event.target) || close(false);
      document.addEventListener("pointerdown", outside);
      return () => document.removeEventListener("pointerdown", outside);
    }, [open]);

    const toggle = () => {
      if (!open) setFirst(chosen);
      setOpen(!open);
    };
    const button = h(
      "button",
      {
        type: "button",
        className: "picker-button" + (chosen.length ? " is-set" : ""),
        "aria-expanded": open,
        "aria-haspopup": "dialog",
        "aria-label": `${field.label}: ${summary(field, chosen)}`,
        onClick: toggle,
      },
      summary(field, chosen),
    );
    const list = open && h(PickerList, { field, chosen, change, text, setText, first });
    return h("div", { className: "picker", ref: box, onKeyDown, onBlur }, button, list);
  }

  function PickerList({ field, chosen, change, text, setText, first }) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = field.options.filter(([key, label]) => {
      const hay = `${key} ${label}`.toLowerCase();
      return words.every((word) => hay.includes(word));
    });
    // what was chosen when the list opened stands first; the order stays while it is open
    const rank = (option) => (first.includes(option[0]) ? 0 : 1);
    const ordered = found.map((option, i) => [option, i]).sort((a, b) => rank(a[0]) - rank(b[0]) || a[1] - b[1]);
    const flip = (key) => change((chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key]).join(","));
    const rows = ordered.map(([[key, label, count]]) =>
      h(
        "label",
        { key },
        h("input", { type: "checkbox", checked: chosen.includes(key), onChange: () => flip(key) }),
        h("span", { className: "picker-name" }, label, key !== label && h("span", { className: "id" }, key)),
        count !== undefined && h("span", { className: "picker-count" }, count),
      ),
    );
    const search = h("input", {
      type: "search",
      className: "picker-search",
      placeholder: `Find in ${field.options.length}`,
      "aria-label": `Find in ${field.label}`,
      value: text,
      autoFocus: true,
      onChange: (event) => setText(event.target.value),
    });
    const clear = h("button", { type: "button", disabled: !chosen.length, onClick: () => change("") }, "Clear");
    return h(
      "div",
      { className: "picker-panel", role: "dialog", "aria-label": field.label },
      h("div", { className: "picker-head" }, search, clear),
      h("div", { className: "picker-list" }, rows.length ? rows : h("p", null, "Nothing is called that.")),
    );
  }

  function Day({ field, value, change }) {
    const [held, setHeld] = window.React.useState(null); // where the slider is while it moves
    const onChange = (event) => change(event.target.value);
    const shown = held === null ? value || "" : held;
    const input = h("input", { type: "date", value: shown, onChange, "aria-label": field.label });
    if (!field.steps) return input;
    return h("span", { className: "day-steps" }, input, h(Slider, { field, value: shown, setHeld, change }));
  }

  // Steps through the days of `field.steps`; asks for one when the hand rests. Today is the empty value.
  function Slider({ field, value, setHeld, change }) {
    const waiting = window.React.useRef(0);
    window.React.useEffect(() => () => clearTimeout(waiting.current), []);
    const { steps, today } = field;
    const day = value || today;
    const after = steps.findIndex((one) => one >= day);
    const at = after < 0 ? steps.length - 1 : after;
    const onChange = (event) => {
      const to = steps[Number(event.target.value)];
      const next = to === today ? "" : to;
      setHeld(next);
      clearTimeout(waiting.current);
      waiting.current = setTimeout(() => {
        change(next);
        setHeld(null);
      }, REST_WAIT);
    };
    const said = new Date(day + "T00:00:00Z").toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
    const words = day === today ? "Today" : day > today ? `${said}, if nobody retests` : said;
    const list = `${field.key}-steps`;
    return h(
      window.React.Fragment,
      null,
      h("input", {
        type: "range",
        min: 0,
        max: steps.length - 1,
        value: at,
        list,
        title: words,
        "aria-label": `${field.label}: step through the days`,
        "aria-valuetext": words,
        onChange,
      }),
      h("datalist", { id: list }, h("option", { value: steps.indexOf(today) })),
    );
  }

  const KINDS = { one: Choice, many: Picker, search: Search, switch: Switch, day: Day };

  parts.FilterLine = function (props) {
    const [open, setOpen] = window.React.useState(false);
    const [, redraw] = window.React.useReducer((n) => n + 1, 0);
    const now = window.React.useRef(props);
    now.current = props;

    const put = (changes, quietly) => {
      const cleared = props.fields.filter((field) => field.key in changes).flatMap((field) => field.clears || []);
      const all = { ...changes, ...Object.fromEntries(cleared.map((key) => [key, ""])) };
      address.write(all, quietly);
      tell(all, now.current);
      window.dispatchEvent(new CustomEvent("aegis:query"));
    };
    window.React.useEffect(() => {
      const path = window.location.pathname;
      const follow = () => {
        if (window.location.pathname !== path) return;
        const query = address.read();
        tell(Object.fromEntries(now.current.fields.map((field) => [field.key, query[field.key] || ""])), now.current);
        redraw();
      };
      window.addEventListener("aegis:query", follow);
      return () => window.removeEventListener("aegis:query", follow);
    }, []);

    // a value that the server chose belongs into the address too; what it corrected at first is no step of its own
    const first = window.React.useRef(true);
    window.React.useEffect(() => {
      const ours = props.fields.filter((field) => !field.local);
      address.write(Object.fromEntries(ours.map(({ key }) => [key, props.value[key] || ""])), first.current);
      first.current = false;
    }, [props.value, props.fields]);

    const query = address.read();
    const all = { ...props.value };
    props.fields.filter((field) => field.local).forEach((field) => (all[field.key] = query[field.key] || ""));
    const set = props.fields.filter((field) => field.filters && all[field.key]);
    const fields = props.fields.map((field) =>
      h(
        "div",
        { key: field.key, className: `filter is-${field.kind} for-${field.key}${field.quiet ? " is-quiet" : ""}${all[field.key] ? " is-set" : ""}` },
        h("span", { className: "filter-label", "aria-hidden": "true" }, field.label),
        h(KINDS[field.kind], { field, value: all[field.key], change: (text, quietly) => put({ [field.key]: text }, quietly) }),
      ),
    );
    const more = props.fields.some((field) => field.quiet) && h(
      "button",
      { key: "more", type: "button", className: "filter-more", "aria-expanded": open, onClick: () => setOpen(!open) },
      set.length ? `Filters (${set.length})` : "Filters",
    );
    const nothing = Object.fromEntries(set.map((field) => [field.key, ""]));
    const clear =
      set.length > 0 &&
      h("button", { key: "clear", type: "button", className: "filter-clear", onClick: () => put(nothing) }, "Clear filters");
    return h("div", { id: props.id, className: "filters" + (open ? " is-open" : ""), role: "search" }, fields, more, clear);
  };

  // Hands the server's part of `changes` to Dash, if it changes anything.
  function tell(changes, { fields, value, setProps }) {
    const ours = fields.filter((field) => !field.local && field.key in changes);
    if (!ours.some(({ key }) => (value[key] || "") !== changes[key])) return;
    setProps({ value: { ...value, ...Object.fromEntries(ours.map(({ key }) => [key, changes[key]])) } });
  }
})();
