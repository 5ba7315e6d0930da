import type { ReactNode } from "react";

export interface Bar {
  key: string;
  name: ReactNode;
  value: number;
  /** The value as it is written, often a link. */
  shown: ReactNode;
  note?: ReactNode;
  color?: string;
}

/** The largest of something, each with a bar behind it. */
export function Bars({ bars, label }: { bars: Bar[]; label: string }) {
  const most = Math.max(...bars.map(({ value }) => value), 1);
  return (
    <table className="bars" aria-label={label}>
      <tbody>
        {bars.map(({ key, name, value, shown, note, color }) => (
          <tr key={key}>
            <th scope="row">
              <i className="bar" style={{ width: `${(100 * value) / most}%`, ...(color ? { background: color } : {}) }} aria-hidden="true" />
              <span>{name}</span>
            </th>
            <td>{note}</td>
            <td>{shown}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
