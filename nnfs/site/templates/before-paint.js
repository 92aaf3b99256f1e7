{ // Before the first paint: the mode, the skin and the headings that this reader chose. The rest of it is in frame.js.
  // `?skin=theorem` holds for the visit: a link can show a skin without changing what its reader chose.
  const skins = ["chalkboard", "theorem"];
  const asked = new URLSearchParams(location.search).get("skin");
  let mode = "auto", skin, headings;
  try { // a browser may forbid storage
    mode = localStorage.getItem("mode") || mode;
    headings = localStorage.getItem("headings");
    if (skins.includes(asked)) sessionStorage.setItem("skin", asked);
    skin = sessionStorage.getItem("skin") || localStorage.getItem("skin");
  } catch {}
  skin = [asked, skin, skins[0]].find((name) => skins.includes(name));
  headings = headings === "plain" ? "plain" : "hand";
  const dark = mode === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : mode === "dark";
  Object.assign(document.documentElement.dataset, { mode, theme: dark ? "dark" : "light", skin, headings });
  // sections may wait (frame.css), unless the page opens further down: at a link's target, or where its reader was
  const fresh = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  if (fresh && !location.hash) document.documentElement.dataset.waits = "";
  for (const href of {{ first_faces|tojson }}[skin]) { // before the style sheet that names them has come
    const link = { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "", href };
    document.head.append(Object.assign(document.createElement("link"), link));
  }
}
