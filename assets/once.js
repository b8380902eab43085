// The keys of what a press makes once (pages/components/once.py).
(function () {
  "use strict";
  var clientside = (window.dash_clientside = window.dash_clientside || {});
  clientside.aegis = Object.assign({}, clientside.aegis, {
    newKey: function () {
      return window.aegis_parts.uuid();
    },
  });
})();
