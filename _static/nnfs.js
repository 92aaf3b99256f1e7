// Value cards. CSS alone shows a card on hover and focus; this keeps it inside the window, closes it on Escape,
// and lets the keyboard scroll what is wider than its box. (WCAG 1.4.13: dismissible, hoverable, persistent.)
(() => {
  const MARGIN = 8;
  let open = null;

  // Below the number if there is room, else above; measured from where the card lands at 0, 0, because a
  // container may have become its frame of reference.
  const place = (value) => {
    const card = value.querySelector(".nn-card");
    if (!card || value.classList.contains("nn-closed")) return;
    card.classList.add("nn-placed");
    Object.assign(card.style, { left: "0px", top: "0px" });
    const at = value.getClientRects()[0];
    const box = card.getBoundingClientRect();
    const left = Math.max(MARGIN, Math.min(at.left, innerWidth - box.width - MARGIN));
    const below = at.bottom + box.height + MARGIN <= innerHeight;
    const top = below ? at.bottom : Math.max(MARGIN, at.top - box.height);
    Object.assign(card.style, { left: `${left - box.left}px`, top: `${top - box.top}px` });
  };

  const enter = (event) => {
    const value = event.target.closest?.(".nn-value");
    if (!value || value === open) return;
    open = value;
    place(value);
  };

  const leave = (event) => {
    const value = event.target.closest?.(".nn-value");
    if (!value || value.contains(event.relatedTarget)) return;
    value.classList.remove("nn-closed");
    if (value === open) open = null;
  };

  for (const name of ["pointerover", "focusin"]) document.addEventListener(name, enter);
  for (const name of ["pointerout", "focusout"]) document.addEventListener(name, leave);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && open) open.classList.add("nn-closed");
  });
  for (const name of ["scroll", "resize"]) {
    addEventListener(name, () => open && place(open), { passive: true, capture: true });
  }

  // What is wider than its box scrolls there: the keyboard has to reach it. An observer of sizes is told when the layout
  // is known, so that asking costs nothing.
  const sizes = new ResizeObserver((entries) => {
    for (const { target: box } of entries) {
      const word = box.matches("pre") ? "Code" : box.matches(".nn-scroll") ? "Formula" : "Table";
      if (box.scrollWidth > box.clientWidth) {
        Object.assign(box, { tabIndex: 0, role: "group", ariaLabel: `${word}, scrolls sideways` });
      } else for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  });
  for (const box of document.querySelectorAll(".nn-scroll, .bd-article pre, .pst-scrollable-table-container")) {
    sizes.observe(box);
  }
})();
