/** Small pieces of SVG and HTML. Everything that comes from a program or its data is escaped here. */

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

export function svg(width: number, height: number, title: string, content: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeHtml(title)}">${content}</svg>`;
}

export function text(x: number, y: number, content: string, kind = ""): string {
  return `<text x="${round(x)}" y="${round(y)}"${kind === "" ? "" : ` class="${kind}"`}>${escapeHtml(content)}</text>`;
}

export function rect(x: number, y: number, width: number, height: number, style: string, title = ""): string {
  const inner = title === "" ? "" : `<title>${escapeHtml(title)}</title>`;
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" style="${style}">${inner}</rect>`;
}

export function clip(content: string, letters: number): string {
  return content.length <= letters ? content : `${content.slice(0, letters - 1)}…`;
}

/** One line through values at equal steps; gaps where a value is undefined. */
export function polyline(values: readonly (number | undefined)[], box: Box, max: number, color: string): string {
  const step = box.width / Math.max(1, values.length);
  const points = values.flatMap((value, index) => (value === undefined ? [] : [`${round(box.x + (index + 0.5) * step)},${round(box.y + box.height * (1 - Math.min(1, value / (max || 1))))}`]));
  return `<polyline points="${points.join(" ")}" fill="none" stroke="${color}" stroke-width="1.5"/>`;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
