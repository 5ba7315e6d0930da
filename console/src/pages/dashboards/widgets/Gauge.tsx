const [RADIUS, HALF] = [48, Math.PI * 48];

interface Props {
  name: string;
  value: number | undefined;
  shown: string;
  least: number;
  most: number;
  color: string;
}

/** A value between two ends. */
export function Gauge({ name, value, shown, least, most, color }: Props) {
  const share = value === undefined || most <= least ? 0 : Math.max(0, Math.min(1, (value - least) / (most - least)));
  const arc = `M 16 64 A ${RADIUS} ${RADIUS} 0 0 1 112 64`;
  return (
    <figure className="gauge">
      <svg viewBox="0 0 128 72" role="img" aria-label={`${name}: ${shown}, between ${least} and ${most}`}>
        <path d={arc} fill="none" stroke="var(--mantine-color-default-border)" strokeWidth={12} />
        <path d={arc} fill="none" stroke={color} strokeWidth={12} strokeDasharray={`${share * HALF} ${HALF}`} />
        <text x={64} y={62} textAnchor="middle" fontSize={18} fontWeight={600} fill="currentColor">{shown}</text>
      </svg>
      <figcaption>{name}</figcaption>
    </figure>
  );
}
