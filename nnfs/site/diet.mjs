// One call when the style changes: reads {"theirs", "ours", "names"} from stdin, writes one small style sheet.
// Of `theirs` stays what can match an element, class, id or attribute in `names`; `ours` stays whole.
// The argument is the folder of npm packages.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const require = createRequire(resolve(join(process.argv[2], "nnfs.js")));
const { PurgeCSS } = require("purgecss");
const { transformSync } = require("esbuild");

const { theirs, ours, names } = JSON.parse(readFileSync(0, "utf8"));
try {
  const [{ css }] = await new PurgeCSS().purge({
    content: [{ raw: JSON.stringify(names), extension: "names" }],
    extractors: [{ extensions: ["names"], extractor: (raw) => JSON.parse(raw) }],
    css: [{ raw: theirs }],
    fontFace: true,
    keyframes: true,
    variables: true,
    safelist: { variables: [...ours.matchAll(/var\((--[\w-]+)/g)].map((match) => match[1]) },
  });
  process.stdout.write(transformSync(css + ours, { loader: "css", minify: true, legalComments: "none" }).code);
} catch (error) {
  console.error(error.message); // the whole error prints the whole style sheet
  process.exitCode = 1;
}
