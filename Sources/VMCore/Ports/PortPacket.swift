/// A message in a port.
///
/// Laid out as in C: 48 bytes.
///
/// Source: `zx_port_packet_t`.
public struct PortPacket: Hashable, Sendable, BitwiseCopyable {
    /// The types of packets that ports carry here.
    public enum PacketType: UInt32, Sendable {
        /// `ZX_PKT_TYPE_USER`: queued by a program.
        case user = 0
        /// `ZX_PKT_TYPE_SIGNAL_ONE`: signals of an object came.
        case signalOne = 1
        /// `ZX_PKT_TYPE_PAGE_REQUEST`: a VMO speaks to its pager.
        case pageRequest = 9
    }

    /// Says to the reader what the packet is about.
    public var key: UInt64
    /// A `PacketType`; anything in a packet that is not in a port yet.
    public var type: UInt32
    /// A `zx_status_t`.
    public var status: Int32
    /// What the type says.
    public var payload: PacketPayload

    /// Makes a packet as it is given.
    public init(key: UInt64, type: UInt32, status: Int32 = 0, payload: PacketPayload) {
        self.key = key
        self.type = type
        self.status = status
        self.payload = payload
    }

    /// Makes a program's own packet.
    public static func user(
        key: UInt64,
        status: Int32 = 0,
        payload: PacketPayload = PacketPayload()
    ) -> PortPacket {
        let type = PacketType.user.rawValue
        return PortPacket(key: key, type: type, status: status, payload: payload)
    }

    /// Makes a page request; `offset` and `length` are in bytes.
    ///
    /// Source: `zx_packet_page_request_t`: the command in the lowest 16 bits, flags and reserved
    /// fields zero.
    public static func pageRequest(
        key: UInt64,
        command: PageRequestCommand,
        offset: UInt64 = 0,
        length: UInt64 = 0
    ) -> PortPacket {
        PortPacket(
            key: key,
            type: PacketType.pageRequest.rawValue,
            payload: PacketPayload(UInt64(command.rawValue), offset, length)
        )
    }

    /// Makes a packet for signals: those waited for, those active when it was made, and when, in
    /// nanoseconds, or 0.
    ///
    /// Source: `zx_packet_signal_t`; its `count` is always 1.
    public static func signal(
        key: UInt64,
        trigger: Signals,
        observed: Signals,
        timestamp: UInt64 = 0
    ) -> PortPacket {
        let signals = UInt64(trigger.rawValue) | UInt64(observed.rawValue) << 32
        return PortPacket(
            key: key,
            type: PacketType.signalOne.rawValue,
            payload: PacketPayload(signals, 1, timestamp)
        )
    }

    /// What a page request asks for, in bytes; nil for a packet of another type or an unknown
    /// command.
    public var pageRequest: (command: PageRequestCommand, offset: UInt64, length: UInt64)? {
        let commandBits = UInt16(truncatingIfNeeded: payload.word0)
        guard type == PacketType.pageRequest.rawValue,
            let command = PageRequestCommand(rawValue: commandBits)
        else { return nil }
        return (command, payload.word1, payload.word2)
    }
}
