// The frame of a page: appearance, menu, search key, drawers, where the reader is. Without it the page is complete but for
// the mode, which then follows the system; drawers and search form work by themselves.
(() => {
  const root = document.documentElement;
  const query = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  // --- Appearance: what was chosen is shown, applied and kept. Skin and headings are CSS variables: nothing is drawn
  //     again. "auto" follows the system while the page is open.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const choices = all(".nn-panel input");
  const show = () => {
    const { mode, skin } = root.dataset;
    root.dataset.theme = mode === "auto" ? (dark.matches ? "dark" : "light") : mode;
    for (const input of choices) {
      input.checked = input.value === root.dataset[input.name];
      if (input.name === "headings") input.disabled = skin === "theorem"; // whose headings are plain
    }
  };
  dark.addEventListener("change", show);
  for (const input of choices) {
    input.addEventListener("change", () => {
      root.dataset[input.name] = input.checked ? input.value : "hand"; // only the box of the headings can be empty
      show();
      try {
        localStorage.setItem(input.name, root.dataset[input.name]);
        sessionStorage.removeItem(input.name); // a choice ends what the visit's link asked for
      } catch {} // a browser may forbid storage: the choice then lasts as long as the page
      const url = new URL(location);
      if (!url.searchParams.has(input.name)) return;
      url.searchParams.delete(input.name);
      history.replaceState(history.state, "", url);
    });
  }
  show();

  // --- The menu closes on Escape and on a press elsewhere, as a menu should
  const menu = query(".nn-menu");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  for (const name of ["pointerdown", "focusin"]) {
    document.addEventListener(name, (event) => {
      if (menu.open && !menu.contains(event.target)) menu.open = false;
    });
  }

  // --- Search: Ctrl-K or Cmd-K goes to the field, and opens the drawer that it is in
  const nav = query("#nn-nav");
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (!nav.checkVisibility()) nav.showPopover();
    const field = nav.querySelector("input");
    field.focus();
    field.select();
  });

  // --- Drawers close when a link in them was followed, and when the screen has room for them as columns
  const contents = query("#nn-contents");
  for (const [drawer, room] of [[nav, "(min-width: 992px)"], [contents, "(min-width: 1200px)"]]) {
    if (!drawer?.hidePopover) continue;
    drawer.addEventListener("click", (event) => event.target.closest("a") && drawer.hidePopover());
    matchMedia(room).addEventListener("change", () => drawer.hidePopover());
  }

  // --- Contents: the last heading above the lower two thirds is where the reader is; notes in the margin make them
  //     step back
  if (contents) {
    const links = new Map();
    for (const link of contents.querySelectorAll("nav a")) {
      const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)))?.querySelector("h1, h2, h3, h4");
      if (heading) links.set(heading, link);
    }
    const passed = new Set();
    const seen = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) passed[isIntersecting ? "add" : "delete"](target);
        const here = [...links.keys()].findLast((heading) => passed.has(heading));
        for (const [heading, link] of links) link.setAttribute("aria-current", heading === here);
      },
      { rootMargin: "1000000px 0px -70% 0px" },
    );
    for (const heading of links.keys()) seen.observe(heading);

    let notes;
    const watch = () => {
      notes?.disconnect();
      const inTheWay = new Set();
      const below = Math.max(0, innerHeight - contents.scrollHeight); // what the list leaves free, even while it is away
      notes = new IntersectionObserver((entries) => {
        for (const entry of entries) inTheWay[entry.isIntersecting ? "add" : "delete"](entry.target);
        contents.classList.toggle("nn-away", inTheWay.size > 0);
      }, { rootMargin: `0px 0px ${-below}px 0px` });
      for (const note of all("aside.margin, .margin-caption, .full-width, .tag_margin")) notes.observe(note);
    };
    watch();
    addEventListener("resize", watch);
  }

  // --- Sections that wait (frame.css) are laid out one by one while there is nothing else to do: no long task, and
  //     soon the page has its full height
  const waiting = all(".bd-article > section > section");
  const whenIdle = globalThis.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  const layOut = () => {
    const section = waiting.shift();
    if (!section) return;
    section.classList.add("nn-laid-out");
    section.getBoundingClientRect(); // now, not together with the next ones
    whenIdle(layOut);
  };
  addEventListener("load", () => whenIdle(layOut));
  //     Who moves before that gets the rest at once: a place is found by heights, and those of sections that wait are
  //     guesses.
  const layOutRest = () => waiting.splice(0).forEach((section) => section.classList.add("nn-laid-out"));
  for (const name of ["pointerdown", "keydown", "wheel", "scroll"]) {
    addEventListener(name, layOutRest, { once: true, passive: true, capture: true });
  }
})();
