// Time worked, running on its own: the page is not asked for it.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var TICK_MS = 1000;

  function two(number) {
    return String(number).padStart(2, "0");
  }

  // While it runs, a clock; afterwards words, as durations stand everywhere.
  function lasted(seconds) {
    var whole = Math.round(seconds);
    if (whole < 60) return whole + " s";
    var minutes = Math.floor(whole / 60);
    if (minutes < 60) return minutes + " min";
    return Math.floor(minutes / 60) + " h" + (minutes % 60 ? " " + (minutes % 60) + " min" : "");
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
    var title = props.since ? "Running; hours, minutes and seconds of work" : "Stopped at " + words(props.seconds || 0) + " of work";
    return parts.h(
      "span",
      { id: props.id, className: "stopwatch" + (props.since ? " is-running" : ""), title: title },
      props.since ? words((props.seconds || 0) + running) : lasted(props.seconds || 0),
    );
  };
})();
