// A field that chooses one of many by typing: what is near at hand is offered first, more is asked for while typing. What is
// typed and not chosen counts as nothing.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var PAUSE_MS = 200;
  var SHOWN = 8;

  function titleOf(options, value) {
    var found = options.find(function (option) {
      return option[0] === value;
    });
    return found ? found[1] : "";
  }

  function near(options, text) {
    var words = text.toLowerCase().split(/\s+/);
    return options.filter(function (option) {
      var title = option[1].toLowerCase();
      return words.every(function (word) {
        return title.indexOf(word) >= 0;
      });
    });
  }

  // Each once, what is near at hand first.
  function together(first, then) {
    var known = {};
    return first.concat(then).filter(function (option) {
      var fresh = !known[option[0]];
      known[option[0]] = true;
      return fresh;
    });
  }

  parts.Seek = function (props) {
    var h = parts.h;
    var React = window.React;
    var more = React.useState({ words: "", options: [] }); // what was found elsewhere, and for which words
    var all = together(props.options, more[0].options);
    var text = React.useState(titleOf(all, props.value));
    var open = React.useState(false);
    var chosen = React.useState(0);
    var waiting = React.useRef(0);
    var typing = React.useRef(false);
    React.useEffect(
      function () {
        if (!typing.current) text[1](titleOf(all, props.value));
        typing.current = false;
      },
      [props.value],
    );

    var others = more[0].words === text[0] ? more[0].options : near(more[0].options, text[0]);
    var found = together(near(props.options, text[0]), others).slice(0, SHOWN);
    var list = props.id + "-list";

    function typed(event) {
      var words = event.target.value;
      text[1](words);
      open[1](true);
      chosen[1](0);
      if (props.value) {
        typing.current = true;
        props.change("");
      }
      window.clearTimeout(waiting.current);
      waiting.current = window.setTimeout(function () {
        if (words.trim().length < 2) return;
        parts.request("GET", props.at + "?q=" + encodeURIComponent(words)).then(
          function (answer) {
            if (answer.ok) more[1]({ words: words, options: answer.body.rules });
          },
          function () {}, // what is near at hand is still there
        );
      }, PAUSE_MS);
    }

    function take(option) {
      more[1]({ words: "", options: together([option], more[0].options) });
      text[1](option[1]);
      open[1](false);
      props.change(option[0]);
    }

    function keys(event) {
      if (!open[0] && event.key === "ArrowDown") open[1](true);
      else if (!open[0] || !found.length) return;
      else if (event.key === "ArrowDown") chosen[1]((chosen[0] + 1) % found.length);
      else if (event.key === "ArrowUp") chosen[1]((chosen[0] + found.length - 1) % found.length);
      else if (event.key === "Enter") take(found[chosen[0]]);
      else if (event.key === "Escape") open[1](false);
      else return;
      event.preventDefault();
    }

    return h(
      "div",
      { className: "seek" },
      h("input", {
        id: props.id,
        type: "text",
        className: "field",
        autoComplete: "off",
        placeholder: "None, or not known; type to look for it",
        role: "combobox",
        "aria-expanded": open[0],
        "aria-autocomplete": "list",
        "aria-controls": list,
        "aria-activedescendant": open[0] && found.length ? list + "-" + chosen[0] : undefined,
        value: text[0],
        onChange: typed,
        onKeyDown: keys,
        onFocus: function () {
          if (!props.value) open[1](true);
        },
        onBlur: function () {
          open[1](false);
          if (!props.value) text[1]("");
        },
      }),
      h(
        "ul",
        { id: list, role: "listbox", "aria-label": "Rules", className: "suggestions", hidden: !open[0] || !found.length },
        found.map(function (option, index) {
          return h(
            "li",
            {
              key: option[0],
              id: list + "-" + index,
              role: "option",
              "aria-selected": index === chosen[0],
              onMouseDown: function (event) {
                event.preventDefault(); // the field keeps the focus
                take(option);
              },
            },
            option[1],
          );
        }),
      ),
    );
  };
})();
