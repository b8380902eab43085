// <button data-copies="id">: the text of that element goes to the clipboard. Where a browser refuses (plain HTTP), the text is
// selected instead, so that one key press copies it.
(function () {
  "use strict";
  const SAID_FOR = 2000;

  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function say(button, word) {
    if (!button.dataset.word) button.dataset.word = button.textContent;
    button.textContent = word;
    setTimeout(() => (button.textContent = button.dataset.word), SAID_FOR);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-copies]");
    const source = button && document.getElementById(button.dataset.copies);
    if (!source) return;
    const selected = () => {
      select(source);
      say(button, "Selected");
    };
    if (!navigator.clipboard) selected();
    else navigator.clipboard.writeText(source.textContent).then(() => say(button, "Copied"), selected);
  });
})();
