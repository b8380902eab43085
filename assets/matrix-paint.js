// What one column head and one cell look like under a paint. Only what differs is touched: recolouring is all that a colour mode costs.
(function () {
  "use strict";
  const CONTEXT = 2; // a technique that is there only because a sub-technique of it is
  const STALE = 1;
  const REVIEW = 2;
  const UNCERTAIN = 4;
  const { element } = window.aegisMatrixParts;

  function paintColumn(column, paint, on) {
    const [n, total] = paint.columns[column.t];
    column.on = on;
    column.node.hidden = !on;
    column.tab.hidden = !on;
    column.count.textContent = `${n} of ${total}`;
    column.head.setAttribute("aria-label", `${column.name}: ${n} of ${total} ${paint.headline}`);
    column.head.title = `${column.id} ${column.name}: ${n} of ${total} ${paint.headline}`;
    column.bar.style.setProperty("--mx-share", total ? String(n / total) : "0");
  }

  // `marks`: what an imported layer says of the technique, [index, column or -1, score, colour, comment].
  function paintCell(cell, frame, paint, marks) {
    const context = paint.state[cell.i] === CONTEXT;
    const bucket = paint.buckets[paint.bucket[cell.i]];
    const flags = context ? 0 : paint.flags[cell.i];
    cell.marks = marks.filter((mark) => mark[1] < 0 || mark[1] === cell.t);
    const look = lookOf(cell, bucket, flags, context);
    if (look !== cell.look) {
      cell.node.className = look;
      cell.look = look;
    }
    const glyph = context ? "" : flags & STALE && bucket.texture === "fill" ? "\u25f4" : bucket.glyph;
    if (cell.glyph.data !== glyph) cell.glyph.data = glyph;
    const value = context ? "" : paint.value[cell.i];
    if (cell.value.textContent !== value) cell.value.textContent = value;
    paintMark(cell);
    cell.link.setAttribute("aria-label", said(cell, frame, paint, bucket, flags, context));
  }

  function lookOf(cell, bucket, flags, context) {
    const texture = flags & UNCERTAIN ? "hollow" : bucket.texture;
    const classes = ["mx-cell", context ? "mx-context" : `mx-${bucket.token} mx-${texture}`];
    if (cell.parent) classes.push("mx-sub");
    if (flags & STALE) classes.push(bucket.fades ? "mx-stale mx-fades" : "mx-stale");
    if (flags & REVIEW) classes.push("mx-review");
    if (cell.marks.length) classes.push("mx-marked");
    if (cell.below) classes.push("mx-more");
    return classes.join(" ");
  }

  function said(cell, frame, paint, bucket, flags, context) {
    const { i } = cell;
    const words = [`${frame.ids[i]} ${frame.names[i]}`];
    if (context) words.push("outside the filter");
    else words.push(bucket.label, paint.value[i], paint.said[0][paint.said[1][i]]);
    if (flags & STALE) words.push("stale");
    if (flags & REVIEW) words.push("changed by ATT&CK, to review");
    if (cell.marks.length) words.push(`${paint.overlay.name} ${cell.marks.map((mark) => mark[2] || "names it").join(", ")}`);
    return words.filter(Boolean).join(", ");
  }

  function paintMark(cell) {
    const [mark] = cell.marks;
    if (!mark) {
      if (cell.mark) cell.mark.remove();
      cell.mark = null;
      return;
    }
    if (!cell.mark) {
      cell.mark = element("span", "mx-overlay");
      cell.mark.setAttribute("aria-hidden", "true");
      cell.link.insertBefore(cell.mark, cell.value);
    }
    cell.mark.textContent = mark[2] || "\u2022";
    cell.node.style.setProperty("--mx-mark", mark[3] || "var(--accent)");
  }

  Object.assign(window.aegisMatrixParts, { paintCell, paintColumn });
})();
