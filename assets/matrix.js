// The ATT&CK matrix: `aegis_parts.Matrix`, a Dash component without a build step.
//
// The server decides what a technique is worth (bucket, value, facts); this draws it. `frame` (the techniques) builds the cells,
// `paint` (what is known of them) only changes their classes and texts, so that another colour mode rebuilds nothing.
// In the accessibility tree a tactic is a row of the grid, because its cells are its children; on screen it is a column.
// Properties: pages/components/matrix.py.
(function () {
  "use strict";

  const HIDDEN = 0;
  const HIDE_AFTER = 120;
  const NARROW = "(max-width: 767.98px)";
  const { Card, Legend, Steps, element, paintCell, paintColumn } = window.aegisMatrixParts;
  const address = window.aegisAddress;

  const template = (function () {
    const cell = element("div", "mx-cell");
    cell.setAttribute("role", "gridcell");
    const link = element("a", "mx-link");
    link.tabIndex = -1;
    const glyph = element("span", "mx-glyph", "\u00a0");
    glyph.setAttribute("aria-hidden", "true");
    link.append(glyph, element("span", "mx-id", " "), element("span", "mx-name", " "), element("span", "mx-value"));
    cell.append(link);
    return cell;
  })();

  class Board {
    constructor(host) {
      this.props = {};
      this.columns = [];
      this.steps = new Steps(this);
      this.legend = new Legend((only) => {
        address.write({ only });
        this.follow();
      });
      this.card = new Card();
      this.strip = element("nav", "mx-strip");
      this.strip.setAttribute("aria-label", "Tactics");
      this.scroller = element("div", "mx-scroll");
      this.grid = element("div", "mx-grid");
      this.grid.setAttribute("role", "grid");
      this.grid.setAttribute("aria-label", "ATT&CK matrix: a row a tactic");
      this.message = element("div", "mx-message");
      this.scroller.append(this.grid);
      this.host = host;
      host.append(this.legend.node, this.strip, this.scroller, this.message, this.card.node);
      this.listen();
    }

    listen() {
      const cellOf = (event) => {
        const node = event.target.closest(".mx-cell");
        return node ? node.mxCell : null;
      };
      this.grid.addEventListener("click", (event) => this.click(event, cellOf(event)));
      this.grid.addEventListener("keydown", (event) => this.steps.key(event, cellOf(event)));
      this.grid.addEventListener("focusin", (event) => {
        const cell = cellOf(event);
        if (!cell) return;
        this.rove(cell);
        if (event.target.matches(":focus-visible")) this.look(cell);
      });
      this.grid.addEventListener("focusout", () => this.look(null));
      this.grid.addEventListener("pointerover", (event) => {
        if (event.pointerType !== "touch") this.look(cellOf(event));
      });
      this.grid.addEventListener("pointerleave", () => this.look(null));
      this.card.node.addEventListener("pointerenter", () => clearTimeout(this.hiding));
      this.card.node.addEventListener("pointerleave", () => this.look(null));
      this.scroller.addEventListener("scroll", () => this.card.hide(), { passive: true });
      this.strip.addEventListener("click", (event) => {
        const tab = event.target.closest("button");
        if (tab) this.openColumn(this.columns[Number(tab.dataset.column)]);
      });
      this.onResize = () => this.fitHeight();
      this.onEscape = (event) => event.key === "Escape" && this.card.hide();
      this.onFind = () => this.focusFirstMatch();
      this.onQuery = () => this.follow();
      window.addEventListener("resize", this.onResize);
      document.addEventListener("keydown", this.onEscape);
      document.addEventListener("aegis:find", this.onFind);
      window.addEventListener("aegis:query", this.onQuery);
    }

    destroy() {
      clearTimeout(this.hiding);
      window.removeEventListener("resize", this.onResize);
      document.removeEventListener("keydown", this.onEscape);
      document.removeEventListener("aegis:find", this.onFind);
      window.removeEventListener("aegis:query", this.onQuery);
    }

    update(props) {
      const before = this.props;
      this.props = props;
      const ready = Boolean(props.frame && props.paint) && !props.message;
      this.host.classList.toggle("mx-waiting", !ready && !props.message);
      this.host.classList.toggle("mx-silent", Boolean(props.message));
      if (before.message !== props.message) this.say(props.message);
      if (!ready) return;
      const framed = before.frame !== props.frame || !this.columns.length;
      if (!framed && before.paint === props.paint) return;
      const fragment = framed ? this.build() : null;
      this.query = framed ? {} : { sub: this.query.sub };
      this.paint();
      this.follow(true);
      this.fitHeight(); // while the grid is empty, measuring costs nothing
      if (!framed) return;
      this.grid.replaceChildren(fragment); // painted already: one layout
      this.steps.restore();
    }

    // What the browser decides alone stands in the address: search (q), pinned legend entry (only), sub-techniques (sub), width (fit).
    follow(repainted) {
      if (!this.drawn || !this.host.isConnected) return;
      const before = this.query;
      const { q, only, sub, fit } = (this.query = address.read());
      this.host.classList.toggle("mx-fit", fit === "1");
      if (sub !== before.sub) this.openAll(sub === "all");
      if (repainted || sub !== before.sub || q !== before.q || only !== before.only) this.singleOut(q, only);
    }

    say(message) {
      if (!message) {
        this.message.replaceChildren();
        return;
      }
      const parts = [element("h2", "", message.title), element("p", "", message.text)];
      if (message.href) {
        const link = element("a", "btn btn-primary btn-sm", message.action);
        link.href = message.href;
        parts.push(link);
      }
      this.message.replaceChildren(...parts);
    }

    // -- building

    build() {
      const { frame } = this.props;
      const fragment = document.createDocumentFragment();
      this.current = null;
      this.children = frame.ids.map(() => []);
      frame.parents.forEach((parent, i) => parent >= 0 && this.children[parent].push(i));
      this.hay = frame.ids.map((id, i) => `${id} ${frame.names[i]}`.toLowerCase());
      this.columns = frame.tactics.map((tactic, t) => this.column(tactic, t, fragment));
      frame.tactics_of.forEach((under, i) => {
        const parent = frame.parents[i];
        under.forEach((t) => {
          if (parent < 0 || !frame.tactics_of[parent].includes(t)) this.columns[t].top.push(this.cell(i, t, null));
        });
      });
      this.columns.forEach((column) => column.node.append(...column.top.map((cell) => cell.node)));
      this.grid.setAttribute("aria-rowcount", String(this.columns.length));
      this.strip.replaceChildren(...this.columns.map((column) => column.tab));
      this.shownColumn = null;
      return fragment;
    }

    column([id, , name], t, fragment) {
      const node = element("div", "mx-col");
      node.setAttribute("role", "row");
      node.setAttribute("aria-label", name);
      const head = element("div", "mx-head");
      head.setAttribute("role", "rowheader");
      const count = element("span", "mx-count");
      const bar = element("span", "mx-bar");
      head.append(element("span", "mx-tactic", name), count, bar);
      node.append(head);
      fragment.append(node);
      const tab = element("button", "mx-tab", name);
      tab.type = "button";
      tab.dataset.column = String(t);
      return { t, id, name, node, head, count, bar, tab, top: [], on: true };
    }

    cell(i, t, parent) {
      const { frame } = this.props;
      const node = template.cloneNode(true);
      const link = node.firstChild;
      const [glyph, id, name, value] = link.children;
      const cell = { i, t, parent, node, link, glyph: glyph.firstChild, value, kids: null, open: false, look: "", marks: [] };
      node.mxCell = cell;
      id.firstChild.data = frame.ids[i];
      name.firstChild.data = frame.names[i];
      link.href = frame.href.replace("{id}", frame.ids[i]);
      if (parent) node.classList.add("mx-sub");
      const below = parent ? [] : this.children[i].filter((kid) => frame.tactics_of[kid].includes(t));
      if (below.length) this.addToggle(cell, below);
      return cell;
    }

    addToggle(cell, below) {
      cell.below = below;
      cell.toggle = element("button", "mx-toggle");
      cell.toggle.type = "button";
      cell.toggle.tabIndex = -1;
      cell.node.append(cell.toggle);
    }

    // Sub-techniques become elements when their technique is first opened.
    open(cell, open) {
      if (!cell.below) return;
      cell.open = open;
      if (open && !cell.kids) {
        cell.kids = cell.below.map((i) => this.cell(i, cell.t, cell));
        cell.node.after(...cell.kids.map((kid) => kid.node));
        if (this.drawn) cell.kids.forEach((kid) => this.paintCell(kid));
      }
    }

    openAll(open) {
      this.each((cell) => this.open(cell, open), true);
    }

    each(visit, topOnly) {
      this.columns.forEach((column) =>
        column.top.forEach((cell) => {
          visit(cell);
          if (!topOnly && cell.kids) cell.kids.forEach(visit);
        }),
      );
    }

    // -- painting

    paint() {
      const { paint } = this.props;
      this.marks = new Map();
      (paint.overlay ? paint.overlay.marks : []).forEach((mark) => {
        if (!this.marks.has(mark[0])) this.marks.set(mark[0], []);
        this.marks.get(mark[0]).push(mark);
      });
      this.drawn = true;
      this.each((cell) => this.paintCell(cell));
      this.legend.draw(paint);
      const visible = new Set(paint.visible);
      this.columns.forEach((column) => paintColumn(column, paint, visible.has(column.t)));
      const on = this.columns.filter((column) => column.on);
      if (!on.includes(this.shownColumn)) this.openColumn(on[0]);
      if (this.current && (this.current.node.hidden || !this.columns[this.current.t].on)) this.current = null;
    }

    paintCell(cell) {
      const { frame, paint } = this.props;
      paintCell(cell, frame, paint, this.marks.get(cell.i) || []);
    }

    // -- what is visible, and what stands out

    singleOut(q, only) {
      const { paint } = this.props;
      const words = (q || "").toLowerCase().split(/\s+/).filter(Boolean);
      const pinned = paint.buckets.findIndex((bucket) => bucket.key === only);
      const active = words.length > 0 || pinned >= 0;
      const lit = (i) =>
        paint.state[i] === 1 && (pinned < 0 || paint.bucket[i] === pinned) && words.every((word) => this.hay[i].includes(word));
      this.lit = active ? this.hay.map((_, i) => lit(i)) : null;
      // a search opens what hides a find, and closes it again when it is over
      this.each((cell) => {
        const find = words.length > 0 && Boolean(cell.below) && cell.below.some((i) => this.lit[i]);
        if (find && !cell.open) cell.openedBySearch = true;
        if (find) this.open(cell, true);
        else if (cell.openedBySearch) this.open(cell, (cell.openedBySearch = false));
      }, true);
      this.each((cell) => cell.node.classList.toggle("mx-dim", active && !this.lit[cell.i]));
      this.each((cell) => {
        const inside = active && !cell.open && Boolean(cell.below) && cell.below.some((i) => this.lit[i]);
        cell.node.classList.toggle("mx-inside", inside);
      }, true);
      this.legend.mark(only || "", active ? this.lit.filter(Boolean).length : null);
      this.arrange();
    }

    arrange() {
      const { state } = this.props.paint;
      this.columns.forEach((column) =>
        column.top.forEach((cell) => {
          cell.node.hidden = state[cell.i] === HIDDEN;
          const below = cell.below ? cell.below.filter((i) => state[i] !== HIDDEN).length : 0;
          if (cell.toggle) this.arrangeToggle(cell, below);
          (cell.kids || []).forEach((kid) => {
            kid.node.hidden = !cell.open || state[kid.i] === HIDDEN;
          });
        }),
      );
      if (!this.current || this.current.node.hidden) this.rove(this.firstCell());
    }

    arrangeToggle(cell, below) {
      const id = this.props.frame.ids[cell.i];
      cell.toggle.hidden = below === 0;
      cell.node.classList.toggle("mx-more", below > 0);
      cell.toggle.textContent = String(below);
      cell.toggle.setAttribute("aria-label", `${cell.open ? "Fold" : "Show"} ${below} sub-technique${below === 1 ? "" : "s"} of ${id}`);
      cell.toggle.setAttribute("aria-expanded", String(cell.open));
      if (below) cell.link.setAttribute("aria-expanded", String(cell.open));
      else cell.link.removeAttribute("aria-expanded");
    }

    toggle(cell, open) {
      this.open(cell, open);
      cell.openedBySearch = false;
      if (this.lit) this.singleOut(this.query.q, this.query.only);
      else this.arrange();
    }

    visible(column) {
      return column.top.flatMap((cell) => [cell, ...(cell.open && cell.kids ? cell.kids : [])]).filter((cell) => !cell.node.hidden);
    }

    firstCell() {
      const column = this.columns.find((one) => one.on && this.visible(one).length);
      return column ? this.visible(column)[0] : null;
    }

    openColumn(column) {
      if (!column) return;
      this.shownColumn = column;
      this.columns.forEach((one) => {
        one.node.classList.toggle("mx-off", one !== column);
        one.tab.setAttribute("aria-pressed", String(one === column));
      });
      if (window.matchMedia(NARROW).matches) column.tab.scrollIntoView({ block: "nearest", inline: "center" });
    }

    // The scroller ends with the window; where it starts depends on the page above it.
    fitHeight() {
      const top = Math.round(this.scroller.getBoundingClientRect().top + window.scrollY);
      if (top === this.top) return;
      this.top = top;
      this.scroller.style.maxHeight = `max(420px, calc(100dvh - ${top}px - 12px))`;
    }

    // -- a person

    click(event, cell) {
      if (!cell) return;
      if (event.target === cell.toggle) {
        this.toggle(cell, !cell.open);
        this.focus(cell);
        return;
      }
      const link = event.target.closest("a");
      if (link && address.plainClick(event)) {
        event.preventDefault();
        this.steps.remember(cell);
        window.aegis.go(link.getAttribute("href"));
      }
    }

    rove(cell) {
      if (this.current && this.current !== cell) this.current.link.tabIndex = -1;
      this.current = cell;
      if (cell) cell.link.tabIndex = 0;
    }

    focus(cell, still) {
      if (this.columns[cell.t] !== this.shownColumn) this.openColumn(this.columns[cell.t]);
      cell.link.focus({ preventScroll: Boolean(still) });
    }

    focusFirstMatch() {
      const all = this.columns.filter((column) => column.on).flatMap((column) => this.visible(column));
      const found = all.find((cell) => this.lit && this.lit[cell.i]);
      if (found) this.focus(found);
    }

    look(cell) {
      clearTimeout(this.hiding);
      if (cell) this.card.show(cell, this.props.frame, this.props.paint);
      else this.hiding = setTimeout(() => this.card.hide(), HIDE_AFTER);
    }
  }

  function Matrix(props) {
    const host = window.React.useRef(null);
    const board = window.React.useRef(null);
    window.React.useLayoutEffect(() => {
      board.current = new Board(host.current);
      return () => board.current.destroy();
    }, []);
    window.React.useLayoutEffect(() => board.current.update(props));
    return window.React.createElement("div", { id: props.id, className: "mx", ref: host });
  }

  window.aegis_parts = Object.assign(window.aegis_parts || {}, { Matrix });
})();
