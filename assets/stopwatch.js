// Time worked, running on its own: the page is not asked for it.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var TICK_MS = 1000;

  function two(number) {
    return String(number).padStart(2, "0");
  }

  function words(seconds) {
    var whole = Math.max(0, Math.floor(seconds));
    var hours = Math.floor(whole / 3600);
    return (hours ? hours + ":" : "") + two(Math.floor((whole % 3600) / 60)) + ":" + two(whole % 60);
  }

  parts.Stopwatch = function (props) {
    var React = window.React;
    var tick = React.useState(0);
    React.useEffect(
      function () {
        if (!props.since) return;
        var clock = window.setInterval(function () {
          tick[1](function (count) {
            return count + 1;
          });
        }, TICK_MS);
        return function () {
          window.clearInterval(clock);
        };
      },
      [props.since],
    );
    var running = props.since ? (Date.now() - new Date(props.since).getTime()) / 1000 : 0;
    var title = (props.since ? "Running" : "Stopped") + "; hours, minutes and seconds of work";
    return parts.h(
      "span",
      { id: props.id, className: "stopwatch" + (props.since ? " is-running" : ""), title: title },
      words((props.seconds || 0) + running),
    );
  };
})();
