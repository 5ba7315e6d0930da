// Writes a small database that says where networks are. Layout: the MaxMind DB File Format Specification, version 2.0.

const BYTES = 3;
const BETWEEN = 16;

/** `networks` are of IPv4: `{ "10.88.9.0/24": { country: { iso_code: "CH" } } }`. */
export function database(networks) {
  const nodes = [[undefined, undefined]];
  const data = [];
  for (const [network, entry] of Object.entries(networks)) {
    const [address, length] = network.split("/");
    const bits = "0".repeat(96) + address.split(".").map((byte) => Number(byte).toString(2).padStart(8, "0")).join("");
    const path = [...bits.slice(0, 96 + Number(length))].map(Number);
    let at = 0;
    for (const side of path.slice(0, -1)) {
      nodes[at][side] ??= { node: nodes.push([undefined, undefined]) - 1 };
      at = nodes[at][side].node;
    }
    nodes[at][path.at(-1)] = { data: data.length };
    data.push(...value(entry));
  }
  const lead = (to) => (to === undefined ? nodes.length : "node" in to ? to.node : nodes.length + BETWEEN + to.data);
  const tree = nodes.flat().map(lead).flatMap((number) => big(number, BYTES));
  const about = value({
    binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1_700_000_000, database_type: "Test", description: { en: "test" },
    ip_version: 6, languages: ["en"], node_count: nodes.length, record_size: 8 * BYTES,
  });
  return Buffer.from([...tree, ...Array(BETWEEN).fill(0), ...data, 0xab, 0xcd, 0xef, ...Buffer.from("MaxMind.com"), ...about]);
}

const big = (number, size) => Array.from({ length: size }, (_, place) => Math.floor(number / 256 ** (size - 1 - place)) % 256);
/** Kinds from 8 on have a byte more, and so have sizes from 29 on, which only texts have here. */
const control = (kind, size) => (kind > 7 ? [size, kind - 7] : size < 29 ? [kind << 5 | size] : [kind << 5 | 29, size - 29]);
/** The specification says which number is how long. */
const KINDS = { build_epoch: [9, 8], node_count: [6, 4], autonomous_system_number: [6, 4] };

function value(of, name) {
  if (typeof of === "string") {
    const bytes = Buffer.from(of);
    return [...control(2, bytes.length), ...bytes];
  }
  if (Array.isArray(of)) return [...control(11, of.length), ...of.flatMap((item) => value(item))];
  if (typeof of === "object") return [...control(7, Object.keys(of).length), ...Object.entries(of).flatMap(([key, item]) => [...value(key), ...value(item, key)])];
  const [kind, size] = KINDS[name] ?? [5, 2];
  return [...control(kind, size), ...big(of, size)];
}
