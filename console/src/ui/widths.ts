/** Pixels of a letter in a table. */
const LETTER = 7.4;
const AROUND = 18;
/** What a head has beside its name: the arrow of the order. */
const ARROW = 3;

/** The width of a column that has these texts below its name. */
export function widthOf(name: string, texts: string[], most = 900): number {
  const longest = texts.reduce((length, text) => Math.max(length, text.length), name.length + ARROW);
  return Math.min(most, Math.max(60, longest * LETTER + AROUND));
}
