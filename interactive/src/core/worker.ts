// Addresses of what is loaded apart from the chunks: workers, and files of npm packages. The bundler fills in the names.

function at(file: string): string {
  return new URL(file, import.meta.url).href;
}

/** The bundle of `src/entries/NAME.worker.ts`: `new Worker(workerURL("nn-run"), {type: "module"})`. Throws if there is none. */
export function workerURL(name: string): string {
  const file = NN_WORKERS[name];
  if (file === undefined) throw new Error(`no worker ${name} was built`);
  return at(file);
}

/** A file of an npm package that the build copied beside the chunks (nnfs/site/bundle.py, VENDOR). Throws if it is none. */
export function vendorURL(name: string, file: string): string {
  const folder = NN_VENDOR[name];
  if (folder === undefined) throw new Error(`${name} is not among the packages that the build copies`);
  return at(`${folder}/${file}`);
}
