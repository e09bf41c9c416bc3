/** Numbers as people read them. */

/** 12,345 */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** 1,016 rows/s; 0.4 rows/s below ten. */
export function formatRate(rowsPerSecond: number): string {
  return `${rowsPerSecond < 10 ? rowsPerSecond.toFixed(1) : formatCount(rowsPerSecond)} rows/s`;
}

/** "0.8 s", "12.3 s", "4:05 min", "2:10:00 h" */
export function formatDuration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)} h` : `${minutes}:${two(rest)} min`;
}

/** "512 B", "4.2 MiB" */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1023.95 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit] ?? ""}`;
}

/** 0.413 is "41 %". */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** "1 row", "2 rows", "3 files". */
export function formatPlural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
