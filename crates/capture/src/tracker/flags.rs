//! The `tcp-flags` field.

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
const TCP: u8 = 6;
/// Not a bit of the field: marks that a packet carried a combination that no TCP sends.
const ILLEGAL: u8 = 128;

/// Flags of a flow: FIN 1, SYN 2, RST 4, and ACK 16 only from a packet that also had SYN.
///
/// AWS leaves the field out for an illegal combination without saying which those are. Here a packet with more than
/// one of FIN, SYN and RST is illegal, and the flow that holds one has no value in that window. A packet without any
/// flag gives 0, as AWS documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TcpFlags(u8);

impl TcpFlags {
    /// What one packet adds; `flags` is byte 13 of the TCP header. Packets that are not TCP add nothing.
    pub(crate) fn of_packet(protocol: u8, flags: u8) -> Self {
        if protocol != TCP {
            return TcpFlags(0);
        }
        let counted = flags & (FIN | SYN | RST);
        if counted.count_ones() > 1 {
            return TcpFlags(ILLEGAL);
        }
        let syn_ack = if flags & (SYN | ACK) == SYN | ACK { ACK } else { 0 };
        TcpFlags(counted | syn_ack)
    }

    /// What several packets added: the bits of the field, and 128 when one of them was illegal.
    pub(crate) fn of_bits(bits: u8) -> Self {
        TcpFlags(bits & (FIN | SYN | RST | ACK | ILLEGAL))
    }

    /// As [`of_bits`](Self::of_bits) takes them.
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// The flags of both.
    pub(crate) fn and(self, other: Self) -> Self {
        TcpFlags(self.0 | other.0)
    }

    /// The value of the field; `None` when a combination was illegal.
    pub(crate) fn value(self) -> Option<u8> {
        (self.0 & ILLEGAL == 0).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PSH: u8 = 8;
    const URG: u8 = 32;
    const ECE: u8 = 64;
    const CWR: u8 = 128;

    fn flow(packets: &[u8]) -> Option<u8> {
        packets.iter().fold(TcpFlags::default(), |flags, packet| flags.and(TcpFlags::of_packet(TCP, *packet))).value()
    }

    #[test]
    fn the_table_of_the_guide() {
        assert_eq!(flow(&[SYN]), Some(2));
        assert_eq!(flow(&[SYN | ACK]), Some(18));
        assert_eq!(flow(&[ACK, PSH | ACK, PSH, URG | ACK]), Some(0));
        assert_eq!(flow(&[FIN]), Some(1));
        assert_eq!(flow(&[FIN | ACK]), Some(1));
        assert_eq!(flow(&[RST]), Some(4));
        assert_eq!(flow(&[RST | ACK]), Some(4));
        assert_eq!(flow(&[SYN, ACK, PSH | ACK, FIN | ACK]), Some(3));
        assert_eq!(flow(&[SYN | ACK, ACK, FIN | ACK]), Some(19));
        assert_eq!(flow(&[SYN, RST]), Some(6));
        assert_eq!(flow(&[SYN | ACK, RST]), Some(22));
        assert_eq!(flow(&[SYN | ECE | CWR]), Some(2));
        assert_eq!(flow(&[0]), Some(0));
        assert_eq!(flow(&[]), Some(0));
    }

    #[test]
    fn illegal_combinations_leave_no_value() {
        for illegal in [SYN | FIN, SYN | RST, FIN | RST, FIN | SYN | RST | ACK, 255] {
            assert_eq!(flow(&[illegal]), None);
            assert_eq!(flow(&[SYN, illegal, FIN]), None);
        }
    }

    #[test]
    fn other_protocols_have_zero() {
        assert_eq!(TcpFlags::of_packet(17, 255).value(), Some(0));
    }
}
