import { percent } from "../../../ui/numbers";

export interface Part {
  name: string;
  value: number;
  /** The value as it is written. */
  shown: string;
  color: string;
}

const RADIUS = 48;

/** Shares of a whole, as a ring with its list. */
export function Pie({ parts, label, height }: { parts: Part[]; label: string; height: number }) {
  const whole = parts.reduce((sum, { value }) => sum + Math.max(0, value), 0);
  const round = 2 * Math.PI * RADIUS;
  let before = 0;
  return (
    <div className="pie">
      <svg viewBox="0 0 128 128" style={{ maxHeight: height }} role="img" aria-label={`${label}: ${parts.map(({ name, shown }) => `${name} ${shown}`).join(", ")}`}>
        {parts.map(({ name, value, color }, place) => {
          const [share, offset] = [whole > 0 ? Math.max(0, value) / whole : 0, before];
          before += share;
          return (
            <circle key={place} cx={64} cy={64} r={RADIUS} fill="none" stroke={color} strokeWidth={26} transform="rotate(-90 64 64)"
              strokeDasharray={`${share * round} ${round}`} strokeDashoffset={-offset * round}><title>{name}</title></circle>
          );
        })}
      </svg>
      <table className="plain" aria-label={label}>
        <tbody>
          {parts.map(({ name, value, shown, color }, place) => (
            <tr key={place}>
              <th scope="row"><i className="swatch" style={{ background: color }} />{name}</th>
              <td className="number">{shown}</td>
              <td className="number">{percent(value, whole)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
