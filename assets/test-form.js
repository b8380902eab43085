// The fields of a form that pages/components/action_forms.py describes, and what they send.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});

  function keyOf(field) {
    return field.key || field.name;
  }

  // -- moments are typed in the viewer's zone and sent in UTC ------------------------------------------------------------
  function two(number) {
    return String(number).padStart(2, "0");
  }

  function local(iso) {
    var date = new Date(iso);
    if (isNaN(date)) return "";
    var day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
    return day + "T" + [two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join(":");
  }

  parts.localMoment = local;

  function zone() {
    return Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  // What a field begins with; `said` is what was recorded before, as moments in UTC.
  function begin(field, said) {
    var value = said === undefined || said === null ? field.value : said;
    if (field.type === "tick") return Boolean(value);
    if (field.type === "pairs") {
      return (value || []).map(function (pair) {
        return pair.slice();
      });
    }
    if (value === undefined || value === null) return "";
    return field.type === "moment" ? local(value) : String(value);
  }

  parts.formBegin = function (fields, given) {
    var values = {};
    fields.forEach(function (field) {
      values[keyOf(field)] = begin(field, given && given[field.name]);
    });
    return given && given.tool_id ? refill(fields, values, "tool_id", given.tool_id) : values;
  };

  // A choice may fill the others with what was said before for it.
  function refill(fields, values, name, chosen) {
    var field = fields.find(function (one) {
      return one.name === name && one.fills;
    });
    if (!field) return values;
    var said = field.fills[chosen];
    var filled = Object.assign({}, values);
    filled[name] = chosen;
    if (!said) return filled;
    fields.forEach(function (one) {
      if (one.name !== name) filled[keyOf(one)] = begin(one, said[one.name] || "");
    });
    return filled;
  }
  parts.formRefill = refill;

  function shown(field, values) {
    return Object.keys(field.when || {}).every(function (name) {
      return field.when[name].indexOf(values[name]) >= 0;
    });
  }

  // -- what is sent ------------------------------------------------------------------------------------------------------
  // A moment nobody touched, or one taken from a file, goes as it was written: the field has whole seconds only.
  function taken(field, values) {
    var from = values[keyOf(field) + ":from"];
    return from && local(from.moment) === values[keyOf(field)] ? from : null; // typed over: no longer from the file
  }

  function moment(field, text, values, fields) {
    var from = taken(field, values);
    if (from) return from.moment;
    var chooser = fields.find(function (one) {
      return one.fills;
    });
    var said = chooser && (chooser.fills[values[chooser.name]] || {})[field.name];
    if (said && local(said) === text) return said;
    var date = new Date(text);
    return isNaN(date) ? null : date.toISOString();
  }

  function sent(field, value, values, fields) {
    if (field.type === "tick") return value;
    if (field.type === "yesno") return value === "yes";
    if (field.type === "pairs") {
      var pairs = {};
      value.forEach(function (pair) {
        if (pair[1] !== "") pairs[pair[0]] = pair[1];
      });
      return pairs;
    }
    if (field.type === "moment") return value ? moment(field, value, values, fields) : null;
    if (["choice", "day", "seek"].indexOf(field.type) >= 0) return value === "" ? null : field.whole ? Number(value) : value;
    return value;
  }

  parts.formPayload = function (fields, values, changedOnly) {
    var payload = {};
    var files = {};
    fields.forEach(function (field) {
      if (!shown(field, values)) return;
      var value = values[keyOf(field)];
      if (changedOnly && JSON.stringify(value) === JSON.stringify(begin(field))) return;
      payload[field.name] = sent(field, value, values, fields);
      if (field.type === "moment" && taken(field, values)) files[field.name] = taken(field, values).file;
    });
    if (Object.keys(files).length) payload.taken_from = files;
    return payload;
  };

  // -- fields ------------------------------------------------------------------------------------------------------------
  function control(field, id, value, change) {
    var h = parts.h;
    var plain = {
      id: id,
      className: "field" + (field.mono ? " is-mono" : ""),
      required: Boolean(field.required),
      maxLength: field.max,
      value: value,
      "aria-describedby": id + "-hint",
      onChange: function (event) {
        change(event.target.value);
      },
    };
    if (field.type === "area") return h("textarea", Object.assign(plain, { rows: field.mono ? 8 : 3 }));
    if (field.type === "choice") {
      delete plain.maxLength;
      return h(
        "select",
        plain,
        field.options.map(function (option) {
          return h("option", { key: option[0], value: option[0] }, option[1]);
        }),
      );
    }
    if (field.type === "seek") return h(parts.Seek, { id: id, options: field.options || [], at: field.at, value: value, change: change });
    if (field.type === "moment") return h(parts.MomentField, { input: plain, files: field.files || [], change: change });
    return h("input", Object.assign(plain, { type: field.type === "day" ? "date" : "text", autoComplete: "off" }));
  }

  function pick(field, id, value, change) {
    var h = parts.h;
    var options = field.type === "yesno" ? [["yes", "Yes"], ["no", "No"]] : field.options;
    return h(
      "fieldset",
      { key: id, className: "picks" },
      h("legend", null, field.label),
      options.map(function (option) {
        return h(
          "label",
          { key: option[0] },
          h("input", {
            type: "radio",
            name: id,
            required: Boolean(field.required),
            checked: value === option[0],
            onChange: function () {
              change(option[0]);
            },
          }),
          option[1],
        );
      }),
    );
  }

  function tick(field, id, value, change) {
    var h = parts.h;
    var props = {
      type: "checkbox",
      checked: value,
      onChange: function (event) {
        change(event.target.checked);
      },
    };
    return h("label", { key: id, className: "tick" }, h("input", props), field.label);
  }

  function pairs(field, id, value, change) {
    var h = parts.h;
    if (!value.length) return null;
    return h(
      "fieldset",
      { key: id, className: "pairs" },
      h("legend", null, field.label),
      value.map(function (pair, index) {
        var props = {
          className: "field is-mono",
          value: pair[1],
          placeholder: pair[2],
          onChange: function (event) {
            var next = value.slice();
            next[index] = [pair[0], event.target.value, pair[2]];
            change(next);
          },
        };
        return h("label", { key: pair[0] }, h("span", { className: "is-mono" }, pair[0]), h("input", props));
      }),
    );
  }

  parts.formFields = function (fields, values, form, change) {
    var h = parts.h;
    return fields.map(function (field) {
      if (!shown(field, values)) return null;
      var key = keyOf(field);
      var id = form + "-" + key;
      var set = function (value, from) {
        change(field, value, from);
      };
      if (field.type === "pick" || field.type === "yesno") return pick(field, id, values[key], set);
      if (field.type === "tick") return tick(field, id, values[key], set);
      if (field.type === "pairs") return pairs(field, id, values[key], set);
      var hint = [field.hint, field.type === "moment" ? "Your time zone: " + zone() + "." : ""].filter(Boolean).join(" ");
      return h(
        "div",
        { key: id, className: "labelled" },
        h("label", { htmlFor: id }, field.label, field.required ? null : h("span", { className: "beside" }, "optional")),
        control(field, id, values[key], set),
        hint ? h("span", { id: id + "-hint", className: "hint" }, hint) : null,
      );
    });
  };
})();
