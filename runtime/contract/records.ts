/** Small functions on records that emitted expressions call. */

/** The record with only the named fields. */
export function pick<R extends object, K extends keyof R>(record: R, names: readonly K[]): Pick<R, K> {
  // The loop fills in exactly the keys of the type.
  const picked = {} as { [P in K]: R[P] };
  for (const name of names) picked[name] = record[name];
  return picked;
}

/** `x in low..high`: both ends included. */
export function inRange<T extends number | bigint | string>(value: T, range: { readonly low: T; readonly high: T }): boolean {
  return range.low <= value && value <= range.high;
}
