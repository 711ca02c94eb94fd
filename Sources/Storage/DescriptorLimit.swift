internal import CLinux
internal import Glibc
internal import SystemPackage

/// Raises the number of descriptors that this process may open, and returns it.
///
/// To the hard limit; for root, who may raise that too, to `fs.nr_open`, the most that the kernel
/// allows. Where that is refused (a container without `CAP_SYS_RESOURCE`) the limit stays lower.
public func raiseDescriptorLimit() -> UInt64 {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    // SAFETY: both variables live through the call.
    guard unsafe clinux_get_descriptor_limit(&soft, &hard) == 0 else { return 1024 }
    let most = max(hard, descriptorLimitOfKernel() ?? 0)
    if most > hard, clinux_set_descriptor_limit(most, most) == 0 { return most }
    return clinux_set_descriptor_limit(hard, hard) == 0 ? hard : soft
}

private func descriptorLimitOfKernel() -> UInt64? {
    guard let text = try? SystemCalls.contents(ofFile: "/proc/sys/fs/nr_open") else {
        return nil
    }
    return UInt64(String(decoding: text, as: UTF8.self).split(separator: "\n").first ?? "")
}
