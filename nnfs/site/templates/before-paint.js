{ // Before the first paint: the mode that this reader chose. The rest of it is in frame.js.
  let mode = "auto";
  try { mode = localStorage.getItem("mode") || mode; } catch {} // a browser may forbid storage
  const dark = mode === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : mode === "dark";
  Object.assign(document.documentElement.dataset, { mode, theme: dark ? "dark" : "light" });
}
