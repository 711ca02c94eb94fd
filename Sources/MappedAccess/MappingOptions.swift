internal import Glibc

/// How a mapping is made: what may be done to the memory, and where it goes.
///
/// Source: `zx_vm_option_t`; the bits are the ABI's.
public struct MappingOptions: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt32

    /// Makes the options with the bits `rawValue`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `ZX_VM_PERM_READ`.
    public static let read = MappingOptions(rawValue: 1 << 0)
    /// `ZX_VM_PERM_WRITE`.
    public static let write = MappingOptions(rawValue: 1 << 1)
    /// `ZX_VM_PERM_EXECUTE`.
    public static let execute = MappingOptions(rawValue: 1 << 2)
    /// `ZX_VM_COMPACT`, for sub-regions only.
    public static let compact = MappingOptions(rawValue: 1 << 3)
    /// `ZX_VM_SPECIFIC`: exactly at the offset.
    public static let specific = MappingOptions(rawValue: 1 << 4)
    /// `ZX_VM_SPECIFIC_OVERWRITE`: exactly at the offset, in place of what is there.
    public static let specificOverwrite = MappingOptions(rawValue: 1 << 5)
    /// `ZX_VM_CAN_MAP_SPECIFIC`, for sub-regions only, as the next three.
    public static let canMapSpecific = MappingOptions(rawValue: 1 << 6)
    /// `ZX_VM_CAN_MAP_READ`.
    public static let canMapRead = MappingOptions(rawValue: 1 << 7)
    /// `ZX_VM_CAN_MAP_WRITE`.
    public static let canMapWrite = MappingOptions(rawValue: 1 << 8)
    /// `ZX_VM_CAN_MAP_EXECUTE`.
    public static let canMapExecute = MappingOptions(rawValue: 1 << 9)
    /// `ZX_VM_MAP_RANGE`: the pages that are there are mapped at once.
    public static let mapRange = MappingOptions(rawValue: 1 << 10)
    /// `ZX_VM_REQUIRE_NON_RESIZABLE`.
    public static let requireNonResizable = MappingOptions(rawValue: 1 << 11)
    /// `ZX_VM_ALLOW_FAULTS`.
    public static let allowFaults = MappingOptions(rawValue: 1 << 12)
    /// `ZX_VM_OFFSET_IS_UPPER_LIMIT`: anywhere below the offset.
    public static let offsetIsUpperLimit = MappingOptions(rawValue: 1 << 13)
    /// `ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED`: adds `read`, since Linux maps nothing as executable
    /// only.
    public static let readIfExecuteOnlyUnsupported = MappingOptions(rawValue: 1 << 14)
    /// `ZX_VM_FAULT_BEYOND_STREAM_SIZE`.
    public static let faultBeyondStreamSize = MappingOptions(rawValue: 1 << 15)

    /// What may be done to the memory.
    static let permissions: MappingOptions = [.read, .write, .execute]
    /// What only a sub-region can be asked for.
    static let subRegion: MappingOptions = [
        .compact, .canMapSpecific, .canMapRead, .canMapWrite, .canMapExecute,
    ]
    /// What places a mapping.
    static let placement: MappingOptions = [.specific, .specificOverwrite, .offsetIsUpperLimit]

    /// The power of two to which the address is to be a multiple (`ZX_VM_ALIGN_*`); 0 for none.
    var alignment: UInt32 { rawValue >> 24 }
    /// The bits between the options and the alignment, which mean nothing.
    var unknown: UInt32 { rawValue & 0xff_0000 }

    /// What may be done to the memory, with what follows from the options besides.
    ///
    /// Nil for memory that can be written or executed but not read.
    var validPermissions: MappingOptions? {
        var permissions = intersection(.permissions)
        if contains(.readIfExecuteOnlyUnsupported) { permissions.insert(.read) }
        return permissions.isEmpty || permissions.contains(.read) ? permissions : nil
    }

    /// The permissions as mmap(2) takes them.
    var protection: Int32 {
        (contains(.read) ? PROT_READ : 0) | (contains(.write) ? PROT_WRITE : 0)
            | (contains(.execute) ? PROT_EXEC : 0)
    }
}
