// What stands around the matrix: the legend and the card of one technique. Plain DOM, no state of the page.
// Assets load in the order of their names: this one before the other parts (-paint, -steps), those before matrix.js.
(function () {
  "use strict";

  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function swatch(bucket) {
    const node = element("span", `mx-swatch mx-${bucket.token} mx-${bucket.texture}`, bucket.glyph);
    node.setAttribute("aria-hidden", "true");
    return node;
  }

  const number = new Intl.NumberFormat("en");

  // The legend doubles as a switch: a pressed entry dims everything else.
  class Legend {
    constructor(onPick) {
      this.node = element("div", "mx-legend");
      this.onPick = onPick;
      this.node.addEventListener("click", (event) => {
        const key = event.target.closest("button[data-key]");
        if (key) this.onPick(key.getAttribute("aria-pressed") === "true" ? "" : key.dataset.key);
      });
    }

    draw(paint) {
      const keys = element("div", "mx-keys");
      keys.setAttribute("role", "group");
      keys.setAttribute("aria-label", `Legend: ${paint.title}`);
      const add = (bucket) => {
        const key = element("button", "mx-key");
        key.type = "button";
        key.dataset.key = bucket.key;
        key.title = `Show only: ${bucket.label}`;
        key.append(swatch(bucket), element("span", "", bucket.label), element("b", "", number.format(bucket.count)));
        keys.append(key);
      };
      const total = element("span", "mx-of", `of ${number.format(paint.total)} ${paint.noun}`);
      total.title = "Techniques and sub-techniques, each once, however many tactics it stands under";
      paint.buckets.filter((bucket) => bucket.counts).forEach(add);
      keys.append(total);
      paint.buckets.filter((bucket) => !bucket.counts && bucket.count > 0).forEach(add);
      paint.marks.forEach(([kind, label, count]) => {
        const mark = element("span", "mx-key mx-mark");
        mark.append(element("span", `mx-sample mx-sample-${kind}`), element("span", "", label), element("b", "", count));
        keys.append(mark);
      });
      this.found = element("span", "mx-found");
      this.found.setAttribute("role", "status");
      keys.append(this.found);
      const words = element("p", "mx-definition");
      words.append(element("b", "", `${paint.title}. `), paint.definition);
      this.node.replaceChildren(keys, words);
      this.keys = Array.from(keys.querySelectorAll("button"));
    }

    // `count`: techniques that match what is singled out, or null when nothing is.
    mark(only, count) {
      this.keys.forEach((key) => key.setAttribute("aria-pressed", String(key.dataset.key === only)));
      this.found.textContent = count === null ? "" : `${number.format(count)} singled out`;
    }
  }

  // One card for all cells, placed beside the one that is looked at; the pointer may move onto it.
  class Card {
    constructor() {
      this.node = element("div", "mx-card");
      this.node.id = "mx-card";
      this.node.setAttribute("role", "tooltip");
      this.node.hidden = true;
    }

    show(cell, frame, paint) {
      this.describe(cell);
      const index = cell.i;
      const bucket = paint.buckets[paint.bucket[index]];
      const parent = frame.parents[index];
      const head = element("div", "mx-card-head");
      head.append(element("span", "mx-id", frame.ids[index]), element("b", "", frame.names[index]));
      const state = element("div", "mx-card-state");
      state.append(swatch(bucket), element("span", "", bucket.label));
      if (paint.value[index]) state.append(element("b", "", paint.value[index]));
      const facts = element("dl", "mx-facts");
      paint.facts.forEach(([label, texts, which]) => {
        const text = texts[which[index]];
        if (text) facts.append(element("dt", "", label), element("dd", "", text));
      });
      cell.marks.forEach((mark) => {
        facts.append(element("dt", "", paint.overlay.name), element("dd", "", [mark[2], mark[4]].filter(Boolean).join(": ") || "named"));
      });
      const rows = parent >= 0 ? [element("div", "mx-card-parent", `under ${frame.ids[parent]} ${frame.names[parent]}`)] : [];
      this.node.replaceChildren(head, ...rows, state, facts);
      this.node.hidden = false;
      this.place(cell.node.getBoundingClientRect());
    }

    // Beside the cell; on a narrow screen below or above it: never over it, or it would take what is meant for the cell.
    place(at) {
      const gap = 6;
      const { offsetWidth: width, offsetHeight: height } = this.node;
      const room = { x: window.innerWidth - width - gap, y: window.innerHeight - height - gap };
      const right = at.right <= room.x;
      let left = right ? at.right + gap : at.left - gap - width;
      let top = Math.max(gap, Math.min(at.top, room.y));
      if (left < gap) {
        left = Math.max(gap, Math.min(at.left, room.x));
        top = at.bottom + gap <= room.y || at.top < height + gap ? at.bottom + gap : at.top - gap - height;
      }
      this.node.style.left = `${left}px`;
      this.node.style.top = `${top}px`;
    }

    hide() {
      this.node.hidden = true;
      this.describe(null);
    }

    describe(cell) {
      if (this.described) this.described.removeAttribute("aria-describedby");
      this.described = cell ? cell.link : null;
      if (cell) cell.link.setAttribute("aria-describedby", this.node.id);
    }
  }

  window.aegisMatrixParts = { Card, Legend, element, number };
})();
