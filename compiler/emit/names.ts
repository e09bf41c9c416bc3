/** Names in emitted TypeScript: legal, unique in the module, close to what the `.pipe` file calls them. */

/** Words that cannot name a binding, and globals that emitted code uses. */
const reserved = new Set(
  ("await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in " +
    "instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield " +
    "Map Set Date Error Symbol RegExp Function Boolean Record Readonly " +
    "arguments async eval undefined NaN Infinity Math Number String BigInt Promise Uint8Array Array Object JSON row params").split(" "),
);

export interface Namer {
  /** A name like `wanted` that nothing else has, now taken. */
  readonly unique: (wanted: string) => string;
}

export function createNamer(taken: Iterable<string> = []): Namer {
  const used = new Set(taken);
  return {
    unique: (wanted) => {
      const base = /^[A-Za-z_$]/.test(wanted) ? wanted : `_${wanted}`;
      let name = base;
      for (let i = 2; used.has(name) || reserved.has(name); i++) name = `${base}${i}`;
      used.add(name);
      return name;
    },
  };
}

/** decode_image -> decodeImage. */
export function camelCase(name: string): string {
  return name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** mail_rows -> MailRows. */
export function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/** A property key, quoted only where it must be. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}

/** Access to a property of what stands before. */
export function propertyAccess(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
