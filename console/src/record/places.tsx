// Where addresses are, as far as the server's database files know.

import { type Place, places } from "../api/call";
import { useSession } from "../app/session";
import { type Asked, useAsked } from "../ui/useAsked";

export type Places = Map<string, Place>;

/** What the server takes at once. */
const MOST = 10_000;

/** Of those addresses that are known. Nothing is asked of a server without database files. */
export function usePlaces(addresses: string[]): Asked<Places> {
  const { hasAtlas } = useSession();
  const asked = [...new Set(addresses)].filter((address) => address !== "" && address !== "-").slice(0, MOST);
  return useAsked(hasAtlas && asked.length > 0 ? asked.join(" ") : null, async (signal) => {
    const found = await places(asked, signal);
    return new Map(asked.flatMap((address, number) => { const place = found[number]; return place ? [[address, place] as const] : []; }));
  });
}

/** `Bern, Switzerland`. */
export function where({ city, country, countryCode }: Place): string {
  return [city, country ?? countryCode].filter(Boolean).join(", ");
}

/** `AS64500 Example`. */
export function whose({ system, organization }: Place): string {
  return [system === undefined ? "" : `AS${system}`, organization].filter(Boolean).join(" ");
}

/** The countries of addresses in two letters, two of them at most: `CH NL +3`. */
export function countriesOf(addresses: Iterable<string>, places: Places): string {
  const all = new Set<string>();
  for (const address of addresses) {
    const { countryCode, country } = places.get(address) ?? {};
    const short = countryCode ?? country;
    if (short) all.add(short);
  }
  const [first, second, ...more] = all;
  return [first, second, more.length > 0 && `+${more.length}`].filter(Boolean).join(" ");
}

/** The country beside an address, in two letters; the rest is at the pointer. */
export function Country({ of }: { of: Place | undefined }) {
  const short = of?.countryCode ?? of?.country;
  if (!of || !short) return null;
  return <abbr className="country" title={[where(of), whose(of)].filter(Boolean).join(", ")}>{short}</abbr>;
}
