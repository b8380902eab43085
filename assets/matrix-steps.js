// Moving through the matrix by keyboard, and coming back to the same place of it.
// Arrows follow the screen: up and down a column, left and right across columns. Right opens a closed technique before it moves on,
// left closes it; + and - do only that.
(function () {
  "use strict";
  const PAGE = 10;

  class Steps {
    constructor(board) {
      this.board = board;
    }

    key(event, cell) {
      if (!cell || event.altKey || event.metaKey) return;
      const move = {
        ArrowDown: () => this.step(cell, 1),
        ArrowUp: () => this.step(cell, -1),
        PageDown: () => this.step(cell, PAGE),
        PageUp: () => this.step(cell, -PAGE),
        ArrowRight: () => (this.closed(cell) ? this.board.toggle(cell, true) : this.across(cell, 1)),
        ArrowLeft: () => this.left(cell),
        "+": () => this.board.toggle(cell.parent || cell, true),
        "-": () => this.fold(cell),
        Home: () => this.edge(cell, event.ctrlKey, true),
        End: () => this.edge(cell, event.ctrlKey, false),
      }[event.key];
      if (!move || (event.ctrlKey && !["Home", "End"].includes(event.key))) return;
      event.preventDefault();
      move();
    }

    closed(cell) {
      return Boolean(cell.below) && !cell.open && !cell.toggle.hidden;
    }

    left(cell) {
      if (cell.parent) this.board.focus(cell.parent);
      else if (cell.below && cell.open) this.board.toggle(cell, false);
      else this.across(cell, -1);
    }

    fold(cell) {
      const top = cell.parent || cell;
      this.board.toggle(top, false);
      this.board.focus(top);
    }

    step(cell, by) {
      const cells = this.board.visible(this.board.columns[cell.t]);
      const at = cells.indexOf(cell) + by;
      this.board.focus(cells[Math.max(0, Math.min(cells.length - 1, at))]);
    }

    across(cell, by) {
      const { columns } = this.board;
      const at = this.board.visible(columns[cell.t]).indexOf(cell);
      for (let t = cell.t + by; t >= 0 && t < columns.length; t += by) {
        const cells = columns[t].on ? this.board.visible(columns[t]) : [];
        if (cells.length) {
          this.board.focus(cells[Math.min(at, cells.length - 1)]);
          return;
        }
      }
    }

    edge(cell, whole, first) {
      const { columns } = this.board;
      const among = whole ? columns.filter((one) => one.on && this.board.visible(one).length) : [columns[cell.t]];
      const cells = this.board.visible(first ? among[0] : among[among.length - 1]);
      this.board.focus(first ? cells[0] : cells[cells.length - 1]);
    }

    // Where the person was goes into the history entry, so that the back button finds it again.
    remember(cell) {
      const { ids } = this.board.props.frame;
      const { scrollLeft: x, scrollTop: y } = this.board.scroller;
      const open = [];
      this.board.each((one) => one.open && open.push(`${ids[one.i]} ${one.t}`), true);
      const matrix = { cell: `${ids[cell.i]} ${cell.t}`, open, x, y, page: window.scrollY };
      window.history.replaceState({ ...window.history.state, matrix }, "");
    }

    restore() {
      const { matrix, ...state } = window.history.state || {};
      if (!matrix) return;
      window.history.replaceState(state, "");
      const { ids } = this.board.props.frame;
      const name = (cell) => `${ids[cell.i]} ${cell.t}`;
      const open = new Set(matrix.open);
      this.board.each((cell) => open.has(name(cell)) && this.board.open(cell, true), true);
      this.board.arrange();
      this.board.each((cell) => {
        if (name(cell) === matrix.cell && !cell.node.hidden) this.board.focus(cell, true);
      });
      this.board.scroller.scrollTo(matrix.x, matrix.y);
      window.scrollTo(0, matrix.page);
    }
  }

  window.aegisMatrixParts.Steps = Steps;
})();
