// What the bundler provides: style sheets as text, and where it put workers and vendored files.
declare module "*.css" {
  const text: string;
  export default text;
}

/** Worker name (entry without `.worker.ts`) → file beside the chunks. */
declare const NN_WORKERS: Readonly<Record<string, string>>;
/** npm package that is loaded on a click → its folder beside the chunks, `vendor/name@version`. */
declare const NN_VENDOR: Readonly<Record<string, string>>;
