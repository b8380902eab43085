// A moment somebody types, or takes from the clock or from a text file of the evidence. Nothing fills it in by itself.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});

  function quiet(text, press, more) {
    var props = { type: "button", className: "button is-quiet is-small", onClick: press };
    return parts.h("button", Object.assign(props, more), text);
  }

  parts.MomentField = function (props) {
    var h = parts.h;
    var React = window.React;
    var open = React.useState(false);
    var input = Object.assign({}, props.input, { type: "datetime-local", step: 1 });
    delete input.maxLength;
    return h(
      "div",
      null,
      h(
        "div",
        { className: "clock-field" },
        h("input", input),
        quiet("Now", function () {
          props.change(parts.localMoment(new Date().toISOString()));
        }),
        props.files.length
          ? quiet(
              "From evidence",
              function () {
                open[1](!open[0]);
              },
              { "aria-expanded": open[0] },
            )
          : null,
      ),
      open[0]
        ? h(Times, {
            files: props.files,
            take: function (iso, file) {
              props.change(parts.localMoment(iso), { moment: iso, file: file });
              open[1](false);
            },
          })
        : null,
    );
  };

  // The times in one of the files, each with the line it stands in.
  function Times(props) {
    var h = parts.h;
    var React = window.React;
    var file = React.useState(props.files[0][0]);
    var found = React.useState({ said: "Reading…" });
    React.useEffect(
      function () {
        var wanted = true;
        parts.request("GET", "/api/evidence/" + file[0] + "/times").then(
          function (answer) {
            if (wanted) found[1](answer.ok ? { times: answer.body.times } : { said: answer.body.detail });
          },
          function () {
            if (wanted) found[1]({ said: "The file cannot be read just now." });
          },
        );
        return function () {
          wanted = false;
        };
      },
      [file[0]],
    );
    var times = found[0].times || [];
    return h(
      "div",
      { className: "times" },
      h(
        "select",
        {
          className: "field is-small",
          "aria-label": "File",
          value: file[0],
          onChange: function (event) {
            file[1](event.target.value);
            found[1]({ said: "Reading…" });
          },
        },
        props.files.map(function (one) {
          return h("option", { key: one[0], value: one[0] }, one[1]);
        }),
      ),
      found[0].times && !times.length ? h("p", { className: "hint" }, "No times with a date were found in it.") : null,
      found[0].said ? h("p", { className: "hint", role: "status" }, found[0].said) : null,
      h(
        "ul",
        null,
        times.map(function (one) {
          return h(
            "li",
            { key: one[0] },
            quiet(parts.moment(one[0], "second"), function () {
              props.take(one[0], file[0]);
            }),
            h("span", { className: "beside" }, (one[1] ? "" : "no zone, read as UTC: ") + one[2]),
          );
        }),
      ),
    );
  }
})();
