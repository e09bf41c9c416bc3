/** Text in lower case, by Unicode's default mapping: the same on every machine, whatever its locale. */
export function lower(args: { readonly text: string }): string {
  return args.text.toLowerCase();
}
