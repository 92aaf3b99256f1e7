// One call a build: reads {"formulas": [{"tex", "display"}]} from stdin, writes [{"html"} | {"error"}] to stdout.
// The argument is the folder that holds the `katex` package.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { default: katex } = await import(pathToFileURL(resolve(join(process.argv[2], "katex", "dist", "katex.mjs"))));
const { formulas } = JSON.parse(readFileSync(0, "utf8"));

const render = ({ tex, display }) => {
  try {
    return {
      html: katex.renderToString(tex, {
        displayMode: display,
        output: "htmlAndMathml", // the eye gets boxes, a screen reader gets MathML
        throwOnError: true,
        strict: "error", // what LaTeX would refuse is refused here
        trust: false,
      }),
    };
  } catch (error) {
    return { error: String(error.message).replace(/^KaTeX parse error: /, "") };
  }
};

process.stdout.write(JSON.stringify(formulas.map(render)));
