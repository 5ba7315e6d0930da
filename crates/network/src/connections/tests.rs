//! Connections as the interface sees them.
