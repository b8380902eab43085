// The bell in the top bar and the list on the notifications page. Each is one node of the Dash tree.
(function () {
  "use strict";
  var parts = (window.aegis_parts = window.aegis_parts || {});
  var EVERY_MS = 20000;
  var CHANGED = "aegis:notifications"; // {unread}: said by whoever knows a newer number

  // -- asking the server --------------------------------------------------------------------------------------------
  // What the page asks `byItself` does not keep a session open that nobody uses.
  function ask(path, byItself) {
    var headers = { Accept: "application/json" };
    if (byItself) headers["X-Background"] = "1";
    return window.fetch(path, { headers: headers }).then(answer);
  }

  function tell(body) {
    return window
      .fetch("/api/notifications/read", {
        method: "POST",
        keepalive: true, // the person may be leaving for what they clicked
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": window.aegisCsrf() },
        body: JSON.stringify(body),
      })
      .then(answer)
      .then(function (now) {
        window.dispatchEvent(new CustomEvent(CHANGED, { detail: now }));
        return now;
      });
  }

  function answer(response) {
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  // -- one notification ---------------------------------------------------------------------------------------------
  function entry(one, onRead) {
    var h = parts.h;
    var said = [
      h("strong", { key: "t" }, one.title),
      one.body ? h("span", { key: "b", className: "hint inbox-said" }, one.body) : null,
      h("span", { key: "w", className: "hint" }, one.label, " · ", parts.moment(one.at, "ago")),
    ];
    var inside = one.link
      ? h(
          "a",
          {
            href: one.link,
            "data-go": "",
            onClick: function () {
              if (!one.read) onRead(one);
            },
          },
          said,
        )
      : h("div", null, said);
    return h(
      "li",
      { key: one.id, className: one.read ? "" : "is-unread" },
      one.read ? null : h("span", { className: "unseen" }, "Unread: "),
      inside,
      one.read
        ? null
        : h(
            "button",
            {
              type: "button",
              className: "told-read",
              title: "Mark as read",
              "aria-label": "Mark as read: " + one.title,
              onClick: function () {
                onRead(one);
              },
            },
            h("span", { "aria-hidden": "true" }),
          ),
    );
  }

  function asRead(items, which) {
    return items.map(function (one) {
      return !which || one.id === which.id ? Object.assign({}, one, { read: true }) : one;
    });
  }

  // -- the bell -----------------------------------------------------------------------------------------------------
  function useUnread() {
    var React = window.React;
    var unread = React.useState(0);
    React.useEffect(function () {
      var timer = 0;

      function look() {
        if (document.visibilityState !== "visible") return;
        ask("/api/notifications/count", true).then(
          function (now) {
            unread[1](now.unread);
          },
          function () {}, // nobody answers: the number stays, and the page says so by itself
        );
      }

      function heard(event) {
        unread[1](event.detail.unread);
      }

      look();
      timer = window.setInterval(look, EVERY_MS);
      document.addEventListener("visibilitychange", look);
      window.addEventListener(CHANGED, heard);
      return function () {
        window.clearInterval(timer);
        document.removeEventListener("visibilitychange", look);
        window.removeEventListener(CHANGED, heard);
      };
    }, []);
    return unread;
  }

  function words(count) {
    return count ? count.toLocaleString("en-GB") + " unread" : "none unread";
  }

  function menu(props, list, readOne, readAll) {
    var h = parts.h;
    if (list === "failed") return h("p", { className: "hint" }, "Notifications cannot be read just now.");
    if (!list) return h("div", { className: "skeleton is-rows", role: "status", "aria-label": "Loading" });
    var some = list.items.some(function (one) {
      return !one.read;
    });
    return [
      h(
        "header",
        { key: "h" },
        h("strong", null, "Notifications"),
        some ? h("button", { type: "button", className: "button is-quiet is-small", onClick: readAll }, "Read all") : null,
      ),
      list.items.length
        ? h(
            "ul",
            { key: "l", className: "inbox" },
            list.items.map(function (one) {
              return entry(one, readOne);
            }),
          )
        : h("p", { key: "n", className: "hint" }, "Nothing yet. Here stands what concerns you: tests assigned to you, decisions, comments."),
      list.failed
        ? h(
            "a",
            { key: "f", href: props.href + "#failed", "data-go": "", className: "bell-failed" },
            list.failed.toLocaleString("en-GB") + (list.failed === 1 ? " message" : " messages") + " could not be delivered",
          )
        : null,
      h("a", { key: "a", href: props.href, "data-go": "", className: "bell-all" }, "All notifications"),
    ];
  }

  parts.Bell = function (props) {
    var h = parts.h;
    var React = window.React;
    var unread = useUnread();
    var list = React.useState(null);
    var opened = React.useRef("");

    function open(event) {
      if (!event.target.open) return;
      opened.current = new Date().toISOString();
      ask("/api/notifications").then(
        function (now) {
          list[1](now);
          window.dispatchEvent(new CustomEvent(CHANGED, { detail: { unread: now.unread } }));
        },
        function () {
          list[1]("failed");
        },
      );
    }

    function read(which) {
      var seen = list[0].items.length ? list[0].items[0].at : opened.current;
      tell(which ? { ids: [which.id] } : { until: seen }).then(
        function () {
          list[1](Object.assign({}, list[0], { items: asRead(list[0].items, which) }));
        },
        function () {}, // it stays unread, as it shows
      );
    }

    return h(
      "details",
      { id: props.id, className: "menu bell", onToggle: open },
      h(
        "summary",
        { className: "icon is-bell", title: "Notifications", "aria-label": "Notifications, " + words(unread[0]) },
        unread[0] ? h("span", { className: "badge-count", "aria-hidden": "true" }, unread[0] > 99 ? "99+" : unread[0]) : null,
      ),
      h("span", { className: "unseen", role: "status" }, unread[0] ? words(unread[0]) : ""),
      h(
        "div",
        { className: "menu-body bell-body" },
        menu(props, list[0], read, function () {
          read(null);
        }),
      ),
    );
  };

  // -- the list on the page -----------------------------------------------------------------------------------------
  parts.Inbox = function (props) {
    var h = parts.h;
    var items = window.React.useState(props.items || []);
    window.React.useEffect(
      function () {
        items[1](props.items || []);
      },
      [props.items],
    );

    function read(which) {
      tell(which ? { ids: [which.id] } : { until: props.until }).then(
        function (now) {
          items[1](asRead(items[0], which));
          var unread = now.unread ? now.unread.toLocaleString("en-GB") + " unread" : "Nothing unread";
          window.dash_clientside.set_props("answer", { children: unread + (props.lost || "") });
        },
        function () {}, // it stays unread, as it shows
      );
    }

    var some = items[0].some(function (one) {
      return !one.read;
    });
    return h(
      "div",
      { id: props.id },
      some
        ? h(
            "button",
            {
              type: "button",
              className: "button is-quiet is-small inbox-all",
              onClick: function () {
                read(null);
              },
            },
            "Mark all as read",
          )
        : null,
      h(
        "ul",
        { className: "inbox" },
        items[0].map(function (one) {
          return entry(one, read);
        }),
      ),
    );
  };
})();
