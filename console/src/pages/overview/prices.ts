// What AWS lists for the same records. docs/guide/console.md has the table too.

export const PRICES = {
  /** The year of the price list, and its region. */
  date: "2025",
  region: "us-east-1",
  /** Dollars for each GB of vended logs, of the first 10 TB a month. */
  toLogGroup: 0.5,
  toBucket: 0.25,
  /** Dollars for each GB and month. */
  keptInLogGroup: 0.03,
  keptInBucket: 0.023,
};

const GB = 2 ** 30;

export interface Cost {
  logGroup: number;
  bucket: number;
}

/** Dollars to take in so many bytes of records, and to keep them for a month. */
export function cost(written: number): Cost {
  const size = written / GB;
  return { logGroup: size * (PRICES.toLogGroup + PRICES.keptInLogGroup), bucket: size * (PRICES.toBucket + PRICES.keptInBucket) };
}
