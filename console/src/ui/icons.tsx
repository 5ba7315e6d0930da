// A few signs, drawn for 16 pixels.

function icon(path: string) {
  return () => (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round"
      strokeLinejoin="round" aria-hidden="true" focusable="false">
      <path d={path} />
    </svg>
  );
}

export const CopyIcon = icon("M6 6h7v7H6zM10 6V3H3v7h3");
export const MetricsIcon = icon("M2 12l3.500-5 3 3 5-7M2 5h2.500M10.500 11h3");
export const OverviewIcon = icon("M2 13V9M6 13V5M10 13V8M14 13V3");
export const FlowsIcon = icon("M2 5h11M10 2l3 3-3 3M14 11H3M6 8l-3 3 3 3");
export const LogsIcon = icon("M3 2h7l3 3v9H3zM5.5 7h5M5.5 9.5h5M5.5 12h3");
export const SqlIcon = icon("M3 4c0-2.7 10-2.7 10 0v8c0 2.7-10 2.7-10 0zM3 4c0 2.7 10 2.7 10 0M3 8c0 2.7 10 2.7 10 0");
export const MapIcon = icon("M3.5 5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM3.5 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM12.5 9.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM5 4.2l6 3M5 11.8l6-3M3.5 5v6");
export const NetworkIcon = icon("M5.5 2h5v4h-5zM1.5 10.5h4v3.5h-4zM10.5 10.5h4v3.5h-4zM8 6v2.5M3.5 10.5v-2h9v2");
export const ReloadIcon = icon("M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3");
export const SunIcon = icon("M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1");
export const UserIcon = icon("M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.6-3 2.6-4.2 5.500-4.200s4.900 1.200 5.500 4.200");
export const PlayIcon = icon("M5 3l8 5-8 5z");
export const StopIcon = icon("M4 4h8v8H4z");
export const PauseIcon = icon("M5 3v10M11 3v10");
export const DownIcon = icon("M8 2v9M4 8l4 4 4-4M3 14h10");
export const DashboardIcon = icon("M2 2h5v7H2zM9 2h5v4H9zM9 8h5v6H9zM2 11h5v3H2z");
export const GripIcon = icon("M8 1v14M1 8h14M6 3l2-2 2 2M6 13l2 2 2-2M3 6L1 8l2 2M13 6l2 2-2 2");
export const EditIcon = icon("M11 2l3 3-8 8H3v-3z");
export const TrashIcon = icon("M2 4h12M6 4V2h4v2M4 4l1 10h6l1-10");
export const ResizeIcon = icon("M14 6l-8 8M14 11l-3 3");
