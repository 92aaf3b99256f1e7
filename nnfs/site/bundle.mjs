// One call a build: bundles src/entries/*.ts with esbuild, in memory. Reads {"root", "src", "modules", "vendor"} from
// stdin; writes {"files": [{"name", "text"}], "loader", "chunks", "packages"} or {"errors": [{"text", "file", "line"}]}.
// Workers first, because elements need their names; the loader last, because it needs the names of the elements.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, relative } from "node:path";

const { root, src, modules, vendor } = JSON.parse(readFileSync(0, "utf8"));
const { build, transform } = createRequire(join(modules, "x.js"))("esbuild");

const entries = readdirSync(join(src, "entries")).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
const files = [];
const packages = new Set();

/** A style sheet is a text to its component: without comments and blanks, and with its mistakes reported. */
const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code, warnings } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      const errors = warnings.map(({ text, location }) => ({ text, location: { ...location, file: relative(root, path) } }));
      return { contents: code.trim(), loader: "text", errors };
    });
  },
};

/** Bundle `names`; returns entry file name → name of its bundle. */
async function bundle(names, define, splitting) {
  if (names.length === 0) return {};
  const { outputFiles, metafile } = await build({
    entryPoints: names.map((name) => join(src, "entries", name)),
    absWorkingDir: root,
    outdir: join(root, "nn"), // a name only: nothing is written here
    nodePaths: [modules],
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting,
    define,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none", // the licences of packages go beside the bundles as files
    plugins: [styles],
    tsconfigRaw: {},
    charset: "utf8",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  for (const { path, text } of outputFiles) files.push({ name: basename(path), text });
  for (const input of Object.keys(metafile.inputs)) {
    const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
    if (name) packages.add(name);
  }
  const outputs = Object.entries(metafile.outputs).filter(([, output]) => output.entryPoint);
  return Object.fromEntries(outputs.map(([path, { entryPoint }]) => [basename(entryPoint), basename(path)]));
}

const stems = (names, end) => Object.fromEntries(Object.entries(names).map(([from, to]) => [basename(from, end), to]));

try {
  const known = { NN_VENDOR: JSON.stringify(vendor), NN_WORKERS: "{}" };
  const workers = await bundle(entries.filter((name) => name.endsWith(".worker.ts")), known, false);
  known.NN_WORKERS = JSON.stringify(stems(workers, ".worker.ts"));
  const elements = entries.filter((name) => name.startsWith("nn-") && !name.endsWith(".worker.ts"));
  const chunks = stems(await bundle(elements, known, true), ".ts");
  const loader = await bundle(["loader.ts"], { NN_CHUNKS: JSON.stringify(chunks) }, false);
  process.stdout.write(JSON.stringify({ files, chunks, loader: loader["loader.ts"], packages: [...packages].sort() }));
} catch (failed) {
  if (!failed.errors?.length) throw failed;
  const errors = failed.errors.map(({ text, location }) => ({ text, file: location?.file, line: location?.line }));
  process.stdout.write(JSON.stringify({ errors }));
}
