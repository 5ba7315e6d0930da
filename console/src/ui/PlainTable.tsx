import type { ReactNode } from "react";

/** A short table that is read whole. It scrolls by itself where the page is narrow. */
export function PlainTable({ label, heads, children }: { label: string; heads: string[]; children: ReactNode }) {
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label={`${label}, scrolls`}>
      <table className="plain" aria-label={label}>
        <thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** What a thing is, line by line. Lines without a value are left out. */
export function Facts({ label, facts }: { label: string; facts: [name: string, value: ReactNode][] }) {
  return (
    <table className="plain facts" aria-label={label}>
      <tbody>
        {facts.filter(([, value]) => value !== undefined && value !== null && value !== false && value !== "").map(([name, value]) => (
          <tr key={name}><th scope="row">{name}</th><td>{value}</td></tr>
        ))}
      </tbody>
    </table>
  );
}
