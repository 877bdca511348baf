/** A plain table for terminals: columns as wide as their widest cell, numbers to the right, two spaces between. What would be wider than 80 columns goes on in
 *  its last column, line by line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const rightAligned = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[-$]*[\d.,]+%?$|^[-–]?$/.test(row[column] ?? "")),
  );
  const last = head.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  const room = Math.max(80 - before, narrowest);
  const whole = rows.flatMap((row) => {
    const [first = "", ...more] = lines(row[last] ?? "", room);
    return [[...row.slice(0, last), first], ...more.map((part) => [...row.slice(0, last).map(() => ""), part])];
  });
  widths[last] = Math.min(widths[last] ?? 0, room);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (rightAligned[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...whole.map(line)].join("\n");
}

/** Of a last column, however wide the others are. */
const narrowest = 12;

/** Broken between words; a longer word stays whole. */
export function lines(text: string, width: number): readonly string[] {
  const broken: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > width) {
      broken.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...broken, current];
}
